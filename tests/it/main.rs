//! One integration binary; the folders mirror the surface.

mod engine;
