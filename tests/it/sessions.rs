//! `v1RestoreSession`, through HTTP: one live head, a safe retry, and an end when a spent token returns.

use hasura_siwe::model::{RoleName, Whose};
use hasura_siwe::storage::Changed;
use serde_json::json;
use time::Duration;

use crate::support::app::TestApp;
use crate::support::reply::NAMESPACE;
use crate::support::wallet;

/// The default of REFRESH_GRACE, and a little more.
const AFTER_GRACE: Duration = Duration::seconds(31);

#[tokio::test]
async fn a_refresh_token_is_rotated_at_every_use() {
    let app = TestApp::start().await;
    let first = app.log_in(&wallet()).await;
    let second = app.restore(&first).await.assert_ok().refresh_token();
    let third = app.restore(&second).await.assert_ok().refresh_token();
    assert!(first != second && second != third && first != third);
}

#[tokio::test]
async fn t04_a_retry_within_the_grace_time_gets_the_same_successor() {
    let app = TestApp::start().await;
    let first = app.log_in(&wallet()).await;
    let successor = app.restore(&first).await.assert_ok().refresh_token();
    app.clock.advance(Duration::seconds(20));
    assert_eq!(app.restore(&first).await.assert_ok().refresh_token(), successor);
    app.restore(&successor).await.assert_ok();
}

#[tokio::test]
async fn t02_a_spent_token_that_returns_after_the_grace_time_ends_the_session() {
    let app = TestApp::start().await;
    let alice = wallet();
    let first = app.log_in(&alice).await;
    let other = app.log_in(&alice).await;
    let second = app.restore(&first).await.assert_ok().refresh_token();
    app.clock.advance(AFTER_GRACE);
    app.restore(&first)
        .await
        .assert_error(401, "refresh_token_invalid");
    app.restore(&second)
        .await
        .assert_error(401, "refresh_token_invalid");
    app.restore(&other).await.assert_ok();
    let client = app.db.connect().await;
    let noted = client
        .query_one(
            "select count(*) from auth.audit_log where result = 'refresh_token_reused'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(noted.get::<_, i64>(0), 1);
    let ended = client
        .query_one(
            "select reason, salt from auth.sessions where ended_at is not null",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((ended.get(0), ended.get::<_, Option<&[u8]>>(1)), ("reuse", None));
}

#[tokio::test]
async fn t01_what_is_no_token_of_ours_is_refused_alike() {
    let app = TestApp::start().await;
    let token = app.log_in(&wallet()).await;
    let long = "d".repeat(8192);
    for bad in [
        "",
        "x",
        "00000000-0000-4000-8000-000000000000",
        "'; drop table auth.sessions; --",
        "a\0b",
        &long,
    ] {
        let reply = app.restore(bad).await;
        reply.assert_error(401, "refresh_token_invalid");
    }
    let input = json!({"session": {"refreshToken": 7}});
    app.call(
        "/actions/restore-session",
        "v1RestoreSession",
        json!({"x-hasura-role": "guest"}),
        input,
    )
    .await
    .assert_error(400, "bad_request");
    app.restore(&token).await.assert_ok();
}

#[tokio::test]
async fn t16_a_token_of_odd_bytes_is_refused_and_stops_nothing() {
    let app = TestApp::start().await;
    let token = app.log_in(&wallet()).await;
    let envelope = |token: &[u8]| {
        let mut body = br#"{"action":{"name":"v1RestoreSession"},"session_variables":{"x-hasura-role":"guest"},"input":{"session":{"refreshToken":""#.to_vec();
        body.extend_from_slice(token);
        body.extend_from_slice(br#""}}}"#);
        body
    };
    let post = async |token: &[u8]| {
        app.post(
            "/actions/restore-session",
            Some(crate::support::app::ACTIONS_SECRET),
            envelope(token),
        )
        .await
    };
    post(b"\xff\xfe").await.assert_error(400, "bad_request");
    post(b"a\x00b").await.assert_error(400, "bad_request");
    post(br"\u0000\ud83d\ude00")
        .await
        .assert_error(401, "refresh_token_invalid");
    post(b"' or true --")
        .await
        .assert_error(401, "refresh_token_invalid");
    post(token.as_bytes()).await.assert_ok();
}

/// Sends a restore and goes away before the answer, while a held lock keeps the statement waiting.
async fn restore_and_go_away(app: &TestApp, token: &str) {
    let holder = app.db.connect().await;
    holder
        .batch_execute("begin; select from auth.sessions for update")
        .await
        .unwrap();
    let request = app.restore(token);
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(200), request)
            .await
            .is_err()
    );
    holder.batch_execute("commit").await.unwrap();
}

#[tokio::test]
async fn f04_what_a_client_left_behind_answers_nobody_later() {
    let app = TestApp::start().await;
    let alice = wallet();
    let first = app.log_in(&alice).await;
    restore_and_go_away(&app, &first).await;
    let client = app.db.connect().await;
    eventually_rotated(&client).await;
    client
        .execute(
            "update auth.sessions set ended_at = now(), reason = 'operator'",
            &[],
        )
        .await
        .unwrap();
    app.restore(&first)
        .await
        .assert_error(401, "refresh_token_invalid");
}

#[tokio::test]
async fn f04_a_fault_that_nobody_waited_for_is_not_remembered() {
    let app = TestApp::start().await;
    let first = app.log_in(&wallet()).await;
    let client = app.db.connect().await;
    client
        .batch_execute("begin; select from auth.sessions for update")
        .await
        .unwrap();
    let request = app.restore(&first);
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(200), request)
            .await
            .is_err()
    );
    // Longer than the lock time-out: the statement fails while nobody waits for it.
    tokio::time::sleep(std::time::Duration::from_millis(3500)).await;
    client.batch_execute("commit").await.unwrap();
    app.restore(&first).await.assert_ok();
}

async fn eventually_rotated(client: &tokio_postgres::Client) {
    for _ in 0..200 {
        let row = client
            .query_one("select max(generation) from auth.sessions", &[])
            .await
            .unwrap();
        if row.get::<_, i32>(0) == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the statement of the client that went away never ran");
}

#[tokio::test]
async fn t10_an_access_token_is_no_refresh_token() {
    let app = TestApp::start().await;
    let reply = app.log_in_with(&app.message(&wallet())).await;
    let access = reply.assert_ok().res()["accessToken"]
        .as_str()
        .unwrap()
        .to_owned();
    app.restore(&access)
        .await
        .assert_error(401, "refresh_token_invalid");
}

#[tokio::test]
async fn t11_a_session_ends_when_it_lies_idle_and_at_its_absolute_end() {
    let app = TestApp::with(&[("REFRESH_IDLE_TTL", "2h"), ("REFRESH_ABSOLUTE_TTL", "3h")]).await;
    let (idle, busy) = (app.log_in(&wallet()).await, app.log_in(&wallet()).await);
    app.clock.advance(Duration::minutes(119));
    let busy = app.restore(&busy).await.assert_ok().refresh_token();
    app.clock.advance(Duration::minutes(2));
    app.restore(&idle)
        .await
        .assert_error(401, "refresh_token_invalid");
    let busy = app.restore(&busy).await.assert_ok().refresh_token();
    app.clock.advance(Duration::minutes(60));
    app.restore(&busy)
        .await
        .assert_error(401, "refresh_token_invalid");
}

#[tokio::test]
async fn no_access_token_outlives_its_session() {
    let app = TestApp::with(&[("REFRESH_IDLE_TTL", "1h"), ("REFRESH_ABSOLUTE_TTL", "1h")]).await;
    let token = app.log_in(&wallet()).await;
    app.clock.advance(Duration::minutes(50));
    let claims = app.restore(&token).await.assert_ok().claims();
    let left = claims["exp"].as_i64().unwrap() - app.clock.now().unix_timestamp();
    assert!((500..=600).contains(&left), "{left}");
}

#[tokio::test]
async fn claims_are_read_afresh_so_that_a_changed_role_shows() {
    let app = TestApp::start().await;
    let alice = wallet();
    let token = app.log_in(&alice).await;
    let db = app.app_service.db();
    let whose: Whose = alice.address().to_string().parse().unwrap();
    let role: RoleName = "admin".parse().unwrap();
    let change = hasura_siwe::storage::RoleChange {
        whose: &whose,
        role: &role,
        user_id: uuid::Uuid::nil(),
    };
    assert_eq!(db.grant_role(&change).await.unwrap(), Changed::Now);
    assert_eq!(db.grant_role(&change).await.unwrap(), Changed::Already);
    let reply = app.restore(&token).await;
    assert_eq!(
        reply.assert_ok().claims()[NAMESPACE]["x-hasura-allowed-roles"],
        json!(["user", "admin"])
    );
    assert_eq!(db.revoke_role(&whose, &role).await.unwrap(), Changed::Now);
    let reply = app.restore(&reply.refresh_token()).await;
    assert_eq!(
        reply.assert_ok().claims()[NAMESPACE]["x-hasura-allowed-roles"],
        json!(["user"])
    );
}

#[tokio::test]
async fn a_disabled_account_restores_nothing() {
    let app = TestApp::start().await;
    let token = app.log_in(&wallet()).await;
    app.db
        .connect()
        .await
        .execute("update auth.users set disabled_at = now()", &[])
        .await
        .unwrap();
    app.restore(&token)
        .await
        .assert_error(401, "refresh_token_invalid");
}

#[tokio::test]
async fn a_rotation_is_a_heap_only_update() {
    let app = TestApp::start().await;
    let mut token = app.log_in(&wallet()).await;
    for _ in 0..10 {
        token = app.restore(&token).await.assert_ok().refresh_token();
    }
    let client = app.db.connect().await;
    let definitions = client
        .query(
            "select indexdef from pg_indexes where schemaname = 'auth' and tablename = 'sessions'",
            &[],
        )
        .await
        .unwrap();
    for row in definitions {
        let definition: String = row.get(0);
        for changing in [
            "generation",
            "salt",
            "rotated_at",
            "used_until",
            "last_used_at",
            "ended_at",
            "reason",
        ] {
            assert!(!definition.contains(changing), "{definition}");
        }
    }
}
