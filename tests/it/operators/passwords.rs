//! Accounts with a password, made and helped by an operator.

use serde_json::json;

use super::{Operator, noted};
use crate::support::app::guest;
use crate::support::people::PASSWORD;
use crate::support::process::run;
use crate::support::{Reply, TestApp};

const NEW_PASSWORD: &str = "staple battery horse correct";

impl Operator {
    /// Runs a command line with a password on its standard input: exit code, output and error output.
    async fn with_password(&self, line: &str, password: &str) -> (i32, String, String) {
        let words: Vec<&str> = line.split(' ').collect();
        let output = run(&words, &self.variables, &format!("{password}\n")).await;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code().unwrap(),
            text(output.stdout),
            text(output.stderr),
        )
    }
}

async fn try_password(app: &TestApp, email: &str, password: &str) -> Reply {
    let input = json!({"email": email, "password": password});
    app.call("/actions/email-login", "login", guest(), input).await
}

#[tokio::test]
async fn an_account_is_made_with_a_password_from_standard_input_and_signs_in() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let line = "account create --email Anna@mail.com --username anna --name Anna --avatar https://pictures.example/anna.png";
    let (exit, out, err) = operator.with_password(line, PASSWORD).await;
    assert_eq!((exit, err.as_str()), (0, ""), "{out}");
    try_password(&app, "anna@mail.com", PASSWORD).await.assert_ok();
    let report = operator.json("account show anna@mail.com").await;
    assert_eq!(report["logins"], json!(["anna@mail.com", "anna"]));
    assert!(out.contains(report["user_id"].as_str().unwrap()));
    let person = json!({"x-hasura-role": "user", "x-hasura-user-id": report["user_id"]});
    let profile = app
        .call("/actions/my-profile", "myProfile", person, json!({}))
        .await;
    assert_eq!(
        profile.json(),
        json!({"id": report["user_id"], "name": "Anna", "avatar": "https://pictures.example/anna.png"})
    );
    for line in [
        "account create --email anna@mail.com",
        "account create --username ANNA",
    ] {
        let (exit, _, err) = operator.with_password(line, PASSWORD).await;
        assert!(exit == 1 && err.contains("is taken"), "{line}: {err}");
    }
    let (exit, _, err) = operator
        .with_password("account create --email b@mail.com", "short")
        .await;
    assert!(exit == 1 && err.contains("at least 15 characters"), "{err}");
    assert!(operator.refused("account create").await.contains("--email"));
    assert_eq!(noted(&app).await, ["create_account"]);
}

#[tokio::test]
async fn an_account_is_named_by_what_it_signs_in_with() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    operator
        .with_password("account create --email anna@mail.com --username anna", PASSWORD)
        .await;
    operator.done("account disable username:Anna").await;
    try_password(&app, "anna@mail.com", PASSWORD)
        .await
        .assert_error(403, "account_disabled");
    operator.done("account enable ANNA@mail.com").await;
    try_password(&app, "anna@mail.com", PASSWORD).await.assert_ok();
    let refusal = operator.refused("account show nobody@mail.com").await;
    assert!(
        refusal.contains("there is no account nobody@mail.com"),
        "{refusal}"
    );
    let list = operator.done("account list").await;
    assert!(list.contains("anna@mail.com anna"), "{list}");
}

#[tokio::test]
async fn another_password_ends_every_session_and_the_old_one_is_no_good() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    operator
        .with_password("account create --email anna@mail.com", PASSWORD)
        .await;
    let reply = try_password(&app, "anna@mail.com", PASSWORD).await;
    let refresh_token = reply.assert_ok().json()["refresh_token"].clone();
    let (exit, out, _) = operator
        .with_password("account password anna@mail.com", NEW_PASSWORD)
        .await;
    assert!(exit == 0 && out.contains("ended (1)"), "{out}");
    let input = json!({"refreshToken": refresh_token});
    app.call("/actions/refresh-token", "refreshToken", guest(), input)
        .await
        .assert_error(401, "refresh_token_invalid");
    try_password(&app, "anna@mail.com", PASSWORD)
        .await
        .assert_error(401, "credentials_invalid");
    try_password(&app, "anna@mail.com", NEW_PASSWORD)
        .await
        .assert_ok();
    assert_eq!(noted(&app).await, ["create_account", "change_password"]);
}

#[tokio::test]
async fn tries_that_were_in_vain_are_forgotten_when_the_operator_says_so() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    operator
        .with_password("account create --email anna@mail.com", PASSWORD)
        .await;
    for _ in 0..12 {
        try_password(&app, "anna@mail.com", "a wrong password indeed").await;
    }
    try_password(&app, "anna@mail.com", PASSWORD)
        .await
        .assert_error(429, "rate_limited");
    operator.done("account unlock anna@mail.com").await;
    try_password(&app, "anna@mail.com", PASSWORD).await.assert_ok();
    let said = operator.done("account unlock anna@mail.com").await;
    assert!(said.contains("in vain"), "{said}");
}
