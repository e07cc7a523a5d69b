//! Where the log goes and how it looks. The fields are an interface: docs/operations.md lists them.

use std::fmt;
use std::io::{self, IsTerminal};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::gathered::{Gathered, Guard};
use super::traces::Sender;
use crate::config::{self, LogFormat, Variables};
use crate::engine::HTTP_LOG;
use crate::trace;

/// Starts logging to standard error (text) or standard output (JSON). `RUST_LOG` changes what is logged. The last lines
/// are written when what it returns is dropped. Spans go to `traces`, if there is such a thing.
#[must_use = "the last lines are written when it is dropped"]
pub(super) fn start(format: LogFormat, variables: &Variables, traces: Option<&Sender>) -> Guard {
    let wanted = variables
        .text("RUST_LOG")
        .unwrap_or("info,refinery_core=warn,tokio_postgres=warn");
    let filter = EnvFilter::try_new(wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    // The spans of traces are none of the log's, whatever it shows.
    let none = format!("{}=off", trace::TARGET);
    let filter = filter.add_directive(none.parse().expect("a target and a level are a directive"));
    let (out, guard): (Gathered, Guard) = match format {
        LogFormat::Text => Gathered::start(io::stderr()),
        LogFormat::Json => Gathered::start(io::stdout()),
    };
    let is_terminal = io::stderr().is_terminal();
    let lines = || Lines(Format::default().with_target(false));
    let objects = || Lines(json());
    // One filter for everything costs less than one for each reader, so the second form is for traces alone.
    match (format, traces) {
        (LogFormat::Text, None) => tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(is_terminal)
            .with_writer(out)
            .event_format(lines())
            .init(),
        (LogFormat::Json, None) => tracing_subscriber::fmt()
            .json()
            .with_env_filter(filter)
            .with_writer(out)
            .event_format(objects())
            .init(),
        (LogFormat::Text, Some(traces)) => {
            let layer = tracing_subscriber::fmt::layer()
                .with_ansi(is_terminal)
                .with_writer(out)
                .event_format(lines());
            start_both(layer.with_filter(filter), traces);
        }
        (LogFormat::Json, Some(traces)) => {
            let layer = tracing_subscriber::fmt::layer()
                .json()
                .with_writer(out)
                .event_format(objects());
            start_both(layer.with_filter(filter), traces);
        }
    }
    guard
}

/// The log, and traces: each sees its own spans and not the other's.
fn start_both(log: impl Layer<Registry> + Send + Sync, traces: &Sender) {
    let spans = Targets::new().with_target(trace::TARGET, LevelFilter::TRACE);
    tracing_subscriber::registry()
        .with(log)
        .with(traces.layer().with_filter(spans))
        .init();
}

/// Says which variables look like ours and are read by nothing: a misspelt name leaves its setting at the default.
pub(super) fn warn_of_unread(variables: &Variables) {
    for one in config::unread(variables) {
        tracing::warn!("{one}");
    }
}

/// An object a line, with the fields of the event beside what is always there.
fn json() -> Format<Json> {
    Format::default().json().flatten_event(true).with_span_list(false)
}

/// The lines of a format, and among them the engine's, which are Hasura's: JSON from end to end.
struct Lines<F>(F);

impl<S, N, F> FormatEvent<S, N> for Lines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
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
