//! Keys of the service's own: made, published, rotated, retired; followed by every process.

use hasura_siwe::clock::Clock;
use hasura_siwe::token::TokenFault;
use time::Duration;

use crate::support::app::{TestApp, WITH_OWN_KEYS};
use crate::support::db::TestDb;
use crate::support::keys::{generate, keys, log_in};
use crate::support::wallet;

/// As if the next key had been made three minutes earlier.
async fn let_time_pass(db: &TestDb) {
    let sql = "update auth.signing_keys set published_at = published_at - interval '3 minutes' where state = 'next'";
    assert_eq!(db.connect().await.execute(sql, &[]).await.unwrap(), 1);
}

async fn published(app: &TestApp) -> Vec<String> {
    let reply = app.get("/.well-known/jwks.json").await;
    let set = reply.assert_ok().json();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

fn judged(app: &TestApp, token: &str) -> Result<(), TokenFault> {
    let verifier = app.app_service.verifier();
    verifier.verify(token, app.clock.now()).map(drop)
}

#[tokio::test]
async fn without_a_key_the_service_starts_is_not_ready_and_spends_nothing() {
    let app = TestApp::with(WITH_OWN_KEYS).await;
    let ready = app.get("/readyz").await;
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.text.contains("hasura-siwe keys generate"), "{ready:?}");
    app.get("/healthz").await.assert_ok();
    let message = app.message(&wallet());
    app.log_in_with(&message).await.assert_error(400, "unavailable");
    assert_eq!(published(&app).await, [""; 0]);

    let kid = generate(&app.db, "EdDSA").await;
    app.get("/readyz").await.assert_ok();
    assert_eq!(published(&app).await, [kid]);
    app.log_in_with(&message).await.assert_ok();
}

#[tokio::test]
async fn without_a_key_no_refresh_token_is_spent() {
    let app = TestApp::with(WITH_OWN_KEYS).await;
    let kid = generate(&app.db, "ES384").await;
    app.app_service.reload_keys().await.unwrap();
    let refresh = app.log_in(&wallet()).await;
    assert_eq!(keys(&app.db, &["retire", &kid, "--force"]).await.0, 0);
    app.app_service.reload_keys().await.unwrap();
    app.restore(&refresh).await.assert_error(400, "unavailable");
    generate(&app.db, "ES256").await;
    app.app_service.reload_keys().await.unwrap();
    app.clock.advance(Duration::minutes(5));
    app.restore(&refresh).await.assert_ok();
}

#[tokio::test]
async fn the_set_is_cacheable_as_hasura_obeys_it_and_empty_with_hmac() {
    let app = TestApp::start().await;
    let reply = app.get("/.well-known/jwks.json").await;
    assert_eq!(reply.assert_ok().text, r#"{"keys":[]}"#);
    assert_eq!(reply.headers["cache-control"], "public, max-age=60");
    assert_eq!(reply.headers["content-type"], "application/json");

    let app = TestApp::with(WITH_OWN_KEYS).await;
    generate(&app.db, "RS256").await;
    app.app_service.reload_keys().await.unwrap();
    let reply = app.get("/.well-known/jwks.json").await;
    assert_eq!(reply.headers["cache-control"], "public, max-age=60");
    let key = reply.json()["keys"][0].clone();
    for (name, value) in [("use", "sig"), ("alg", "RS256"), ("kty", "RSA"), ("e", "AQAB")] {
        assert_eq!(key[name], value);
    }
    assert!(key["d"].is_null(), "{key}");
}

#[tokio::test]
async fn an_unread_set_is_no_empty_set() {
    let app = TestApp::on(TestDb::create_empty().await, Clock::system(), WITH_OWN_KEYS).await;
    let reply = app.get("/.well-known/jwks.json").await;
    assert_eq!(
        (reply.status, &reply.headers["cache-control"]),
        (503, &"no-store".parse().unwrap())
    );
}

#[tokio::test]
async fn j07_two_processes_follow_a_rotation_without_a_restart() {
    let one = TestApp::with(WITH_OWN_KEYS).await;
    let two = TestApp::on(one.db.clone(), one.clock.clone(), WITH_OWN_KEYS).await;
    let reload = async || {
        for app in [&one, &two] {
            app.app_service.reload_keys().await.unwrap();
        }
    };
    let first = generate(&one.db, "EdDSA").await;
    reload().await;
    let before = log_in(&one).await;
    assert_eq!(kid(&before), first);

    let (code, said) = keys(&one.db, &["rotate"]).await;
    assert!(code == 1 && said.contains("no next key"), "{said}");
    let second = generate(&one.db, "ES256").await;
    let (code, said) = keys(&one.db, &["generate"]).await;
    assert!(code == 1 && said.contains("a next key already"), "{said}");
    reload().await;
    for app in [&one, &two] {
        assert_eq!(published(app).await.len(), 2);
        assert_eq!(kid(&log_in(app).await), first, "the next key does not sign yet");
    }
    let (code, said) = keys(&one.db, &["rotate"]).await;
    assert!(code == 1 && said.contains("120 s"), "{said}");

    let_time_pass(&one.db).await;
    assert_eq!(keys(&one.db, &["rotate"]).await.0, 0);
    // Until it hears of the rotation a process signs on, and everybody takes its tokens.
    let late = log_in(&two).await;
    reload().await;
    for app in [&one, &two] {
        let after = log_in(app).await;
        assert_eq!(kid(&after), second);
        assert_eq!(published(app).await.len(), 2);
        for token in [&before, &late, &after] {
            assert_eq!(judged(app, token), Ok(()));
        }
    }
    one.clock.advance(Duration::minutes(61));
    assert_eq!(judged(&two, &before), Err(TokenFault::Expired));
    one.clock.advance(Duration::hours(24));
    assert_eq!(
        published(&two).await,
        [second.as_str()],
        "nobody read the database"
    );
    assert_eq!(judged(&two, &before), Err(TokenFault::RetiredKey));
    one.app_service.sweep().await.unwrap();
    let (_, list) = keys(&one.db, &["list"]).await;
    assert!(list.contains(&format!("{first} EdDSA retired")), "{list}");
    assert!(list.contains(&format!("{second} ES256 current")), "{list}");
}

#[tokio::test]
async fn of_rotations_at_once_one_wins_and_one_key_signs() {
    let db = TestDb::create().await;
    generate(&db, "EdDSA").await;
    let next = generate(&db, "EdDSA").await;
    let one = async || keys(&db, &["rotate", "--force"]).await.0;
    let codes = tokio::join!(one(), one(), one(), one());
    let mut codes = [codes.0, codes.1, codes.2, codes.3];
    codes.sort_unstable();
    assert_eq!(codes, [0, 1, 1, 1]);
    let client = db.connect().await;
    let sql = "select kid from auth.signing_keys where state = 'current'";
    assert_eq!(
        client.query_one(sql, &[]).await.unwrap().get::<_, String>(0),
        next
    );
    let broken = client
        .execute(
            "update auth.signing_keys set state = 'current', sealed = '', retires_at = null",
            &[],
        )
        .await
        .unwrap_err();
    assert_eq!(broken.code().unwrap().code(), "23505", "{broken:?}");
}

#[tokio::test]
async fn of_first_keys_at_once_one_signs_and_one_is_next() {
    let db = TestDb::create().await;
    tokio::join!(generate(&db, "EdDSA"), generate(&db, "ES256"));
    let rows = db.connect().await;
    let rows = rows
        .query("select state from auth.signing_keys order by state", &[])
        .await
        .unwrap();
    let states: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(states, ["current", "next"]);
}

#[tokio::test]
async fn a_key_retired_in_an_emergency_takes_its_tokens_along() {
    let app = TestApp::with(WITH_OWN_KEYS).await;
    let stolen = generate(&app.db, "EdDSA").await;
    let next = generate(&app.db, "EdDSA").await;
    app.app_service.reload_keys().await.unwrap();
    let token = log_in(&app).await;
    let (code, said) = keys(&app.db, &["retire", &stolen]).await;
    assert!(code == 1 && said.contains("rotate first"), "{said}");
    assert_eq!(keys(&app.db, &["rotate", "--force"]).await.0, 0);
    let (code, said) = keys(&app.db, &["retire", &stolen]).await;
    assert!(code == 0 && said.contains("is retired"), "{said}");
    assert!(keys(&app.db, &["retire", &stolen]).await.1.contains("already"));
    assert_eq!(keys(&app.db, &["retire", "nobody"]).await.0, 1);
    app.app_service.reload_keys().await.unwrap();
    assert_eq!(judged(&app, &token), Err(TokenFault::UnknownKey));
    assert_eq!(published(&app).await, [next.as_str()]);

    let (code, said) = keys(&app.db, &["retire", &next, "--force"]).await;
    assert!(code == 0 && said.contains("no key signs"), "{said}");
    app.app_service.reload_keys().await.unwrap();
    assert_eq!(app.get("/readyz").await.status, 503);
    assert_eq!(
        keys(&app.db, &["rotate", "--force"]).await.0,
        1,
        "nothing is left that could sign"
    );
    let client = app.db.connect().await;
    let sql = "select action || ' ' || actor from auth.audit_log where action like '%key%' order by id";
    let rows = client.query(sql, &[]).await.unwrap();
    let noted: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let expected = [
        "generate_key",
        "generate_key",
        "rotate_keys",
        "retire_key",
        "retire_key",
    ];
    assert_eq!(noted, expected.map(|action| format!("{action} operator")));
}

#[tokio::test]
async fn a_next_key_signs_even_when_no_key_does() {
    let app = TestApp::with(WITH_OWN_KEYS).await;
    let lost = generate(&app.db, "EdDSA").await;
    let next = generate(&app.db, "ES256").await;
    assert_eq!(keys(&app.db, &["retire", &lost, "--force"]).await.0, 0);
    assert_eq!(keys(&app.db, &["rotate", "--force"]).await.0, 0);
    app.get("/readyz").await.assert_ok();
    assert_eq!(kid(&log_in(&app).await), next);
}

#[tokio::test]
async fn every_change_of_a_key_is_announced() {
    let db = TestDb::create().await;
    let (client, mut connection) = tokio_postgres::connect(&db.url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    let (send, mut heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            if let tokio_postgres::AsyncMessage::Notification(notification) = message {
                let _ = send.send((
                    notification.channel().to_owned(),
                    notification.payload().to_owned(),
                ));
            }
        }
    });
    client.batch_execute("listen hasura_siwe").await.unwrap();
    let announced = ("hasura_siwe".to_owned(), "k:".to_owned());
    let kid = generate(&db, "EdDSA").await;
    assert_eq!(heard.recv().await.unwrap(), announced);
    generate(&db, "EdDSA").await;
    assert_eq!(heard.recv().await.unwrap(), announced);
    keys(&db, &["rotate", "--force"]).await;
    assert_eq!(heard.recv().await.unwrap(), announced);
    keys(&db, &["retire", &kid]).await;
    assert_eq!(heard.recv().await.unwrap(), announced);
}
