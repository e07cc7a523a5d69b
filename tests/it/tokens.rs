//! Access tokens in an operator's hands: looked at, judged, minted.

use hasura_siwe::config::Variables;
use serde_json::{Value, json};

use crate::support::app::{TestApp, WITH_OWN_KEYS, variables};
use crate::support::process::run;
use crate::support::reply::{NAMESPACE, claims_of};
use crate::support::wallet;

/// Runs `token ...` with this on standard input: exit code, standard output, standard error.
async fn token(variables: &Variables, arguments: &[&str], input: &str) -> (i32, String, String) {
    let output = run(&[&["token"], arguments].concat(), variables, input).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn inspect_shows_a_token_without_judging_it_or_any_configuration() {
    let app = TestApp::start().await;
    let good = app.log_in_with(&app.message(&wallet())).await.res()["accessToken"].clone();
    let good = good.as_str().unwrap();
    let nothing = Variables::default();
    for text in [
        good.to_owned(),
        format!("Bearer {good}\n"),
        format!("{good}broken"),
    ] {
        let (code, seen, _) = token(&nothing, &["inspect"], &text).await;
        let seen: Value = serde_json::from_str(&seen).unwrap();
        assert_eq!((code, &seen["header"]["typ"]), (0, &json!("at+jwt")));
        assert_eq!(seen["claims"]["iss"], "hasura-siwe");
        assert!(seen["times"]["exp"].as_str().unwrap().ends_with('Z'));
        assert!(seen["signature"].as_str().unwrap().contains("not checked"));
    }
    let (code, _, said) = token(&nothing, &["inspect"], "no token").await;
    assert!(code == 1 && said.contains("no token"), "{said}");
}

#[tokio::test]
async fn verify_exits_with_what_the_service_would_say_and_why() {
    for extra in [&[][..], WITH_OWN_KEYS] {
        let app = TestApp::with(extra).await;
        let mut variables = variables(&app.db);
        for (name, value) in extra {
            variables.set(name, *value);
        }
        let made = run(&["keys", "generate"], &variables, "").await;
        assert_eq!(made.status.success(), !extra.is_empty());
        app.get("/readyz").await.assert_ok();
        let reply = app.log_in_with(&app.message(&wallet())).await;
        let good = reply.res()["accessToken"].as_str().unwrap().to_owned();
        let (code, report, _) = token(&variables, &["verify"], &good).await;
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(
            (code, &report["ok"], &report["roles"]),
            (0, &json!(true), &json!(["user"]))
        );

        for (bad, reason) in [
            (good[..good.len() - 4].to_owned() + "AAAA", "signature"),
            ("x".repeat(20_000), "longer"),
            ("abc".to_owned(), "cannot be read"),
        ] {
            let (code, report, _) = token(&variables, &["verify"], &bad).await;
            let report: Value = serde_json::from_str(&report).unwrap();
            assert_eq!((code, &report["code"]), (1, &json!("token_invalid")));
            assert!(report["reason"].as_str().unwrap().contains(reason), "{report}");
        }
    }
}

#[tokio::test]
async fn j09_mint_gives_a_role_that_the_user_has_and_the_audit_log_says_so() {
    let app = TestApp::start().await;
    let alice = wallet();
    let reply = app.log_in_with(&app.message(&alice)).await;
    let (user, claims) = (reply.user_id(), reply.claims());
    let session = claims[NAMESPACE]["x-hasura-session-id"]
        .as_str()
        .unwrap()
        .to_owned();
    let variables = variables(&app.db);
    let mint = async |arguments: &[&str]| {
        let all = [&["mint", "--user", user.as_str()], arguments].concat();
        token(&variables, &all, "").await
    };
    let (code, minted, said) = mint(&["--role", "user", "--session", &session]).await;
    assert_eq!(code, 0, "{said}");
    let claims = claims_of(minted.trim());
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        305
    );
    assert_eq!(claims[NAMESPACE]["x-hasura-allowed-roles"], json!(["user"]));
    assert_eq!(claims[NAMESPACE]["x-hasura-default-role"], "user");
    assert_eq!(claims[NAMESPACE]["x-hasura-address"], alice.address().to_string());
    let verifier = app.app_service.verifier();
    let now = app.clock.now();
    assert_eq!(
        verifier
            .verify(minted.trim(), now)
            .unwrap()
            .session_id
            .to_string(),
        session
    );

    // Without a session it is no token for the webhook, and good for `token verify` and Hasura.
    let (_, minted, said) = mint(&["--role", "user", "--ttl", "1m"]).await;
    assert!(said.contains("no session"), "{said}");
    assert!(verifier.verify(minted.trim(), now).is_err());
    assert_eq!(verifier.check(minted.trim(), now).unwrap().session_id, None);
    assert_eq!(token(&variables, &["verify"], &minted).await.0, 0);

    let admin = ["--role", "admin"];
    assert!(mint(&admin).await.2.contains("does not have this role"));
    let address = alice.address().to_string();
    run(&["account", "grant", &address, "admin"], &variables, "").await;
    let (code, minted, _) = mint(&admin).await;
    assert_eq!(code, 0);
    assert_eq!(
        claims_of(minted.trim())[NAMESPACE]["x-hasura-allowed-roles"],
        json!(["admin"])
    );

    let stranger = "00000000-0000-4000-8000-000000000000";
    for (arguments, word) in [
        (&["--role", "guest"][..], "does not have this role"),
        (&["--role", "user", "--ttl", "61m"], "1h at most"),
        (&["--role", "admin", "--ttl", "16m"], "15m at most"),
        (&["--role", "user", "--session", stranger], "no live session"),
    ] {
        let (code, out, said) = mint(arguments).await;
        assert!(
            code == 1 && out.is_empty() && said.contains(word),
            "{arguments:?}: {said}"
        );
    }
    let unknown = ["mint", "--user", stranger, "--role", "user"];
    assert!(token(&variables, &unknown, "").await.2.contains("no user"));

    let client = app.db.connect().await;
    let sql =
        "select detail, user_id::text, actor from auth.audit_log where action = 'mint_token' order by id";
    let rows = client.query(sql, &[]).await.unwrap();
    assert_eq!(rows.len(), 3, "one row a token, and none for what was refused");
    assert_eq!(rows[2].get::<_, Value>(0)["role"], "admin");
    assert_eq!(
        (rows[2].get::<_, String>(1), rows[2].get::<_, String>(2)),
        (user.clone(), "operator".into())
    );

    client
        .execute("update auth.users set disabled_at = now()", &[])
        .await
        .unwrap();
    assert!(mint(&["--role", "user"]).await.2.contains("disabled"));
}

#[tokio::test]
async fn j09_an_admin_of_the_configuration_may_have_an_admin_token_minted() {
    let app = TestApp::start().await;
    let alice = wallet();
    let user = app.log_in_with(&app.message(&alice)).await.user_id();
    let mut variables = variables(&app.db);
    let arguments = ["mint", "--user", &user, "--role", "admin"];
    assert_eq!(token(&variables, &arguments, "").await.0, 1);
    variables.set("ADMIN_ADDRESSES", alice.address().to_string());
    assert_eq!(token(&variables, &arguments, "").await.0, 0);
}

#[tokio::test]
async fn j10_custom_claims_are_strings_whatever_they_hold_and_keep_the_token_good() {
    let app = TestApp::start().await;
    let alice = wallet();
    let user = app.log_in_with(&app.message(&alice)).await.user_id();
    let client = app.db.connect().await;
    let texts = [
        "7",
        "[1,2]",
        "a \"quoted\" name",
        "{\"a\":1}",
        "é\u{1F511}\\",
        "null",
    ];
    for (at, text) in texts.iter().enumerate() {
        let sql = format!("insert into auth.custom_claims (user_id, name, value) values ('{user}', $1, $2)");
        let name = format!("x-hasura-text-{at}");
        client.execute(&sql, &[&name, text]).await.unwrap();
    }
    let reply = app.log_in_with(&app.message(&alice)).await;
    let token = reply.res()["accessToken"].as_str().unwrap().to_owned();
    let verified = app
        .app_service
        .verifier()
        .verify(&token, app.clock.now())
        .unwrap();
    for (at, text) in texts.iter().enumerate() {
        assert_eq!(verified.variables[&format!("x-hasura-text-{at}")], *text);
        assert_eq!(
            reply.claims()[NAMESPACE][format!("x-hasura-text-{at}")],
            json!(text)
        );
    }
}

#[tokio::test]
async fn j06_a_service_with_a_weak_key_refuses_to_start() {
    let db = crate::support::db::TestDb::create().await;
    let jwk_url = WITH_OWN_KEYS[0].1;
    for (jwt, encryption, word) in [
        (r#"{"type":"HS256","key":""}"#, "", "0 bytes"),
        (r#"{"type":"HS256","key":"sixteen-bytes-ok"}"#, "", "16 bytes"),
        (r#"{"type":"HS256","key":"changeme"}"#, "", "8 bytes"),
        (
            r#"{"type":"HS512","key":"9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A"}"#,
            "",
            "at least 64",
        ),
        (jwk_url, "", "KEYS_ENCRYPTION_KEY is not set"),
        (jwk_url, "changeme", "64 hexadecimal digits"),
    ] {
        let mut variables = variables(&db);
        variables.set("HASURA_GRAPHQL_JWT_SECRET", jwt);
        variables.set("KEYS_ENCRYPTION_KEY", encryption);
        let output = run(&["serve"], &variables, "").await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{jwt}: {said}");
        assert!(said.contains(word), "{jwt}: {said}");
    }
}
