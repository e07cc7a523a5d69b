//! Spans of traces: which ones there are, and how a request joins the trace that it is part of. It sends nothing;
//! `cli/traces.rs` does, where somebody wants traces. Where nobody does, a span costs a look at a flag.
//!
//! A span says what was done and for how long: routes, codes, names of statements. Never a parameter, a body, an address
//! of a wallet or a name.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::{Level, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The target of all spans of traces, and of nothing else: the log does not see them, and its own are no part of traces.
pub const TARGET: &str = "hasura_siwe::trace";

/// A span of traces. It is disabled, and its fields are not computed, where nobody wants traces.
macro_rules! span {
    ($($rest:tt)*) => {
        tracing::trace_span!(target: $crate::trace::TARGET, $($rest)*)
    };
}

/// The same as a part of the span that one is in. Without one there is none: what is done in the background is part of no
/// trace, and would be one for each statement.
macro_rules! part {
    ($($rest:tt)*) => {
        if $crate::trace::current().is_disabled() {
            tracing::Span::none()
        } else {
            $crate::trace::span!($($rest)*)
        }
    };
}

pub(crate) use {part, span};

/// The span that one is in, if it is one of a trace.
pub fn current() -> Span {
    // Before the look at the span: where nobody wants traces, this is all that is done.
    if !tracing::enabled!(target: TARGET, Level::TRACE) {
        return Span::none();
    }
    let current = Span::current();
    if current
        .metadata()
        .is_some_and(|metadata| metadata.target() == TARGET)
    {
        current
    } else {
        Span::none()
    }
}

/// Begins `span`, in the trace that a header `traceparent` names if it names one. Returns the id of the trace.
pub fn begin(span: &Span, traceparent: Option<&str>) -> Option<String> {
    if span.is_disabled() {
        return None;
    }
    if let Some(parent) = traceparent.and_then(remote) {
        // It was made just now, so it takes a parent.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
    let id = span.context().span().span_context().trace_id();
    (id != TraceId::INVALID).then(|| id.to_string())
}

/// W3C Trace Context, section 3.2: version, trace, parent, flags. A later version may say more behind them.
fn remote(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.trim().split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, digits: usize| {
        text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let well_formed = is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    if !well_formed || version == "ff" || version == "00" && parts.next().is_some() {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(parent).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_the_standard_writes_it() {
        let read = remote("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
        assert_eq!(read.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(read.span_id().to_string(), "b7ad6b7169203331");
        assert!(read.is_sampled() && read.is_remote());
        let unsampled = remote("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").unwrap();
        assert!(!unsampled.is_sampled());
        // What a later version adds is not ours to read.
        assert!(remote("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what").is_some());
    }

    #[test]
    fn what_is_no_traceparent_begins_a_trace_of_its_own() {
        for wrong in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b71692033311-01",
            "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        ] {
            assert!(remote(wrong).is_none(), "{wrong}");
        }
    }
}
