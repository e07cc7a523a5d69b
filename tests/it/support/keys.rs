//! Keys of the service's own: the variables, the operator's commands, and log-ins that use them.

use hasura_siwe::config::Variables;
use hasura_siwe::secret::Secret;
use hasura_siwe::token::KeySeal;

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

/// The private half of a key that may sign, as PKCS#8.
pub async fn private_key(db: &TestDb, kid: &str) -> Secret<Vec<u8>> {
    let mut key = [0; 32];
    hex::decode_to_slice(WITH_OWN_KEYS[1].1, &mut key).unwrap();
    let client = db.connect().await;
    let sql = "select sealed from auth.signing_keys where kid = $1";
    let row = client.query_one(sql, &[&kid]).await.unwrap();
    KeySeal::new(&Secret::new(key)).open(kid, row.get(0)).unwrap()
}

/// The access token of a fresh wallet's log-in.
pub async fn log_in(app: &TestApp) -> String {
    let reply = app.log_in_with(&app.message(&wallet())).await;
    reply.assert_ok().res()["accessToken"]
        .as_str()
        .unwrap()
        .to_owned()
}
