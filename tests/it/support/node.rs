//! A node that says what a test wants: right things, wrong things, and what no node should.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The word that means yes.
pub const YES: &str = "0x1626ba7e00000000000000000000000000000000000000000000000000000000";
/// Code, of whatever kind.
pub const CODE: &str = "0x60";

/// What becomes of one question.
#[derive(Clone, Debug)]
pub enum Says {
    /// This result.
    Result(Value),
    /// What it was called with.
    Echo,
    /// A JSON-RPC error.
    Error(i64, &'static str),
    /// This status, and where it leads to.
    Status(u16, Option<String>),
    /// This body.
    Body(&'static str),
    /// A body of so many bytes.
    Bytes(usize),
    /// Nothing, ever.
    Hangs,
}

#[derive(Clone, Debug)]
struct Script {
    chain_id: Says,
    code: Says,
    call: Says,
}

/// Answers of its own for single questions, by the question and how many of its method came before; `None` leaves it to
/// the script.
type Exceptions = dyn Fn(&Value, usize) -> Option<Says> + Send + Sync;

#[derive(Clone)]
struct Shared {
    script: Arc<Mutex<Script>>,
    exceptions: Arc<Mutex<Option<Box<Exceptions>>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

/// A node under a test's control.
pub struct StubNode {
    pub url: String,
    shared: Shared,
}

impl StubNode {
    /// One of chain 1 that sees code everywhere, and contracts that accept everything.
    pub async fn start() -> Self {
        let shared = Shared {
            script: Arc::new(Mutex::new(Script {
                chain_id: Says::Result(json!("0x1")),
                code: Says::Result(json!(CODE)),
                call: Says::Result(json!(YES)),
            })),
            exceptions: Arc::default(),
            asked: Arc::default(),
        };
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v3/KeyOfTheProvider", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// Its entry of ETH_RPC_URLS.
    pub fn entry(&self) -> String {
        format!("1={}", self.url)
    }

    pub fn serves_chain(&self, says: Says) {
        self.shared.script.lock().unwrap().chain_id = says;
    }

    pub fn sees_code(&self, says: Says) {
        self.shared.script.lock().unwrap().code = says;
    }

    pub fn answers_calls(&self, says: Says) {
        self.shared.script.lock().unwrap().call = says;
    }

    /// Answers some questions otherwise: those for which this gives an answer. It is told how many questions of the same
    /// method came since the last [`StubNode::asked`].
    pub fn answers(&self, exceptions: impl Fn(&Value, usize) -> Option<Says> + Send + Sync + 'static) {
        *self.shared.exceptions.lock().unwrap() = Some(Box::new(exceptions));
    }

    /// The methods that it was asked for, in order; what they were called with; and forgets them.
    pub fn asked(&self) -> Vec<Value> {
        std::mem::take(&mut *self.shared.asked.lock().unwrap())
    }
}

async fn answer(State(shared): State<Shared>, body: String) -> Response {
    let question: Value = serde_json::from_str(&body).unwrap_or_default();
    let earlier = {
        let mut asked = shared.asked.lock().unwrap();
        let same = |other: &&Value| other["method"] == question["method"];
        let earlier = asked.iter().filter(same).count();
        asked.push(question.clone());
        earlier
    };
    let exception = {
        let exceptions = shared.exceptions.lock().unwrap();
        exceptions
            .as_ref()
            .and_then(|exceptions| exceptions(&question, earlier))
    };
    let says = if let Some(says) = exception {
        says
    } else {
        let script = shared.script.lock().unwrap();
        match question["method"].as_str() {
            Some("eth_chainId") => script.chain_id.clone(),
            Some("eth_blockNumber") => Says::Result(json!("0x10")),
            Some("eth_getCode") => script.code.clone(),
            Some("eth_call") => script.call.clone(),
            _ => Says::Error(-32601, "the method does not exist"),
        }
    };
    let reply = |body: Value| body.to_string().into_response();
    match says {
        Says::Result(result) => reply(json!({"jsonrpc": "2.0", "id": question["id"], "result": result})),
        Says::Echo => {
            let result = question["params"][0]["data"].clone();
            reply(json!({"jsonrpc": "2.0", "id": question["id"], "result": result}))
        }
        Says::Error(code, message) => {
            let error = json!({"code": code, "message": message});
            reply(json!({"jsonrpc": "2.0", "id": question["id"], "error": error}))
        }
        Says::Status(status, location) => {
            let mut response = Response::builder().status(status);
            if let Some(location) = location {
                response = response.header(LOCATION, location);
            }
            response.body(Body::from("no")).unwrap()
        }
        Says::Body(body) => body.into_response(),
        Says::Bytes(bytes) => {
            const PIECE: &[u8] = &[b' '; 64 * 1024];
            let pieces = bytes.div_ceil(PIECE.len());
            let flood = stream::iter((0..pieces).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(PIECE))));
            Body::from_stream(flood).into_response()
        }
        Says::Hangs => std::future::pending().await,
    }
}
