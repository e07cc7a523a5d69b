//! The whole stack on one machine without Docker: a private PostgreSQL, the service, the local
//! engine, and a front that does what the proxy does in compose.
//!
//! It takes the same variables as the parts do, with defaults where a laptop needs none of them. It
//! is for development: the database trusts whoever may enter its folder.

mod environment;
mod front;
mod postgres;
mod programs;
mod refused;
mod secrets;
mod stack;

use std::path::PathBuf;

pub use front::front;
pub use postgres::{Postgres, Start};
pub use programs::find as find_programs;
pub use stack::{Settings, Stack};

use crate::config::Variables;

/// Where the data of the local stack lies unless somebody says otherwise. For root it is not the
/// home, because PostgreSQL runs as another user, who may not enter there. `None` where there is no home.
pub fn default_data_folder(variables: &Variables) -> Option<PathBuf> {
    if nix::unistd::geteuid().is_root() {
        return Some(PathBuf::from("/var/lib/hasura-siwe"));
    }
    let state = variables.text("XDG_STATE_HOME").map(PathBuf::from);
    let home = || {
        variables
            .text("HOME")
            .map(|home| PathBuf::from(home).join(".local/state"))
    };
    Some(state.or_else(home)?.join("hasura-siwe"))
}
