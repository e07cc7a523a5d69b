//! Who a request acts as: a role and the session variables.
//!
//! Names are lower-case. The admin secret is never one of them.

use std::collections::BTreeMap;

use axum::http::HeaderMap;

pub(crate) const ADMIN: &str = "admin";
pub(crate) const ROLE: &str = "x-hasura-role";
pub(crate) const ADMIN_SECRET: &str = "x-hasura-admin-secret";
pub(crate) const ACCESS_KEY: &str = "x-hasura-access-key";
const PREFIX: &str = "x-hasura-";

/// A role and what else is known about the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) role: String,
    variables: BTreeMap<String, String>,
}

impl Session {
    /// A role with variables; the role is itself one of them.
    pub(crate) fn new(role: impl Into<String>, mut variables: BTreeMap<String, String>) -> Self {
        let role = role.into();
        variables.remove(ADMIN_SECRET);
        variables.remove(ACCESS_KEY);
        variables.insert(ROLE.to_owned(), role.clone());
        Self { role, variables }
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.role == ADMIN
    }

    /// A variable, by a name in any letter case.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    pub(crate) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }
}

pub(crate) fn is_session_variable(name: &str) -> bool {
    name.get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// Every `x-hasura-*` header of a client.
pub(crate) fn from_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| is_session_variable(name.as_str()))
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}
