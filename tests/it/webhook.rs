//! The auth webhook, through HTTP: a guest, a user, nobody, and "we cannot know".

mod credentials;

use hasura_siwe::clock::Clock;
use serde_json::{Value, json};
use time::Duration;

use crate::ends::{log_out, session_of};
use crate::support::app::TestApp;
use crate::support::db::TestDb;
use crate::support::process::Process;
use crate::support::{Reply, nonce, origin, wallet};

async fn get(base: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = reqwest::Client::new().get(format!("{base}/webhook"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::of(request.send().await.unwrap()).await
}

async fn post(base: &str, body: Value) -> Reply {
    let request = reqwest::Client::new()
        .post(format!("{base}/webhook"))
        .body(body.to_string());
    Reply::of(request.send().await.unwrap()).await
}

fn base(app: &TestApp) -> String {
    format!("http://{}", app.address)
}

fn access(reply: &Reply) -> String {
    reply.assert_ok().res()["accessToken"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn h05_without_a_token_one_is_a_guest_and_nothing_else() {
    let app = TestApp::start().await;
    let guest = json!({"x-hasura-role": "guest"});
    let forged = [
        ("x-hasura-user-id", "1"),
        ("x-hasura-role", "admin"),
        ("x-hasura-anything", "x"),
        ("x-forwarded-user", "root"),
    ];
    for headers in [&[][..], &forged[..]] {
        assert_eq!(get(&base(&app), headers).await.assert_ok().json(), guest);
    }
    let body =
        json!({"headers": {"X-Hasura-User-Id": "1", "X-Hasura-Role": "admin"}, "request": {"query": "{a}"}});
    assert_eq!(post(&base(&app), body).await.assert_ok().json(), guest);
}

#[tokio::test]
async fn a_token_is_answered_with_strings_about_its_account() {
    let app = TestApp::start().await;
    let alice = wallet();
    let reply = app.log_in_with(&app.message(&alice)).await;
    let token = access(&reply);
    let client = app.db.connect().await;
    client
        .execute(
            "insert into auth.custom_claims select id, 'x-hasura-team', 'blue' from auth.users",
            &[],
        )
        .await
        .unwrap();
    let session = session_of(&reply);
    for (name, scheme) in [
        ("authorization", "Bearer"),
        ("Authorization", "JWT"),
        ("authentication", "JWT"),
    ] {
        let value = format!("{scheme} {token}");
        let forged = ("x-hasura-user-id", "1");
        let answers = [
            get(&base(&app), &[(name, &value), forged]).await,
            post(
                &base(&app),
                json!({"headers": {name: value, "x-hasura-user-id": "1"}, "request": null}),
            )
            .await,
            post(
                &base(&app),
                json!({"headers": {name.to_uppercase(): value}, "request": [{"query": "{a}"}, {}]}),
            )
            .await,
            post(&base(&app), json!({"headers": {name: value}})).await,
        ];
        for answer in answers {
            let variables = answer.assert_ok().json();
            assert_eq!(variables["x-hasura-role"], "user");
            assert_eq!(variables["x-hasura-user-id"], session["x-hasura-user-id"]);
            assert_eq!(variables["x-hasura-session-id"], session["x-hasura-session-id"]);
            assert_eq!(variables["x-hasura-address"], alice.address().to_string());
            assert_eq!(variables["x-hasura-team"], "blue");
            assert!(
                variables["Expires"].as_str().unwrap().ends_with(" GMT"),
                "{variables}"
            );
            assert_eq!(variables.as_object().unwrap().len(), 6);
            assert!(
                variables.as_object().unwrap().values().all(Value::is_string),
                "{variables}"
            );
        }
    }
}

#[tokio::test]
async fn h06_a_role_is_granted_only_from_the_accounts_own() {
    let app = TestApp::start().await;
    let alice = wallet();
    let bearer = format!("Bearer {}", access(&app.log_in_with(&app.message(&alice)).await));
    let role = async |role: &str| {
        get(
            &base(&app),
            &[("authorization", &bearer), ("x-hasura-role", role)],
        )
        .await
    };
    assert_eq!(role("user").await.assert_ok().json()["x-hasura-role"], "user");
    for other in ["admin", "guest", "moderator", "", "User"] {
        role(other).await.assert_error(401, "forbidden");
    }
    let client = app.db.connect().await;
    client
        .execute("insert into auth.user_roles (user_id, role, granted_at) select id, 'admin', now() from auth.users", &[])
        .await
        .unwrap();
    // The token was issued without it: what the account may do now is what counts.
    eventually(async || role("admin").await.status == 200).await;
    client.execute("delete from auth.user_roles", &[]).await.unwrap();
    eventually(async || role("admin").await.status == 401).await;
}

#[tokio::test]
async fn h08_a_bad_credential_is_nobody_and_never_a_guest() {
    let app = TestApp::start().await;
    let token = access(&app.log_in_with(&app.message(&wallet())).await);
    let other = access(&app.log_in_with(&app.message(&wallet())).await);
    let (good, second) = (format!("Bearer {token}"), format!("Bearer {other}"));
    let broken = format!("Bearer {}x", &token[..token.len() - 2]);
    let both = format!("{good}, {second}");
    let long = format!("Bearer {}", "a".repeat(9000));
    for headers in [
        &[("authorization", "")][..],
        &[("authorization", "Bearer")],
        &[("authorization", "Bearer ")],
        &[("authorization", "Basic YTpi")],
        &[("authorization", token.as_str())],
        &[("authorization", "Bearer abc")],
        &[("authorization", &broken)],
        &[("authorization", &both)],
        &[("authorization", &long)],
        &[("authorization", &good), ("authorization", &second)],
        &[("authorization", &good), ("authentication", &second)],
        &[("authentication", "JWT nonsense")],
    ] {
        get(&base(&app), headers).await.assert_error(401, "token_invalid");
    }
    let twice = json!({"headers": {"Authorization": good, "authorization": second}});
    post(&base(&app), twice).await.assert_error(401, "token_invalid");
    get(&base(&app), &[("authorization", &good), ("cookie", "token=x")])
        .await
        .assert_ok();
    app.clock.advance(Duration::minutes(62));
    get(&base(&app), &[("authorization", &good)])
        .await
        .assert_error(401, "token_invalid");
}

#[tokio::test]
async fn h09_a_post_body_that_is_none_is_refused() {
    let app = TestApp::start().await;
    for body in [json!([]), json!({}), json!({"headers": {"a": 1}}), json!("x")] {
        assert_eq!(post(&base(&app), body).await.status, 401);
    }
    let huge = json!({"headers": {}, "request": {"query": "q".repeat(3 << 20)}});
    post(&base(&app), huge).await.assert_ok();
}

#[tokio::test]
async fn h10_a_websocket_is_told_to_ask_again_within_a_minute_and_at_the_tokens_end() {
    let app = TestApp::start().await;
    let bearer = format!(
        "Bearer {}",
        access(&app.log_in_with(&app.message(&wallet())).await)
    );
    let seconds_left = async || {
        let text = get(&base(&app), &[("authorization", &bearer)]).await.json()["Expires"]
            .as_str()
            .unwrap()
            .to_owned();
        let format = time::macros::format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        let at = time::PrimitiveDateTime::parse(&text, format)
            .unwrap()
            .assume_utc();
        (at - app.clock.now()).whole_seconds()
    };
    assert!((58..=60).contains(&seconds_left().await));
    app.clock.advance(Duration::seconds(3600 - 20));
    assert!((17..=20).contains(&seconds_left().await));
}

#[tokio::test]
async fn h07_without_the_database_nobody_is_told_to_log_in_again() {
    let app = TestApp::start().await;
    let bearer = format!(
        "Bearer {}",
        access(&app.log_in_with(&app.message(&wallet())).await)
    );
    let client = app.db.connect().await;
    client
        .batch_execute("alter table auth.sessions rename to elsewhere")
        .await
        .unwrap();
    get(&base(&app), &[("authorization", &bearer)])
        .await
        .assert_error(503, "unavailable");
    client
        .batch_execute("alter table auth.elsewhere rename to sessions")
        .await
        .unwrap();
    get(&base(&app), &[("authorization", &bearer)]).await.assert_ok();
}

#[tokio::test]
async fn a_session_that_lay_idle_for_too_long_is_over_although_its_token_lives() {
    let app = TestApp::with(&[("REFRESH_IDLE_TTL", "10m")]).await;
    let bearer = format!(
        "Bearer {}",
        access(&app.log_in_with(&app.message(&wallet())).await)
    );
    get(&base(&app), &[("authorization", &bearer)]).await.assert_ok();
    app.clock.advance(Duration::minutes(11));
    get(&base(&app), &[("authorization", &bearer)])
        .await
        .assert_error(401, "session_ended");
}

#[tokio::test]
async fn a_restore_keeps_a_session_alive_beyond_the_idle_time_that_was_known() {
    let app = TestApp::with(&[("REFRESH_IDLE_TTL", "10m")]).await;
    let reply = app.log_in_with(&app.message(&wallet())).await;
    let bearer = format!("Bearer {}", access(&reply));
    app.clock.advance(Duration::minutes(9));
    get(&base(&app), &[("authorization", &bearer)]).await.assert_ok();
    app.restore(&reply.refresh_token()).await.assert_ok();
    app.clock.advance(Duration::minutes(2));
    get(&base(&app), &[("authorization", &bearer)]).await.assert_ok();
}

/// Until the announcement has arrived. Bounded: a change that nobody hears fails the test.
async fn eventually(holds: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("it does not come about");
}

#[tokio::test]
async fn an_end_is_refused_on_every_process_soon_after_its_commit() {
    let db = TestDb::create().await;
    let (one, two) = (Process::on(&db).await, Process::on(&db).await);
    let client = reqwest::Client::new();
    // Both listen: an end made by hand is heard by both.
    let mut delays = Vec::new();
    for _ in 0..30 {
        let signed = wallet().log_in(&origin(), 1, &nonce(), Clock::system().now());
        let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
        let reply = one.call(&client, "/actions/login", "v1Login", &input).await;
        let bearer = format!("Bearer {}", access(&reply));
        for process in [&one, &two] {
            get(&process.base, &[("authorization", &bearer)])
                .await
                .assert_ok();
        }
        let body =
            json!({"action": {"name": "v1Logout"}, "input": {}, "session_variables": session_of(&reply)});
        let ended = client
            .post(format!("{}/actions/logout", one.base))
            .header("x-actions-secret", crate::support::app::ACTIONS_SECRET)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(ended.status(), 200);
        let committed = std::time::Instant::now();
        for process in [&one, &two] {
            eventually(async || get(&process.base, &[("authorization", &bearer)]).await.status == 401).await;
        }
        delays.push(committed.elapsed());
    }
    delays.sort_unstable();
    println!(
        "refused on both processes after {:?} (median), {:?} (worst of 30)",
        delays[15], delays[29]
    );
}

#[tokio::test]
async fn an_end_is_noticed_while_nobody_listens() {
    let app = TestApp::start().await;
    let reply = app.log_in_with(&app.message(&wallet())).await;
    let bearer = format!("Bearer {}", access(&reply));
    get(&base(&app), &[("authorization", &bearer)]).await.assert_ok();
    // The listener's connection is cut, and may not come back at once.
    let client = app.db.connect().await;
    client
        .execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen%' or query = '' and pid <> pg_backend_pid()",
            &[],
        )
        .await
        .unwrap();
    log_out(&app, &session_of(&reply)).await.assert_ok();
    eventually(async || get(&base(&app), &[("authorization", &bearer)]).await.status == 401).await;
}

#[tokio::test]
async fn whoever_floods_the_channel_makes_us_ask_and_not_believe() {
    let app = TestApp::start().await;
    let reply = app.log_in_with(&app.message(&wallet())).await;
    let bearer = format!("Bearer {}", access(&reply));
    get(&base(&app), &[("authorization", &bearer)]).await.assert_ok();
    let stranger = app.db.connect_as_hasura().await;
    stranger
        .batch_execute(
            "select count(pg_notify('hasura_siwe', 'u:' || gen_random_uuid())),
                    count(pg_notify('hasura_siwe', 'nonsense' || i))
             from generate_series(1, 20000) as i",
        )
        .await
        .unwrap();
    log_out(&app, &session_of(&reply)).await.assert_ok();
    eventually(async || get(&base(&app), &[("authorization", &bearer)]).await.status == 401).await;
}

#[tokio::test]
async fn a_disabled_account_is_refused_soon() {
    let app = TestApp::start().await;
    let bearer = format!(
        "Bearer {}",
        access(&app.log_in_with(&app.message(&wallet())).await)
    );
    get(&base(&app), &[("authorization", &bearer)]).await.assert_ok();
    let client = app.db.connect().await;
    client
        .execute("update auth.users set disabled_at = now()", &[])
        .await
        .unwrap();
    eventually(async || get(&base(&app), &[("authorization", &bearer)]).await.status == 401).await;
    client
        .execute("update auth.users set disabled_at = null", &[])
        .await
        .unwrap();
    eventually(async || get(&base(&app), &[("authorization", &bearer)]).await.status == 200).await;
}

// Issue 14, item 20.
#[tokio::test]
async fn a_client_that_sends_a_token_before_it_has_one_is_told_so() {
    let app = TestApp::start().await;
    for nothing in [
        "Bearer undefined",
        "Bearer null",
        "bearer  None",
        "Bearer",
        "Bearer [object Object]",
    ] {
        let reply = get(&base(&app), &[("authorization", nothing)]).await;
        reply.assert_error(401, "token_invalid");
        let sentence = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(
            sentence.contains("sends a token before it has one"),
            "{nothing}: {sentence}"
        );
        let body = json!({"headers": {"Authorization": nothing}, "request": null});
        let reply = post(&base(&app), body).await;
        reply.assert_error(401, "token_invalid");
        assert_eq!(reply.json()["message"], sentence);
    }
    let reply = get(&base(&app), &[("authorization", "Bearer a.b.c")]).await;
    assert!(!reply.json()["message"].as_str().unwrap().contains("before"));
}
