//! Several processes on one database: the binary itself, started twice.

use hasura_siwe::clock::Clock;
use serde_json::{Value, json};

use crate::support::app::{ACTIONS_SECRET, variables};
use crate::support::db::TestDb;
use crate::support::process::{self, Process};
use crate::support::{Reply, nonce, origin, wallet};

/// Fifty equal calls at once, spread over both processes.
async fn fifty(one: &Process, two: &Process, path: &str, action: &str, input: &Value) -> Vec<Reply> {
    let client = reqwest::Client::new();
    let calls = (0..50).map(|i| {
        let process = if i % 2 == 0 { one } else { two };
        process.call(&client, path, action, input)
    });
    futures_util::future::join_all(calls).await
}

#[tokio::test]
async fn s03_of_fifty_equal_log_ins_over_two_processes_one_succeeds() {
    let db = TestDb::create().await;
    let (one, two) = (Process::on(&db).await, Process::on(&db).await);
    let signed = wallet().log_in(&origin(), 1, &nonce(), Clock::system().now());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    let replies = fifty(&one, &two, "/actions/login", "v1Login", &input).await;
    let (good, bad): (Vec<&Reply>, Vec<&Reply>) = replies.iter().partition(|reply| reply.status == 200);
    assert_eq!((good.len(), bad.len()), (1, 49));
    for reply in bad {
        reply.assert_error(401, "nonce_invalid");
    }
    let client = db.connect().await;
    let rows = client
        .query_one(
            "select (select count(*) from auth.users), (select count(*) from auth.sessions), (select count(*) from auth.refresh_tokens)",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (
            rows.get::<_, i64>(0),
            rows.get::<_, i64>(1),
            rows.get::<_, i64>(2)
        ),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn t03_fifty_equal_restores_over_two_processes_get_the_same_successor() {
    let db = TestDb::create().await;
    let (one, two) = (Process::on(&db).await, Process::on(&db).await);
    let client = reqwest::Client::new();
    let signed = wallet().log_in(&origin(), 1, &nonce(), Clock::system().now());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    let mut token = one
        .call(&client, "/actions/login", "v1Login", &input)
        .await
        .assert_ok()
        .refresh_token();
    for _ in 0..5 {
        let input = json!({"session": {"refreshToken": token}});
        let replies = fifty(&one, &two, "/actions/restore-session", "v1RestoreSession", &input).await;
        let successor = replies[0].assert_ok().refresh_token();
        for reply in &replies {
            assert_eq!(reply.assert_ok().refresh_token(), successor);
        }
        assert_ne!(successor, token);
        token = successor;
    }
}

#[tokio::test]
async fn first_log_ins_of_one_address_at_once_make_one_user() {
    let db = TestDb::create().await;
    let (one, two) = (Process::on(&db).await, Process::on(&db).await);
    let (client, alice) = (reqwest::Client::new(), wallet());
    let calls = (0..20).map(|i| {
        let signed = alice.log_in(&origin(), 1, &nonce(), Clock::system().now());
        let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
        let (process, client) = (if i % 2 == 0 { &one } else { &two }, &client);
        async move { process.call(client, "/actions/login", "v1Login", &input).await }
    });
    let replies = futures_util::future::join_all(calls).await;
    let user = replies[0].assert_ok().user_id();
    for reply in &replies {
        assert_eq!(reply.assert_ok().user_id(), user);
    }
}

#[tokio::test]
async fn f15_h15_a_process_stops_when_asked_warns_of_the_database_and_its_log_holds_no_secret() {
    let db = TestDb::create().await;
    let process = Process::on(&db).await;
    let client = reqwest::Client::new();
    let signed = wallet().log_in(&origin(), 1, &nonce(), Clock::system().now());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    let reply = process.call(&client, "/actions/login", "v1Login", &input).await;
    let (refresh, access) = (
        reply.assert_ok().refresh_token(),
        reply.res()["accessToken"].as_str().unwrap().to_owned(),
    );
    let input = json!({"session": {"refreshToken": refresh}});
    let next = process
        .call(&client, "/actions/restore-session", "v1RestoreSession", &input)
        .await
        .refresh_token();
    process
        .call(
            &client,
            "/actions/login",
            "v1Login",
            &json!({"session": {"message": signed.message, "signature": "0x00"}}),
        )
        .await;
    let (status, log) = process.stop().await;
    assert!(status.success(), "{status}");
    assert!(log.contains("/actions/login") && log.contains("stopped"), "{log}");
    // F15: the tests' own server is fast and careless, and the log says so.
    assert!(log.contains("may lose sessions in a crash: fsync = off"), "{log}");
    for secret in [
        &refresh,
        &next,
        &access,
        &signed.signature,
        ACTIONS_SECRET,
        "9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A",
        "wants you to sign in",
    ] {
        assert!(!log.contains(secret), "{secret} stands in the log: {log}");
    }
}

#[tokio::test]
async fn j06_h17_a_process_without_good_secrets_does_not_start_and_says_what_to_do() {
    let db = TestDb::create().await;
    for (name, value, words) in [
        ("HASURA_GRAPHQL_JWT_SECRET", "", "is not set"),
        (
            "HASURA_GRAPHQL_JWT_SECRET",
            r#"{"type":"HS256","key":""}"#,
            "at least 32",
        ),
        (
            "HASURA_GRAPHQL_JWT_SECRET",
            r#"{"type":"HS256","key":"0123456789abcdef"}"#,
            "at least 32",
        ),
        (
            "HASURA_GRAPHQL_JWT_SECRET",
            r#"{"type":"HS256","key":"changeme-changeme-changeme-changeme"}"#,
            "tutorial",
        ),
        ("ACTIONS_SECRET", "", "is not set"),
        ("ACTIONS_SECRET", "changeme", "at least 32"),
        // H17: one secret may not do another's work.
        (
            "ACTIONS_SECRET",
            "9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A",
            "make them differ",
        ),
    ] {
        let mut variables = variables(&db);
        variables.set(name, value);
        let output = process::run(&["serve"], &variables, "").await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(name) && said.contains(words),
            "{name}={value}: {said}"
        );
        assert!(
            said.contains("make env") || said.contains("make them differ"),
            "{said}"
        );
        assert!(value.len() < 9 || !said.contains(value), "{said}");
    }
}

#[tokio::test]
async fn metrics_are_served_on_their_own_address_and_name_nobody() {
    let db = TestDb::create().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut variables = variables(&db);
    variables.set("METRICS_ADDR", format!("127.0.0.1:{port}"));
    let process = Process::serve(variables).await;
    let (client, alice) = (reqwest::Client::new(), wallet());
    let signed = alice.log_in(&origin(), 1, &nonce(), Clock::system().now());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    process
        .call(&client, "/actions/login", "v1Login", &input)
        .await
        .assert_ok();
    process
        .call(&client, "/actions/login", "v1Login", &input)
        .await
        .assert_error(401, "nonce_invalid");
    let text = reqwest::get(format!("http://127.0.0.1:{port}/metrics"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for line in [
        r#"hasura_siwe_requests_total{route="/actions/login",code="ok"} 1"#,
        r#"hasura_siwe_requests_total{route="/actions/login",code="nonce_invalid"} 1"#,
        "hasura_siwe_pool_connections ",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(
        !text
            .to_lowercase()
            .contains(&alice.address().to_string().to_lowercase()),
        "{text}"
    );
    assert_eq!(
        reqwest::get(format!("{}/metrics", process.base))
            .await
            .unwrap()
            .status(),
        404
    );
}
