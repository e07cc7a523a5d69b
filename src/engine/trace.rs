//! The trace that a request belongs to, in the headers that Hasura sends to handlers with it.
//!
//! It is held by the task of the request and not handed from function to function: it changes no answer, and
//! only the two ends of a request, its log line and the calls of handlers, know of it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const B3: [HeaderName; 3] = [
    HeaderName::from_static("x-b3-traceid"),
    HeaderName::from_static("x-b3-spanid"),
    HeaderName::from_static("x-b3-sampled"),
];

tokio::task_local! {
    static CURRENT: Trace;
}

/// A trace, and the part of it that this request is. Both in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(crate) id: String,
    pub(crate) span: String,
}

impl Trace {
    /// The client's trace, where it names one (W3C Trace Context section 3.2.2), else a new one.
    pub(crate) fn of(client: &HeaderMap) -> Self {
        Self {
            id: given(client).unwrap_or_else(random::<16>),
            span: random::<8>(),
        }
    }

    /// Runs a request as a part of this trace.
    pub(crate) async fn around<F: Future>(self, request: F) -> F::Output {
        CURRENT.scope(self, request).await
    }

    /// Adds the headers of the trace that the running request belongs to.
    pub(crate) fn add_to(headers: &mut HeaderMap) {
        let Ok(Self { id, span }) = CURRENT.try_with(Self::clone) else {
            return;
        };
        let parent = format!("00-{id}-{span}-01");
        for (name, text) in
            [(TRACEPARENT, parent)]
                .into_iter()
                .chain(B3.into_iter().zip([id, span, "1".to_owned()]))
        {
            let value = HeaderValue::from_str(&text).expect("hexadecimal is plain text");
            headers.insert(name, value);
        }
    }
}

fn given(client: &HeaderMap) -> Option<String> {
    let text = client.get(TRACEPARENT)?.to_str().ok()?;
    let id = text.split('-').nth(1)?;
    let is_id = id.len() == 32
        && id
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        && id.bytes().any(|b| b != b'0');
    is_id.then(|| id.to_owned())
}

fn random<const N: usize>() -> String {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_trace_is_continued_and_nonsense_is_not() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |parent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(TRACEPARENT, parent.parse().unwrap());
            Trace::of(&headers).id
        };
        assert_eq!(of(&format!("00-{id}-00f067aa0ba902b7-01")), id);
        for nonsense in [
            "",
            "00-1-1-1",
            "00-{\"a\":1}-1-1",
            &format!("00-{}-1-1", "0".repeat(32)),
        ] {
            let new = of(nonsense);
            assert!(new.len() == 32 && !nonsense.contains(&new), "{nonsense}");
        }
    }
}
