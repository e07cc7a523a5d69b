//! `account disable`, `enable` and `logout`: what ends, and what a client gets from then on.

use super::{Operator, TestApp, hasura_claims, noted, wallet};

#[tokio::test]
async fn a_disabled_account_is_refused_at_once_and_its_sessions_have_ended() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let (alice, bob) = (wallet(), wallet());
    let (one, two) = (app.log_in(&alice).await, app.log_in(&alice).await);
    let others = app.log_in(&bob).await;

    let said = operator
        .done(&format!("account disable {}", alice.address()))
        .await;
    assert!(said.contains("is disabled and 2 sessions ended"), "{said}");
    app.log_in_with(&app.message(&alice))
        .await
        .assert_error(403, "account_disabled");
    for token in [&one, &two] {
        app.restore(token)
            .await
            .assert_error(401, "refresh_token_invalid");
    }
    app.restore(&others).await.assert_ok();
    let client = app.db.connect().await;
    let ended = client
        .query(
            "select reason, salt from auth.sessions where ended_at is not null",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(ended.len(), 2);
    for row in &ended {
        assert_eq!((row.get(0), row.get::<_, Option<&[u8]>>(1)), ("disabled", None));
    }
    let again = operator
        .done(&format!("account disable {}", alice.address()))
        .await;
    assert!(again.contains("was disabled already"), "{again}");

    let said = operator
        .done(&format!("account enable {}", alice.address()))
        .await;
    assert!(said.contains("may sign in again at once"), "{said}");
    assert!(
        operator
            .done(&format!("account enable {}", alice.address()))
            .await
            .contains("was not disabled")
    );
    app.restore(&one).await.assert_error(401, "refresh_token_invalid");
    app.log_in(&alice).await;
    assert_eq!(noted(&app).await, ["disable_account", "enable_account"]);
}

#[tokio::test]
async fn a_session_that_slipped_in_while_its_account_was_disabled_does_not_outlive_that() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let alice = wallet();
    let token = app.log_in(&alice).await;
    // As a log-in leaves it that read the row before it was disabled and committed after.
    let client = app.db.connect().await;
    client
        .execute("update auth.users set disabled_at = now()", &[])
        .await
        .unwrap();
    app.restore(&token)
        .await
        .assert_error(401, "refresh_token_invalid");
    operator
        .done(&format!("account enable {}", alice.address()))
        .await;
    app.restore(&token)
        .await
        .assert_error(401, "refresh_token_invalid");
}

#[tokio::test]
async fn logout_ends_one_session_or_all_and_is_no_theft() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let (alice, bob) = (wallet(), wallet());
    let address = alice.address().to_string();
    let one = app.log_in_with(&app.message(&alice)).await;
    let (two, others) = (
        app.log_in(&alice).await,
        app.log_in_with(&app.message(&bob)).await,
    );
    let id = hasura_claims(&one)["x-hasura-session-id"]
        .as_str()
        .unwrap()
        .to_owned();
    let bobs = hasura_claims(&others)["x-hasura-session-id"]
        .as_str()
        .unwrap()
        .to_owned();

    let said = operator
        .done(&format!("account logout {address} --session {id}"))
        .await;
    assert!(said.starts_with("1 session of "), "{said}");
    app.restore(&one.refresh_token())
        .await
        .assert_error(401, "refresh_token_invalid");
    let two = app.restore(&two).await.assert_ok().refresh_token();
    let again = operator
        .done(&format!("account logout {address} --session {id}"))
        .await;
    assert!(again.contains("was over already"), "{again}");
    let said = operator
        .refused(&format!("account logout {address} --session {bobs}"))
        .await;
    assert!(said.contains("has no session"), "{said}");

    operator.done(&format!("account logout {address}")).await;
    app.restore(&two).await.assert_error(401, "refresh_token_invalid");
    assert!(
        operator
            .done(&format!("account logout {address}"))
            .await
            .contains("no session to end")
    );
    app.restore(&others.refresh_token()).await.assert_ok();
    app.log_in(&alice).await;
    let client = app.db.connect().await;
    let reasons = client
        .query(
            "select distinct reason from auth.sessions where ended_at is not null",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        reasons.iter().map(|row| row.get(0)).collect::<Vec<String>>(),
        ["operator"]
    );
    assert_eq!(noted(&app).await, ["end_session", "end_session"]);
    let theft = client
        .query(
            "select from auth.audit_log where result = 'refresh_token_reused'",
            &[],
        )
        .await
        .unwrap();
    assert!(theft.is_empty());
}
