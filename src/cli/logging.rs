//! Where the log goes and how it looks. The fields are an interface: docs/operations.md lists them.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Variables};

/// Starts logging to standard error (text) or standard output (JSON). `RUST_LOG` changes what is logged.
pub(super) fn start(format: LogFormat, variables: &Variables) {
    let wanted = variables
        .text("RUST_LOG")
        .unwrap_or("info,refinery_core=warn,tokio_postgres=warn");
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    match format {
        LogFormat::Text => tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .init(),
        LogFormat::Json => tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .with_env_filter(filter)
            .init(),
    }
}
