//! Where the log goes and how it looks. The fields are an interface: docs/operations.md lists them.

use std::fmt;
use std::io::{self, IsTerminal};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::gathered::{Gathered, Guard};
use crate::config::{self, LogFormat, Variables};
use crate::engine::HTTP_LOG;

/// Starts logging to standard error (text) or standard output (JSON). `RUST_LOG` changes what is logged. The last lines
/// are written when what it returns is dropped.
#[must_use = "the last lines are written when it is dropped"]
pub(super) fn start(format: LogFormat, variables: &Variables) -> Guard {
    let wanted = variables
        .text("RUST_LOG")
        .unwrap_or("info,refinery_core=warn,tokio_postgres=warn");
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    match format {
        LogFormat::Text => {
            let (writer, guard) = Gathered::start(io::stderr());
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_ansi(io::stderr().is_terminal())
                .with_writer(writer)
                .event_format(Lines(Format::default().with_target(false)))
                .init();
            guard
        }
        LogFormat::Json => {
            let (writer, guard) = Gathered::start(io::stdout());
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

/// Says which variables look like ours and are read by nothing: a misspelt name leaves its setting at the default.
pub(super) fn warn_of_unread(variables: &Variables) {
    for one in config::unread(variables) {
        tracing::warn!("{one}");
    }
}

/// Lines for a person, and among them the engine's, which are Hasura's: JSON from end to end.
struct Lines(Format<Full>);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if event.metadata().target() != HTTP_LOG {
            return self.0.format_event(context, writer, event);
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        writeln!(writer, "{}", message.0)
    }
}

/// The message of an event.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
