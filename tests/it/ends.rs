//! `v1Logout`, `v1LogoutAll`, `v1EndSession`, `v1Sessions`, through HTTP: one's own sessions and
//! nobody else's.

use serde_json::{Value, json};
use time::Duration;

use crate::support::Reply;
use crate::support::app::{TestApp, guest};
use crate::support::reply::NAMESPACE;
use crate::support::wallet;

/// The session variables that Hasura makes of an access token.
pub fn session_of(reply: &Reply) -> Value {
    let claims = reply.claims()[NAMESPACE].clone();
    json!({
        "x-hasura-role": "user",
        "x-hasura-user-id": claims["x-hasura-user-id"],
        "x-hasura-session-id": claims["x-hasura-session-id"],
    })
}

pub fn id_of(session: &Value) -> &str {
    session["x-hasura-session-id"].as_str().unwrap()
}

pub async fn log_out(app: &TestApp, session: &Value) -> Reply {
    app.call("/actions/logout", "v1Logout", session.clone(), json!({}))
        .await
}

pub async fn log_out_all(app: &TestApp, session: &Value) -> Reply {
    app.call("/actions/logout-all", "v1LogoutAll", session.clone(), json!({}))
        .await
}

async fn end(app: &TestApp, session: &Value, id: &str) -> Reply {
    app.call(
        "/actions/end-session",
        "v1EndSession",
        session.clone(),
        json!({"id": id}),
    )
    .await
}

async fn listed(app: &TestApp, session: &Value) -> Vec<Value> {
    let reply = app
        .call("/actions/sessions", "v1Sessions", session.clone(), json!({}))
        .await;
    reply.assert_ok().res()["sessions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn t06_a_logged_out_token_is_no_theft_signal_and_other_sessions_live_on() {
    let app = TestApp::start().await;
    let alice = wallet();
    let (one, two) = (
        app.log_in_with(&app.message(&alice)).await,
        app.log_in_with(&app.message(&alice)).await,
    );
    let reply = log_out(&app, &session_of(&one)).await;
    assert_eq!(reply.assert_ok().res(), json!({"ended": 1}));
    assert_eq!(
        log_out(&app, &session_of(&one)).await.assert_ok().res(),
        json!({"ended": 0})
    );
    app.restore(&one.refresh_token())
        .await
        .assert_error(401, "refresh_token_invalid");
    app.restore(&two.refresh_token()).await.assert_ok();
    let client = app.db.connect().await;
    let rows = client
        .query("select reason from auth.sessions where ended_at is not null", &[])
        .await
        .unwrap();
    assert_eq!(
        rows.iter().map(|row| row.get(0)).collect::<Vec<&str>>(),
        ["logout"]
    );
    let audit = client
        .query_one(
            "select count(*) filter (where result = 'logout'), count(*) filter (where result like '%reuse%') from auth.audit_log",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((audit.get::<_, i64>(0), audit.get::<_, i64>(1)), (1, 0));
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_of_ones_own_and_nobody_elses() {
    let app = TestApp::start().await;
    let (alice, bob) = (wallet(), wallet());
    let mine = [
        app.log_in_with(&app.message(&alice)).await,
        app.log_in_with(&app.message(&alice)).await,
    ];
    let bobs = app.log_in_with(&app.message(&bob)).await;
    let reply = log_out_all(&app, &session_of(&mine[0])).await;
    assert_eq!(reply.assert_ok().res(), json!({"ended": 2}));
    for reply in &mine {
        app.restore(&reply.refresh_token())
            .await
            .assert_error(401, "refresh_token_invalid");
    }
    app.restore(&bobs.refresh_token()).await.assert_ok();
    assert_eq!(
        log_out_all(&app, &session_of(&mine[0])).await.assert_ok().res(),
        json!({"ended": 0})
    );
}

#[tokio::test]
async fn sessions_are_listed_with_the_current_one_marked_and_ended_by_their_id() {
    let app = TestApp::start().await;
    let alice = wallet();
    let first = app.log_in_with(&app.message(&alice)).await;
    app.clock.advance(Duration::minutes(1));
    let second = app.log_in_with(&app.message(&alice)).await;
    let (first, second) = (session_of(&first), session_of(&second));
    let sessions = listed(&app, &second).await;
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0]["id"], second["x-hasura-session-id"]);
    assert_eq!(
        (&sessions[0]["current"], &sessions[1]["current"]),
        (&json!(true), &json!(false))
    );
    let keys: Vec<&String> = sessions[0].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "id",
            "flow",
            "createdAt",
            "lastUsedAt",
            "endsAt",
            "userAgent",
            "ip",
            "current"
        ]
    );
    assert_eq!(
        end(&app, &second, id_of(&first)).await.assert_ok().res(),
        json!({"ended": 1})
    );
    assert_eq!(
        end(&app, &second, id_of(&first)).await.assert_ok().res(),
        json!({"ended": 0})
    );
    assert_eq!(listed(&app, &second).await.len(), 1);
}

#[tokio::test]
async fn somebody_elses_session_is_as_unknown_as_none() {
    let app = TestApp::start().await;
    let (alice, bob) = (
        app.log_in_with(&app.message(&wallet())).await,
        app.log_in_with(&app.message(&wallet())).await,
    );
    let (alice, bobs) = (session_of(&alice), session_of(&bob));
    for id in [id_of(&bobs), "00000000-0000-4000-8000-000000000000"] {
        assert_eq!(end(&app, &alice, id).await.assert_ok().res(), json!({"ended": 0}));
    }
    end(&app, &alice, "not an id")
        .await
        .assert_error(400, "bad_request");
    app.restore(&bob.refresh_token()).await.assert_ok();
    assert!(
        listed(&app, &alice)
            .await
            .iter()
            .all(|session| session["id"] != bobs["x-hasura-session-id"])
    );
}

#[tokio::test]
async fn guests_and_forged_user_ids_end_nothing() {
    let app = TestApp::start().await;
    let reply = app.log_in_with(&app.message(&wallet())).await;
    let mut forged = session_of(&reply);
    forged["x-hasura-role"] = json!("guest");
    for session in [guest(), forged] {
        log_out(&app, &session).await.assert_error(403, "forbidden");
        log_out_all(&app, &session).await.assert_error(403, "forbidden");
        end(&app, &session, "00000000-0000-4000-8000-000000000000")
            .await
            .assert_error(403, "forbidden");
        app.call("/actions/sessions", "v1Sessions", session, json!({}))
            .await
            .assert_error(403, "forbidden");
    }
    app.restore(&reply.refresh_token()).await.assert_ok();
}

#[tokio::test]
async fn an_admin_acts_on_their_own_sessions_as_everybody_does() {
    let app = TestApp::start().await;
    let reply = app.log_in_with(&app.message(&wallet())).await;
    let mut session = session_of(&reply);
    session["x-hasura-role"] = json!("admin");
    assert_eq!(listed(&app, &session).await.len(), 1);
    assert_eq!(
        log_out(&app, &session).await.assert_ok().res(),
        json!({"ended": 1})
    );
    // The admin secret alone is nobody, and has no sessions.
    log_out(&app, &json!({"x-hasura-role": "admin"}))
        .await
        .assert_error(403, "forbidden");
}

#[tokio::test]
async fn the_oldest_session_ends_when_there_are_too_many() {
    let app = TestApp::with(&[("SESSIONS_PER_USER", "2")]).await;
    let alice = wallet();
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(app.log_in(&alice).await);
        app.clock.advance(Duration::seconds(1));
    }
    let other = app.log_in(&wallet()).await;
    for token in &tokens[..2] {
        app.restore(token)
            .await
            .assert_error(401, "refresh_token_invalid");
    }
    for token in tokens[2..].iter().chain([&other]) {
        app.restore(token).await.assert_ok();
    }
    let client = app.db.connect().await;
    let capped = client
        .query_one("select count(*) from auth.audit_log where result = 'cap'", &[])
        .await
        .unwrap();
    assert_eq!(capped.get::<_, i64>(0), 2);
}

#[tokio::test]
async fn a_token_that_outlived_its_session_changes_nothing() {
    let app = TestApp::start().await;
    let alice = wallet();
    let (stolen, owners) = (
        app.log_in_with(&app.message(&alice)).await,
        app.log_in_with(&app.message(&alice)).await,
    );
    let (thief, owner) = (session_of(&stolen), session_of(&owners));
    end(&app, &owner, id_of(&thief)).await.assert_ok();
    assert_eq!(
        log_out_all(&app, &thief).await.assert_ok().res(),
        json!({"ended": 0})
    );
    assert_eq!(
        end(&app, &thief, id_of(&owner)).await.assert_ok().res(),
        json!({"ended": 0})
    );
    let listing = app
        .call("/actions/sessions", "v1Sessions", thief.clone(), json!({}))
        .await;
    listing.assert_error(401, "session_ended");
    let address = alice.address().to_string();
    app.update(thief.clone(), &["ethereum"], "mine now", &address)
        .await
        .assert_error(401, "session_ended");
    app.update(owner.clone(), &["ethereum"], "name.eth", &address)
        .await
        .assert_ok();
    app.restore(&owners.refresh_token()).await.assert_ok();
    // A session of somebody else beside one's own id is none.
    let bobs = app.log_in_with(&app.message(&wallet())).await;
    let (bob, bob_token) = (session_of(&bobs), bobs.refresh_token());
    let mut crossed = owner;
    crossed["x-hasura-session-id"] = bob["x-hasura-session-id"].clone();
    assert_eq!(
        log_out_all(&app, &crossed).await.assert_ok().res(),
        json!({"ended": 0})
    );
    app.restore(&bob_token).await.assert_ok();
}
