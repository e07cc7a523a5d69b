//! Does the time of a refused log-in tell whether an account exists? A thousand wrong passwords of names that somebody
//! has and a thousand of names that nobody has, in turn, over HTTP and a real PostgreSQL; the medians are printed.
//!
//! The bar: they lie within 5 ms of each other (abuse case P01). No test, because machines are noisy.

use std::time::{Duration, Instant};

use hasura_siwe::app::App;
use hasura_siwe::clock::Clock;
use hasura_siwe::config::{Config, Variables};
use hasura_siwe::entropy::Entropy;
use hasura_siwe::local::{Postgres, Start};
use hasura_siwe::storage::{connect_directly, migrate};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SECRET: &str = "Qm3Xv8Lk1Rt6Zp0Wb5Ny9Hc2Jd7Fs4Ga";
/// Ten tries of a name are free, and making the account was one.
const NAMES: usize = 112;
const TRIES: usize = 9;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711))
        .expect("a folder of ours");
    let postgres = Postgres::start(Start {
        folder: folder.path().to_owned(),
        settings: Vec::new(),
    })
    .await
    .expect("PostgreSQL starts");
    let variables: Variables = [
        ("DATABASE_URL", postgres.url("postgres", "postgres").as_str()),
        ("ACTIONS_SECRET", SECRET),
        (
            "HASURA_GRAPHQL_JWT_SECRET",
            r#"{"type":"HS256","key":"9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A"}"#,
        ),
        ("SIWE_ORIGINS", "http://localhost:3000"),
        ("LISTEN_ADDR", "127.0.0.1:0"),
        ("REGISTRATION", "open"),
    ]
    .into_iter()
    .collect();
    let config = Config::read(&variables).expect("a good configuration");
    let mut client = connect_directly(&config.database).await.expect("a database");
    migrate(&mut client).await.expect("migrations");
    let app = App::build(&config, Clock::system(), Entropy::system()).expect("a service");
    let listener = TcpListener::bind(config.listen).await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(app.serve(listener, std::future::pending()));

    let http = reqwest::Client::new();
    let call = |path: &'static str, action: &'static str, input: Value| {
        let request = http
            .post(format!("{base}{path}"))
            .header("x-actions-secret", SECRET)
            .json(&json!({"action": {"name": action}, "input": input, "session_variables": {"x-hasura-role": "guest"}}));
        async move { request.send().await.expect("an answer").status().as_u16() }
    };
    for number in 0..NAMES {
        let input = json!({"email": format!("somebody{number}@mail.com"), "password": "correct horse battery staple"});
        assert_eq!(call("/actions/register", "register", input).await, 200);
    }
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..TRIES {
        for number in 0..NAMES {
            for (who, times) in [("somebody", &mut known), ("nobody", &mut unknown)] {
                let email = format!("{who}{number}@mail.com");
                let input = json!({"email": email, "password": "a wrong password indeed"});
                let begun = Instant::now();
                assert_eq!(call("/actions/email-login", "login", input).await, 401);
                times.push(begun.elapsed());
            }
        }
    }
    let (known, unknown) = (median(known), median(unknown));
    println!(
        "a wrong password of a known name {known:.2} ms, of an unknown one {unknown:.2} ms: {:.2} ms apart (medians of {})",
        (known - unknown).abs(),
        NAMES * TRIES
    );
    postgres.stop().await.expect("PostgreSQL stops");
}

/// In milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}
