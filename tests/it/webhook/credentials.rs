//! What counts as the one credential of a request, by its header's text and by how often it is there.

use serde_json::json;

use super::{access, base, get, post};
use crate::support::{Reply, TestApp, wallet};

// Issue 14, item 15.
#[tokio::test]
async fn of_equal_credentials_in_a_post_body_none_wins() {
    let app = TestApp::start().await;
    let token = access(&app.log_in_with(&app.message(&wallet())).await);
    let other = access(&app.log_in_with(&app.message(&wallet())).await);
    let sent = async |headers: String| {
        let request = reqwest::Client::new()
            .post(format!("{}/webhook", base(&app)))
            .body(format!(r#"{{"headers": {headers}, "request": null}}"#));
        Reply::of(request.send().await.unwrap()).await
    };
    let good = format!("Bearer {token}");
    sent(format!(
        r#"{{"x-a": "1", "x-a": "2", "Authorization": "{good}"}}"#
    ))
    .await
    .assert_ok();
    for (first, second) in [
        ("Authorization", "Authorization"),
        ("Authorization", "authorization"),
        ("Authorization", "Authentication"),
        ("authentication", "authentication"),
    ] {
        for (one, two) in [(&token, &other), (&other, &token), (&token, &token)] {
            sent(format!(
                r#"{{"{first}": "Bearer {one}", "{second}": "Bearer {two}"}}"#
            ))
            .await
            .assert_error(401, "token_invalid");
        }
        for (one, two) in [("", good.as_str()), (&good, ""), ("Basic YTpi", &good)] {
            sent(format!(r#"{{"{first}": "{one}", "{second}": "{two}"}}"#))
                .await
                .assert_error(401, "token_invalid");
        }
    }
    sent(format!(
        r#"{{"Authorization": "{good}", "x-hasura-role": "user", "x-hasura-role": "user"}}"#
    ))
    .await
    .assert_error(401, "forbidden");
    // A second object of headers is no body of Hasura's.
    let twice = format!(r#"{{}}, "headers": {{"Authorization": "{good}"}}"#);
    assert_eq!(sent(twice).await.status, 401);
}

// Issue 14, item 15.
#[tokio::test]
async fn between_scheme_and_token_stand_blanks_alone() {
    let app = TestApp::start().await;
    let token = access(&app.log_in_with(&app.message(&wallet())).await);
    for good in [
        format!("Bearer {token}"),
        format!("bearer   {token}"),
        format!("\tBearer {token}\t"),
    ] {
        post(&base(&app), json!({"headers": {"Authorization": good}}))
            .await
            .assert_ok();
    }
    for between in [
        "\t",
        " \t",
        "\t ",
        " \t ",
        "\n",
        " \n",
        "\u{a0}",
        " \u{a0}",
        " \u{200b}",
        " ,",
    ] {
        let bad = format!("Bearer{between}{token}");
        if bad.is_ascii() && !bad.contains('\n') {
            get(&base(&app), &[("authorization", &bad)])
                .await
                .assert_error(401, "token_invalid");
        }
        post(&base(&app), json!({"headers": {"Authorization": bad}}))
            .await
            .assert_error(401, "token_invalid");
    }
}
