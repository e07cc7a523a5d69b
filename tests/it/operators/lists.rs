//! What the commands print: accounts, roles and networks, for people and for programs.

use serde_json::json;

use super::{Operator, TestApp, hasura_claims, noted, wallet};
use crate::support::app::{ACTIONS_SECRET, user};

#[tokio::test]
async fn show_tells_everything_about_an_account_but_its_secrets() {
    let app = TestApp::start().await;
    let mut operator = Operator::of(&app);
    let alice = wallet();
    let address = alice.address().to_string();
    operator.variables.set("ADMIN_ADDRESSES", address.to_lowercase());
    let signed_in = app.log_in_with(&app.message(&alice)).await;
    app.update(user(&signed_in.user_id()), &["ethereum"], "name.eth", &address)
        .await
        .assert_ok();
    operator.done("role add editor").await;
    operator.done(&format!("account grant {address} editor")).await;
    operator
        .done(&format!("account claim {address} x-hasura-team blue"))
        .await;

    let report = operator.json(&format!("account show {address}")).await;
    let session = hasura_claims(&signed_in)["x-hasura-session-id"].clone();
    assert_eq!(report["user_id"], signed_in.user_id());
    assert_eq!(report["disabled_at"], json!(null));
    assert_eq!(report["claims"], json!({"x-hasura-team": "blue"}));
    assert_eq!(
        report["effective_roles"],
        json!([
            {"name": "user", "by": "everybody"},
            {"name": "editor", "by": "granted"},
            {"name": "admin", "by": "ADMIN_ADDRESSES"},
        ])
    );
    assert_eq!(report["wallets"][0]["address"], address);
    assert_eq!(report["accounts"][0]["network"], "ethereum");
    assert_eq!(report["accounts"][0]["name"], "name.eth");
    assert_eq!(report["sessions"][0]["id"], session);
    assert_eq!(report["sessions"][0]["flow"], "siwe");
    let created = report["sessions"][0]["created_at"].as_str().unwrap();
    assert!(created.ends_with('Z'), "{created}");

    let text = operator
        .done(&format!("account show {}", signed_in.user_id()))
        .await;
    for part in [
        &address,
        "name.eth",
        "x-hasura-team",
        "editor",
        "ADMIN_ADDRESSES",
        session.as_str().unwrap(),
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    for secret in [signed_in.refresh_token().as_str(), ACTIONS_SECRET] {
        assert!(!text.contains(secret) && !report.to_string().contains(secret));
    }
    let said = operator.done(&format!("account revoke {address} admin")).await;
    assert!(said.contains("so it stays admin"), "{said}");

    operator.done(&format!("account disable {address}")).await;
    let report = operator.json(&format!("account show {address}")).await;
    assert!(report["disabled_at"].is_string());
    assert_eq!(report["sessions"], json!([]));
}

#[tokio::test]
async fn what_a_client_says_of_itself_moves_no_cursor() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let alice = wallet();
    app.log_in(&alice).await;
    let client = app.db.connect().await;
    client
        .execute("update auth.sessions set user_agent = E'evil\\x1b[2J\\nend'", &[])
        .await
        .unwrap();
    let text = operator.done(&format!("account show {}", alice.address())).await;
    assert!(text.contains("evil\\u{1b}[2J\\nend"), "{text}");
}

#[tokio::test]
async fn list_goes_through_all_accounts_page_by_page() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(
            app.log_in_with(&app.message(&wallet()))
                .await
                .assert_ok()
                .user_id(),
        );
    }
    expected.sort();
    let mut seen = Vec::new();
    let mut line = "account list --limit 2".to_owned();
    loop {
        let page = operator.json(&line).await;
        let page = page.as_array().unwrap();
        assert!(page.iter().all(|user| user["sessions"] == 1));
        seen.extend(
            page.iter()
                .map(|user| user["user_id"].as_str().unwrap().to_owned()),
        );
        if page.len() < 2 {
            break;
        }
        line = format!("account list --limit 2 --after {}", seen.last().unwrap());
    }
    assert_eq!(seen, expected);
    let text = operator.done("account list --limit 2").await;
    assert!(text.contains(&format!("--after {}", expected[1])), "{text}");
    let columns: Vec<usize> = text
        .lines()
        .take(3)
        .map(|line| line.find("  ").unwrap())
        .collect();
    assert!(
        text.starts_with("USER ID  ") && columns[1] == columns[2],
        "{text}"
    );
    assert_eq!(operator.types("account list --limit 0").await.exit, 2);
}

// Issue 14, item 21.
#[tokio::test]
async fn a_role_that_differs_from_another_in_letter_case_alone_is_refused() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    operator.done("role add moderator").await;
    for (name, other) in [
        ("Moderator", "moderator"),
        ("MODERATOR", "moderator"),
        ("Admin", "admin"),
        ("User", "user"),
        ("GUEST", "guest"),
    ] {
        let said = operator.refused(&format!("role add {name}")).await;
        assert!(said.contains(&format!("there is a role {other},")), "{said}");
        assert!(said.contains(&format!("Use {other}")), "{said}");
    }
    assert_eq!(operator.json("role list").await.as_array().unwrap().len(), 2);
    assert_eq!(noted(&app).await, ["add_role"]);
    // One that is there already can be used and removed.
    let client = app.db.connect().await;
    client
        .execute(
            "insert into auth.roles (name, created_at) values ('Moderator', now())",
            &[],
        )
        .await
        .unwrap();
    assert!(operator.done("role add Moderator").await.contains("already"));
    operator.done("role remove Moderator").await;
}

#[tokio::test]
async fn roles_are_added_listed_and_removed_when_nobody_holds_them() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let holder = wallet().address();
    assert_eq!(operator.json("role list").await[0]["name"], "admin");
    operator.done("role add editor").await;
    assert!(operator.done("role add editor").await.contains("already"));
    operator.done(&format!("account grant {holder} editor")).await;
    let roles = operator.json("role list").await;
    assert_eq!(
        (&roles[1]["name"], &roles[1]["holders"]),
        (&json!("editor"), &json!(1))
    );
    assert!(
        operator
            .done("role list")
            .await
            .starts_with("ROLE    ACCOUNTS  SINCE\nadmin   0 ")
    );

    let said = operator.refused("role remove editor").await;
    assert!(said.contains("accounts hold the role editor"), "{said}");
    operator.done(&format!("account revoke {holder} editor")).await;
    operator.done("role remove editor").await;
    assert!(
        operator
            .done("role remove editor")
            .await
            .contains("there was no role")
    );
    assert!(operator.refused("role remove admin").await.contains("stays"));
    for name in ["user", "guest", "7up", "a,b"] {
        assert_eq!(
            operator.types(&format!("role add {name}")).await.exit,
            2,
            "{name}"
        );
    }
    assert_eq!(
        noted(&app).await,
        ["add_role", "grant_role", "revoke_role", "remove_role"]
    );
}

#[tokio::test]
async fn networks_are_added_closed_and_opened_for_log_ins() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let alice = wallet();
    let on = |chain| {
        alice.log_in(
            &crate::support::origin(),
            chain,
            &crate::support::nonce(),
            app.clock.now(),
        )
    };
    app.log_in_with(&on(100))
        .await
        .assert_error(401, "chain_not_supported");
    operator.done("network add gnosis 100").await;
    assert!(operator.done("network add gnosis 100").await.contains("already"));
    let token = app.log_in_with(&on(100)).await.assert_ok().refresh_token();

    operator.done("network disable gnosis").await;
    assert!(operator.done("network disable gnosis").await.contains("already"));
    app.log_in_with(&on(100))
        .await
        .assert_error(401, "chain_not_supported");
    app.restore(&token).await.assert_ok();
    assert!(
        operator
            .refused("network add gnosis 100")
            .await
            .contains("network enable gnosis")
    );
    operator.done("network enable gnosis").await;
    app.log_in_with(&on(100)).await.assert_ok();

    assert!(
        operator
            .refused("network add gnosis 5")
            .await
            .contains("name of chain 100")
    );
    assert!(
        operator
            .refused("network add mainnet 1")
            .await
            .contains("as ethereum")
    );
    assert!(
        operator
            .refused("network enable nowhere")
            .await
            .contains("there is no network nowhere")
    );
    assert!(
        operator
            .refused("network add far 18446744073709551615")
            .await
            .contains("cannot be stored")
    );
    for line in [
        "network add Gnosis 5",
        "network add gnosis 05",
        "network add gnosis 0",
    ] {
        assert_eq!(operator.types(line).await.exit, 2, "{line}");
    }
    let networks = operator.json("network list").await;
    assert_eq!(
        networks[0],
        json!({"name": "ethereum", "chain_id": 1, "enabled": true})
    );
    assert!(operator.done("network list").await.contains("gnosis    100 "));
    assert_eq!(
        noted(&app).await,
        ["add_network", "disable_network", "enable_network"]
    );
}
