//! Who may do what, broken on purpose.

use std::path::Path;

use hasura_siwe::clock::Clock;

use super::{doctor, with_hasura};
use crate::repository::{files, root};
use crate::support::TestApp;
use crate::support::app::JWT_SECRET;
use crate::support::hasura::{Mode, engine_given, engine_with};

/// The shipped metadata with a piece of a file replaced.
fn changed(path: &str, from: &str, to: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let mut replaced = false;
    for file in ["yaml", "graphql"]
        .iter()
        .flat_map(|kind| files("hasura/metadata", kind))
    {
        let inner = Path::new(&file)
            .strip_prefix("hasura/metadata")
            .unwrap()
            .to_owned();
        let mut text = std::fs::read_to_string(root().join(&file)).unwrap();
        if inner == Path::new(path) {
            replaced = text.contains(from);
            text = text.replacen(from, to, 1);
        }
        let target = copy.path().join(inner);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::write(target, text).unwrap();
    }
    assert!(replaced, "{path} has no {from:?}");
    copy
}

#[tokio::test]
async fn a_guest_or_a_user_who_may_more_than_was_shipped_is_found() {
    let app = TestApp::start().await;
    let accounts = "databases/default/tables/public_accounts.yaml";
    let audit = "databases/default/tables/public_audit.yaml";
    for (file, from, to, checks, word) in [
        (
            "actions.yaml",
            "- role: user\n    comment: Names the caller's own account",
            "- role: user\n      - role: guest\n    comment: Names the caller's own account",
            &["guest"][..],
            "guest may do more than was shipped: v1UpdateAccount",
        ),
        (
            accounts,
            "        - network\n",
            "        - user_id\n        - network\n",
            &["guest"][..],
            "guest may do more than was shipped: accounts.user_id",
        ),
        (
            audit,
            "  name: audit\n  schema: public\n",
            "  name: audit\n  schema: public\nselect_permissions:\n  - role: user\n    permission:\n      columns: [id, at]\n      filter: {}\n",
            &["user"][..],
            "user may do more than was shipped: audit",
        ),
        (
            "actions.yaml",
            "      - role: guest\n      - role: user\n    comment: Gives a nonce",
            "      - role: user\n    comment: Gives a nonce",
            &[],
            "guest lacks v1Nonce",
        ),
    ] {
        let folder = changed(file, from, to);
        let other = [("HASURA_GRAPHQL_METADATA_DIR", folder.path().to_str().unwrap())];
        let engine = engine_given(&app, Mode::Jwt, JWT_SECRET.to_owned(), Clock::system(), &other).await;
        let report = doctor(&with_hasura(&app, &format!("http://{engine}")), &[]).await;
        report.assert_failed(checks);
        let (check, status) = checks.first().map_or(("guest", "warn"), |check| (*check, "fail"));
        let seen = report.assert(check, status);
        assert!(seen.contains(word), "{seen}");
        // To whoever applied it knowingly it is as it should be.
        let variables = with_hasura(&app, &format!("http://{engine}"));
        let report = doctor(&variables, &["--dir", folder.path().to_str().unwrap()]).await;
        report.assert_failed(&[]);
    }
}

#[tokio::test]
async fn a_hasura_with_another_key_refuses_good_tokens_and_is_found() {
    let app = TestApp::start().await;
    let other = JWT_SECRET.replace("9fK2mQx7", "7xQm2Kf9");
    let engine = engine_with(&app, Mode::Jwt, other, Clock::system()).await;
    let report = doctor(&with_hasura(&app, &format!("http://{engine}")), &[]).await;
    report.assert_failed(&["user"]);
    assert!(report.assert("user", "fail").contains("invalid-jwt"));
    report.assert("forged-token", "ok");
}

// Field report C10.
#[tokio::test]
async fn a_key_whose_dollar_a_reader_expanded_is_found_on_either_side() {
    let key = "ab$cdFk2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0Azz";
    let json = |key: &str| JWT_SECRET.replace("9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A", key);
    let app = TestApp::with(&[("HASURA_GRAPHQL_JWT_SECRET", &json(key))]).await;
    // Compose v2 has expanded it for Hasura: the variable $cdFk2… is none.
    for (of_hasura, failed) in [
        (json("abFk2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0Azzyy"), &["user"][..]),
        (json(key), &[]),
    ] {
        let engine = engine_with(&app, Mode::Jwt, of_hasura, Clock::system()).await;
        let mut variables = with_hasura(&app, &format!("http://{engine}"));
        variables.set("HASURA_GRAPHQL_JWT_SECRET", json(key));
        let report = doctor(&variables, &[]).await;
        report.assert_failed(failed);
        // A shell that sources the file without single quotes drops the double ones, and expands as well.
        let shell = std::process::Command::new("sh")
            .args(["-c", &format!("A={}; printf %s \"$A\"", json(key))])
            .output()
            .unwrap();
        variables.set(
            "HASURA_GRAPHQL_JWT_SECRET",
            String::from_utf8(shell.stdout).unwrap(),
        );
        let report = doctor(&variables, &[]).await;
        let seen = report.assert("configuration", "fail");
        assert!(
            seen.contains("HASURA_GRAPHQL_JWT_SECRET is not the JSON object"),
            "{seen}"
        );
    }
}

#[tokio::test]
async fn a_hasura_that_knows_no_guest_is_found() {
    let app = TestApp::start().await;
    let without = [("HASURA_GRAPHQL_UNAUTHORIZED_ROLE", "")];
    let engine = engine_given(&app, Mode::Jwt, JWT_SECRET.to_owned(), Clock::system(), &without).await;
    let report = doctor(&with_hasura(&app, &format!("http://{engine}")), &[]).await;
    report.assert_failed(&["actions", "guest"]);
    report.assert("user", "ok");
}

#[tokio::test]
async fn a_hasura_without_any_lock_is_found() {
    let app = TestApp::start().await;
    let open = [
        ("HASURA_GRAPHQL_ADMIN_SECRET", ""),
        ("HASURA_GRAPHQL_JWT_SECRET", ""),
        ("HASURA_GRAPHQL_UNAUTHORIZED_ROLE", ""),
    ];
    let engine = engine_given(&app, Mode::Jwt, JWT_SECRET.to_owned(), Clock::system(), &open).await;
    let report = doctor(&with_hasura(&app, &format!("http://{engine}")), &[]).await;
    report.assert_failed(&["guest", "forged-token"]);
    assert_eq!(
        report.assert("guest", "fail"),
        "a guest who asks for the role admin reads the audit log"
    );
}

#[tokio::test]
async fn a_hasura_with_an_admin_secret_alone_is_found() {
    let app = TestApp::start().await;
    let alone = [
        ("HASURA_GRAPHQL_JWT_SECRET", ""),
        ("HASURA_GRAPHQL_UNAUTHORIZED_ROLE", ""),
    ];
    let engine = engine_given(&app, Mode::Jwt, JWT_SECRET.to_owned(), Clock::system(), &alone).await;
    let report = doctor(&with_hasura(&app, &format!("http://{engine}")), &[]).await;
    report.assert_failed(&["actions", "guest", "forged-token"]);
    assert_eq!(
        report.assert("forged-token", "fail"),
        "Hasura knows neither tokens nor a webhook"
    );
}
