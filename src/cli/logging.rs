//! Where the log goes and how it looks. The fields are an interface: docs/operations.md lists them.
//!
//! A thread of its own writes it. A reader that has stalled, or a disk that is full, costs lines of the log and no
//! request.

use std::io::{self, IsTerminal};

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Variables};

/// Starts logging to standard error (text) or standard output (JSON). `RUST_LOG` changes what is logged. The last lines
/// are written when what it returns is dropped.
#[must_use = "the last lines are written when it is dropped"]
pub(super) fn start(format: LogFormat, variables: &Variables) -> WorkerGuard {
    let wanted = variables
        .text("RUST_LOG")
        .unwrap_or("info,refinery_core=warn,tokio_postgres=warn");
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    match format {
        LogFormat::Text => {
            let (writer, guard) = NonBlocking::new(io::stderr());
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_target(false)
                .with_ansi(io::stderr().is_terminal())
                .with_writer(writer)
                .init();
            guard
        }
        LogFormat::Json => {
            let (writer, guard) = NonBlocking::new(io::stdout());
            tracing_subscriber::fmt()
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .with_env_filter(filter)
                .with_writer(writer)
                .init();
            guard
        }
    }
}
