//! The audit log, by command and through Hasura.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{Operator, TestApp, wallet};
use crate::support::hasura::Hasura;

#[tokio::test]
async fn audit_prints_the_newest_first_and_narrows() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let (alice, bob) = (wallet(), wallet());
    let signed_in = app.log_in_with(&app.message(&alice)).await;
    app.log_in(&bob).await;
    operator
        .done(&format!("account claim {} x-hasura-team blue", alice.address()))
        .await;

    let all = operator.json("audit").await;
    let actions: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["action"].clone())
        .collect();
    assert_eq!(actions, ["set_claim", "log_in", "log_in"]);
    assert_eq!(all[0]["actor"], "operator");
    assert_eq!(
        all[0]["detail"],
        json!({"name": "x-hasura-team", "value": "blue"})
    );
    assert_eq!(all[0]["address"], alice.address().to_string());
    assert!(all[0]["at"].as_str().unwrap().ends_with('Z'));

    let count = async |line: &str| operator.json(line).await.as_array().unwrap().len();
    assert_eq!(count("audit --limit 1").await, 1);
    assert_eq!(count("audit --action log_in").await, 2);
    assert_eq!(count(&format!("audit --user {}", signed_in.user_id())).await, 2);
    let bobs = bob.address().to_string().to_lowercase();
    assert_eq!(count(&format!("audit --address {bobs}")).await, 1);
    assert_eq!(
        count(&format!("audit --address {bobs} --action set_claim")).await,
        0
    );
    let client = app.db.connect().await;
    client
        .execute(
            "update auth.audit_log set at = at - interval '2 days' where action = 'log_in'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(count("audit --since 24h").await, 1);
    assert_eq!(count("audit --since 3d").await, 3);

    let text = operator.done("audit --since 24h").await;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(
        lines[0].starts_with("AT ") && lines[1].contains("set_claim  ok      operator  address=0x"),
        "{text}"
    );
    assert!(lines[1].ends_with("name=x-hasura-team value=blue"), "{text}");
    assert!(!text.contains(&signed_in.refresh_token()));
    for line in ["audit --since yesterday", "audit --limit 0", "audit --user me"] {
        assert_eq!(operator.types(line).await.exit, 2, "{line}");
    }
}

#[tokio::test]
async fn follow_goes_on_with_what_comes_and_tells_nothing_twice() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    app.log_in(&wallet()).await;
    app.log_in(&wallet()).await;
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_hasura-siwe"))
        .args(["audit", "--follow", "--json", "--limit", "1"])
        .env_clear()
        .envs(operator.variables.iter())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || -> Value {
        let line = tokio::time::timeout(std::time::Duration::from_secs(30), lines.next_line()).await;
        serde_json::from_str(&line.unwrap().unwrap().unwrap()).unwrap()
    };
    assert_eq!(next().await["action"], "log_in");
    for role in ["editor", "author"] {
        operator.done(&format!("role add {role}")).await;
        let record = next().await;
        assert_eq!(
            (&record["action"], &record["detail"]),
            (&json!("add_role"), &json!({"role": role}))
        );
    }
}

#[tokio::test]
async fn only_admins_read_the_audit_log_through_hasura() {
    let hasura = Hasura::start().await;
    let (access, _) = hasura.log_in(&wallet()).await;
    let query = "{ audit(order_by: {id: desc}, limit: 1) { at action result actor user_id session_id address ip request_id detail } }";
    let bearer = format!("Bearer {access}");
    for headers in [&[][..], &[("authorization", bearer.as_str())]] {
        let answer = hasura.graphql(headers, query, json!({})).await;
        assert_eq!(
            answer.error(),
            (
                "field 'audit' not found in type: 'query_root'",
                "validation-failed"
            )
        );
    }
    let admin = [("x-hasura-admin-secret", hasura.admin_secret.as_str())];
    let answer = hasura.graphql(&admin, query, json!({})).await;
    let record = &answer.data()["audit"][0];
    assert!(
        record["action"].is_string() && record["at"].is_string(),
        "{answer:?}"
    );
}

#[tokio::test]
async fn an_admin_by_grant_reads_the_audit_log_too() {
    let hasura = Hasura::start().await;
    let Some(app) = &hasura.app else { return };
    let alice = wallet();
    Operator::of(app)
        .done(&format!("account grant {} admin", alice.address()))
        .await;
    let (access, _) = hasura.log_in(&alice).await;
    let bearer = format!("Bearer {access}");
    let query = "{ audit(where: {action: {_eq: \"grant_role\"}}) { actor address detail } }";
    let as_admin = [("authorization", bearer.as_str()), ("x-hasura-role", "admin")];
    let answer = hasura.graphql(&as_admin, query, json!({})).await;
    assert_eq!(
        answer.data()["audit"],
        json!([{
            "actor": "operator",
            "address": alice.address().to_string().to_lowercase(),
            "detail": {"role": "admin"},
        }])
    );
}
