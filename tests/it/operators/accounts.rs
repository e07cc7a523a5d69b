//! `account`: what its changes do to log-ins, restores and tokens.

use serde_json::json;

use super::{Operator, TestApp, hasura_claims, noted, wallet};
use crate::doctor::{beside, doctor};
use crate::support::hasura::{Hasura, RESTORE};

#[tokio::test]
async fn a_role_of_ones_own_reaches_the_token_and_leaves_it_again() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let alice = wallet();
    let address = alice.address().to_string();
    let token = app.log_in(&alice).await;

    let said = operator.refused(&format!("account grant {address} editor")).await;
    assert!(
        said.contains("there is no role editor") && said.contains("role add editor"),
        "{said}"
    );
    operator.done("role add editor").await;
    let said = operator.done(&format!("account grant {address} editor")).await;
    assert!(said.contains("has the role editor: at once in webhook mode, with the next token in JWT mode"));

    let restored = app.restore(&token).await;
    for reply in [&restored, &app.log_in_with(&app.message(&alice)).await] {
        let claims = hasura_claims(reply);
        assert_eq!(claims["x-hasura-allowed-roles"], json!(["user", "editor"]));
        assert_eq!(claims["x-hasura-default-role"], "user");
    }
    let said = operator
        .done(&format!("account revoke {} editor", restored.user_id()))
        .await;
    assert!(said.contains("loses the role editor"), "{said}");
    let reply = app.restore(&restored.refresh_token()).await;
    assert_eq!(hasura_claims(&reply)["x-hasura-allowed-roles"], json!(["user"]));
    assert_eq!(noted(&app).await, ["add_role", "grant_role", "revoke_role"]);
}

#[tokio::test]
async fn hasura_lets_a_token_act_as_a_granted_role_and_not_after_it_was_revoked() {
    let hasura = Hasura::start().await;
    let Some(app) = &hasura.app else { return };
    let operator = Operator::of(app);
    let alice = wallet();
    operator.done("role add editor").await;
    operator
        .done(&format!("account grant {} editor", alice.address()))
        .await;
    let (access, refresh) = hasura.log_in(&alice).await;
    let as_editor = async |access: &str| {
        let bearer = format!("Bearer {access}");
        let headers = [("authorization", bearer.as_str()), ("x-hasura-role", "editor")];
        let answer = hasura.graphql(&headers, "{ __typename }", json!({})).await;
        answer.body["errors"][0]["extensions"]["code"].clone()
    };
    assert_ne!(as_editor(&access).await, "access-denied");
    operator
        .done(&format!("account revoke {} editor", alice.address()))
        .await;
    let variables = json!({"session": {"refreshToken": refresh}});
    let (access, _) = hasura
        .graphql(&[], RESTORE, variables)
        .await
        .tokens("v1RestoreSession");
    assert_eq!(as_editor(&access).await, "access-denied");
}

#[tokio::test]
async fn a_claim_reaches_the_token_changes_and_goes() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let alice = wallet();
    let claim = format!("account claim {} x-hasura-team", alice.address());
    // Before the first log-in.
    let said = operator.done(&format!("{claim} blue")).await;
    assert!(said.contains("from its first log-in on"), "{said}");
    let first = app.log_in_with(&app.message(&alice)).await;
    assert_eq!(hasura_claims(&first)["x-hasura-team"], "blue");

    assert!(operator.done(&format!("{claim} blue")).await.contains("already"));
    operator.done(&format!("{claim} red")).await;
    let second = app.restore(&first.refresh_token()).await;
    assert_eq!(hasura_claims(&second)["x-hasura-team"], "red");

    assert!(
        operator
            .done(&format!("{claim} --remove"))
            .await
            .contains("loses")
    );
    assert!(
        operator
            .done(&format!("{claim} --remove"))
            .await
            .contains("did not have")
    );
    let third = app.restore(&second.refresh_token()).await;
    assert!(hasura_claims(&third).get("x-hasura-team").is_none());
    assert_eq!(noted(&app).await, ["set_claim", "set_claim", "remove_claim"]);
}

#[tokio::test]
async fn a_claim_of_the_services_own_or_of_another_form_is_no_command() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let claim = format!("account claim {}", wallet().address());
    for (rest, sentence) in [
        ("x-hasura-user-id 1", "the service sets this claim itself"),
        (
            "x-hasura-allowed-roles admin",
            "the service sets this claim itself",
        ),
        ("x-hasura-admin-secret 1", "Hasura reads this name for itself"),
        ("team blue", "a claim is named x-hasura-"),
        ("x-hasura-team", "required"),
        // Issue 14, item 21.
        ("x-hasura-team ", "or take the claim away with --remove"),
        ("x-hasura-team \u{3000}", "a claim's value is not empty"),
        ("x-hasura-team blue --remove", "cannot be used with"),
        (
            &format!("x-hasura-team {}", "x".repeat(1025)),
            "at most 1024 characters",
        ),
    ] {
        let said = operator.types(&format!("{claim} {rest}")).await;
        assert_eq!(said.exit, 2, "{rest}: {said:?}");
        assert!(said.err.contains(sentence), "{rest}: {said:?}");
    }
    assert!(noted(&app).await.is_empty());
}

#[tokio::test]
async fn an_account_that_is_not_there_is_refused_by_name() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let (address, id) = (
        wallet().address().to_string(),
        "00000000-0000-4000-8000-000000000000",
    );
    for rest in [
        "show",
        "revoke admin",
        "disable",
        "enable",
        "logout",
        "claim x-hasura-a --remove",
    ] {
        let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        for whose in [address.as_str(), id] {
            let said = operator
                .refused(format!("account {verb} {whose} {rest}").trim_end())
                .await;
            assert!(
                said.contains("there is no account") && said.contains(whose),
                "{said}"
            );
        }
    }
    // Giving to an address makes it known; an id that nobody has stays unknown.
    for line in ["account grant {} admin", "account claim {} x-hasura-a b"] {
        let said = operator.refused(&line.replace("{}", id)).await;
        assert!(said.contains("there is no account"), "{said}");
    }
    assert_eq!(operator.types("account show vitalik.eth").await.exit, 2);
    let contract = format!("137:{address}");
    assert!(
        operator
            .refused(&format!("account show {contract}"))
            .await
            .contains(&contract)
    );
    operator.done(&format!("account grant {contract} admin")).await;
    assert!(
        operator
            .refused(&format!("account show {address}"))
            .await
            .contains("never signed in")
    );
    for line in ["grant {} user", "grant {} guest", "revoke {} user"] {
        let said = operator
            .types(&format!("account {}", line.replace("{}", &address)))
            .await;
        assert_eq!(said.exit, 2, "{said:?}");
    }
}

// Issue 14, item 15.
#[tokio::test]
async fn a_claim_with_a_line_break_is_refused_by_the_database_and_an_old_one_is_named() {
    let app = TestApp::start().await;
    let operator = Operator::of(&app);
    let alice = app.log_in_with(&app.message(&wallet())).await.user_id();
    let client = app.db.connect().await;
    let insert = format!(
        "insert into auth.custom_claims (user_id, name, value) values ('{alice}', 'x-hasura-team', $1)"
    );
    for bad in [
        "a\r\nx-hasura-role: admin",
        "a\n",
        "\r",
        "\t",
        "\u{1}",
        "\u{1f}",
        "\u{7f}",
        "\u{80}",
        "\u{85}",
        "\u{9f}",
    ] {
        let refused = client.execute(&insert, &[&bad]).await.unwrap_err();
        let code = refused.code().map(|code| code.code().to_owned());
        assert_eq!(code.as_deref(), Some("23514"), "{bad:?}: {refused:?}");
    }
    // Names of claims and roles never took one.
    for sql in [
        format!("insert into auth.custom_claims values ('{alice}', E'x-hasura-team\\n', 'blue')"),
        "insert into auth.roles values (E'editor\\n', now())".to_owned(),
    ] {
        let refused = client.execute(&sql, &[]).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "23514", "{sql}");
    }
    client.execute(&insert, &[&"\u{a0}é blue ~"]).await.unwrap();

    // One from before, in a database that is brought up to date.
    client
        .batch_execute(
            "alter table auth.custom_claims drop constraint custom_claims_value_is_sendable;
             delete from auth.migrations where version = 18;
             update auth.custom_claims set value = E'blue\\r\\nx-evil: 1'",
        )
        .await
        .unwrap();
    let said = operator.done("migrate").await;
    assert!(said.contains("ran 0018_claim_values"), "{said}");
    let place = format!("x-hasura-team of {alice}");
    assert!(
        said.contains("claims with control characters") && said.contains(&format!(": 1 ({place})")),
        "{said}"
    );
    assert!(
        said.contains("hasura-siwe account claim USER_ID NAME VALUE"),
        "{said}"
    );
    assert!(!said.contains("x-evil"), "{said}");
    let report = doctor(&beside(&app), &[]).await;
    let seen = report.assert("migrations", "warn");
    assert!(seen.contains(&place) && !seen.contains("x-evil"), "{seen}");
    // What it says to do helps.
    operator
        .done(&format!("account claim {alice} x-hasura-team blue"))
        .await;
    doctor(&beside(&app), &[]).await.assert("migrations", "ok");
    let said = operator.done("migrate").await;
    assert!(!said.contains("control characters"), "{said}");
}
