//! What is sent to the service itself: by Hasura to an action or to the hook, by anybody past it.
//!
//! The router is that of production; its database is away. So whatever is refused was refused by what it says alone, and
//! `unavailable` may come only where the input is good enough to ask the database about. `reach.rs` judges that.

mod calls;
mod reach;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hasura_siwe::app::App;
use hasura_siwe::clock::Clock;
use hasura_siwe::config::{Config, Variables};
use hasura_siwe::entropy::Entropy;
use hasura_siwe::http::{Http, router};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

use self::reach::Reach;
use super::driver::Target;
use crate::support::app::{ACTIONS_SECRET, JWT_SECRET};

/// When the good messages and tokens of the seeds are good. The clock runs on from there, and they last for minutes; a
/// long run makes them anew with each process.
const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

pub fn actions() -> Target {
    let surface = Surface::start();
    Target {
        name: "actions",
        seeds: calls::actions(),
        mutate: calls::another,
        check: Box::new(move |input| surface.action(input)),
        short: 2500,
    }
}

pub fn hook() -> Target {
    let surface = Surface::start();
    Target {
        name: "hook",
        seeds: calls::hook(),
        mutate: calls::another,
        check: Box::new(move |input| surface.hook(input)),
        short: 2000,
    }
}

pub fn sapi() -> Target {
    let surface = Surface::start();
    Target {
        name: "sapi",
        seeds: calls::sapi(),
        mutate: calls::another,
        check: Box::new(move |input| surface.sapi(input)),
        short: 1500,
    }
}

struct Surface {
    runtime: Runtime,
    router: Router,
    clock: Clock,
    reach: Reach,
}

/// Status and body.
type Answer = (u16, Value);

impl Surface {
    fn start() -> Self {
        let variables: Variables = [
            // Nobody listens on this port, so that a connection is refused at once.
            ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none"),
            ("ACTIONS_SECRET", ACTIONS_SECRET),
            ("HASURA_GRAPHQL_JWT_SECRET", JWT_SECRET),
            ("SIWE_ORIGINS", "http://localhost:3000,https://localhost:3000"),
            ("REGISTRATION", "open"),
        ]
        .into_iter()
        .collect();
        let config = Config::read(&variables).unwrap();
        let clock = Clock::starting_at(NOW);
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let router = runtime.block_on(async {
            let app = App::build(&config, clock.clone(), Entropy::system()).unwrap();
            let http = Http::new(
                app.service().clone(),
                config.actions_secrets.clone(),
                config.trusted_hops,
            );
            router(http, Entropy::system(), None)
        });
        Self {
            runtime,
            router,
            clock,
            reach: Reach::of(&config),
        }
    }

    fn send(&self, request: Request<Body>) -> Answer {
        let mut router = self.router.clone();
        self.runtime.block_on(async move {
            let reply: Response<Body> = router.call(request).await.unwrap();
            let status = reply.status().as_u16();
            let body = axum::body::to_bytes(reply.into_body(), 1 << 20).await.unwrap();
            let body =
                serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{status}, {error}: {body:?}"));
            (status, body)
        })
    }

    /// The first line is the path, the rest the body.
    fn action(&self, input: &[u8]) -> String {
        let (path, body) = calls::split(input);
        // The time goes back to when the seeds are good.
        self.clock.advance(NOW - self.clock.now());
        let Ok(request) = Request::post(path)
            .header("X-Actions-Secret", ACTIONS_SECRET)
            .body(body.to_vec().into())
        else {
            return "no path".to_owned();
        };
        let (status, reply) = self.send(request);
        assert!(status < 500, "{status} {reply}");
        let code = reply["code"].as_str().unwrap_or("none").to_owned();
        if code == "unavailable" {
            assert!(self.reach.action(path, body, NOW), "{reply}");
        } else if status != 200 {
            assert_eq!(reply["extensions"]["code"], code.as_str(), "{reply}");
            assert!(
                reply["message"]
                    .as_str()
                    .is_some_and(|text| (5..2000).contains(&text.len())),
                "{reply}"
            );
        }
        format!("{} {status} {code}", calls::known(path))
    }

    /// `GET` and a line for each header, or `POST` and the body.
    fn hook(&self, input: &[u8]) -> String {
        self.clock.advance(NOW - self.clock.now());
        let (method, rest) = calls::split(input);
        let request = if method == "POST" {
            Request::post("/webhook").body(rest.to_vec().into())
        } else {
            let mut request = Request::get("/webhook");
            for line in rest.split(|byte| *byte == b'\n') {
                let mut halves = line.splitn(2, |byte| *byte == b':');
                let (name, value) = (
                    halves.next().unwrap_or_default(),
                    halves.next().unwrap_or_default(),
                );
                request = request.header(name, value.trim_ascii());
            }
            request.body(Body::empty())
        };
        let Ok(request) = request else {
            return "no header".to_owned();
        };
        let (status, reply) = self.send(request);
        match status {
            200 => assert_eq!(
                reply,
                serde_json::json!({"x-hasura-role": "guest"}),
                "somebody was let in"
            ),
            401 => assert!(reply["code"].is_string(), "{reply}"),
            503 => assert!(self.reach.hook(method, rest, NOW), "{reply}"),
            status => panic!("{status} {reply}"),
        }
        let posted = method == "POST";
        format!("{posted} {status} {}", reply["code"].as_str().unwrap_or("none"))
    }

    /// The first line is the path, the rest the body.
    fn sapi(&self, input: &[u8]) -> String {
        let (path, body) = calls::split(input);
        let Ok(request) = Request::post(path).body(body.to_vec().into()) else {
            return "no path".to_owned();
        };
        if !request.uri().path().starts_with("/sapi/") {
            return "another surface".to_owned();
        }
        let (status, reply) = self.send(request);
        let code = reply["code"].as_str().unwrap_or("none").to_owned();
        if status >= 500 {
            assert_eq!((status, code.as_str()), (503, "unavailable"), "{reply}");
            assert!(self.reach.sapi(path, body), "{reply}");
        }
        assert_eq!(reply["status"], "error", "{reply}");
        format!("{} {status} {code}", calls::known(path))
    }
}
