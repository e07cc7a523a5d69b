//! What an operator does by command, and what clients, tokens and the audit log see of it.

mod accounts;
mod audit;
mod endings;
mod epoch;
mod filters;
mod leaving;
mod lists;
mod passwords;
mod together;

use hasura_siwe::config::Variables;
use serde_json::Value;

use crate::support::app::{TestApp, variables};
use crate::support::process::run;
use crate::support::reply::NAMESPACE;
use crate::support::{Reply, wallet};

/// Somebody at a terminal beside a service.
struct Operator {
    variables: Variables,
}

/// How a command ended.
#[derive(Debug)]
struct Said {
    exit: i32,
    out: String,
    err: String,
}

impl Operator {
    fn of(app: &TestApp) -> Self {
        Self {
            variables: variables(&app.db),
        }
    }

    /// Runs a command line; words are separated by single spaces.
    async fn types(&self, line: &str) -> Said {
        let words: Vec<&str> = line.split(' ').collect();
        let output = run(&words, &self.variables, "").await;
        Said {
            exit: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What it printed, when it was done.
    async fn done(&self, line: &str) -> String {
        let said = self.types(line).await;
        assert!(said.exit == 0 && said.err.is_empty(), "{line}: {said:?}");
        said.out
    }

    async fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.done(&format!("{line} --json")).await).unwrap()
    }

    /// The one line of a refusal.
    async fn refused(&self, line: &str) -> String {
        let said = self.types(line).await;
        assert!(said.exit == 1 && said.out.is_empty(), "{line}: {said:?}");
        assert_eq!(said.err.lines().count(), 1, "{line}: {said:?}");
        said.err
    }
}

/// Hasura's claims of the access token.
fn hasura_claims(reply: &Reply) -> Value {
    reply.assert_ok().claims()[NAMESPACE].clone()
}

/// The actions that operators' commands left in the audit log, in order.
async fn noted(app: &TestApp) -> Vec<String> {
    let client = app.db.connect().await;
    let rows = client
        .query(
            "select action from auth.audit_log where actor = 'operator' order by id",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
