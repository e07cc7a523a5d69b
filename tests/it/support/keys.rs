//! Keys of the service's own: the variables, the operator's commands, and log-ins that use them.

use hasura_siwe::config::Variables;

use super::app::{TestApp, WITH_OWN_KEYS, variables};
use super::db::TestDb;
use super::process::run;
use super::wallet;

/// The variables of a service, or of an operator, on `db`.
pub fn own_keys(db: &TestDb) -> Variables {
    let mut variables = variables(db);
    for (name, value) in WITH_OWN_KEYS {
        variables.set(name, *value);
    }
    variables
}

/// Runs `keys ...`: the exit code, and what was said.
pub async fn keys(db: &TestDb, arguments: &[&str]) -> (i32, String) {
    let all = [&["keys"], arguments].concat();
    let output = run(&all, &own_keys(db), "").await;
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

/// `keys generate`, and the kid.
pub async fn generate(db: &TestDb, algorithm: &str) -> String {
    let (code, said) = keys(db, &["generate", "--alg", algorithm]).await;
    assert_eq!(code, 0, "{said}");
    said.split_whitespace().next().unwrap().to_owned()
}

/// The access token of a fresh wallet's log-in.
pub async fn log_in(app: &TestApp) -> String {
    let reply = app.log_in_with(&app.message(&wallet())).await;
    reply.assert_ok().res()["accessToken"]
        .as_str()
        .unwrap()
        .to_owned()
}
