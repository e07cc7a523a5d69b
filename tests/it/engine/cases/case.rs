//! A behaviour case as the files in tests/fixtures/engine/cases write it down.
//!
//! What is not said has a default: without `environment` there is an admin secret, and the request is
//! sent as `user`; without `request` the action `whoami` is called, so that its handler sees the
//! session. A text that ends in `<…>` stands for any text with that beginning.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::repository::{files, read};

const FOLDER: &str = "tests/fixtures/engine/cases";

/// One case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    /// The engine's variables; `{{HOOK}}` is the URL of the hook.
    pub environment: Option<BTreeMap<String, String>>,
    /// Types beside those of types.graphql.
    #[serde(default)]
    pub types: String,
    pub action: Option<Action>,
    #[serde(default)]
    pub inherited_roles: Value,
    pub role: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Hasura's claims of a token that is signed and sent.
    pub claims: Option<Value>,
    /// The claims around them.
    #[serde(default)]
    pub token_claims: Map<String, Value>,
    /// Method and path; POST /v1/graphql when nothing is said.
    pub url: Option<String>,
    pub request: Option<Value>,
    pub request_raw: Option<String>,
    #[serde(default)]
    pub webhook: Other,
    #[serde(default)]
    pub hook: Other,
    #[serde(default)]
    pub expect: Expect,
    #[serde(default, rename = "note")]
    _note: Option<String>,
    #[serde(default, rename = "version")]
    _version: Option<String>,
    #[serde(default, rename = "basis")]
    _basis: Option<String>,
    #[serde(default, rename = "source")]
    _source: Option<String>,
}

/// The action of a case; everybody may call it unless it says who.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    #[serde(rename = "type")]
    pub kind_of_root: String,
    pub name: String,
    #[serde(default)]
    pub args: String,
    /// Without one the action stands in the YAML alone.
    pub output: Option<String>,
    pub kind: Option<String>,
    pub handler: Option<String>,
    pub timeout: Option<u64>,
    #[serde(default)]
    pub headers: Vec<Value>,
    pub permissions: Option<Vec<String>>,
    /// Other keys of the definition.
    #[serde(default)]
    pub definition: Map<String, Value>,
}

/// A handler or a hook: what it answers, and what it must have been asked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Other {
    pub reply: Option<Reply>,
    #[serde(default)]
    pub delay_seconds: u64,
    pub called: Option<bool>,
    /// A part of the body that arrived.
    pub received: Option<Value>,
    /// Every key of the body that arrived.
    pub received_exactly: Option<Vec<String>>,
    #[serde(default)]
    pub received_headers: BTreeMap<String, String>,
    #[serde(default)]
    pub not_received_headers: Vec<String>,
}

/// An answer: JSON, or any text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    pub status: u16,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    #[serde(default)]
    pub body: Value,
    pub raw: Option<String>,
}

/// What must come of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pub status: Option<u16>,
    pub body: Option<Value>,
    /// The body to the byte.
    pub text: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A part of `extensions.internal`, for admins and developers.
    pub internal: Option<Value>,
    /// Not even admins see an `internal`.
    #[serde(default)]
    pub no_internal: bool,
    pub role: Option<String>,
    /// All session variables that the handler is told.
    pub session_variables: Option<Value>,
    /// What an endpoint that is not GraphQL's answers.
    pub elsewhere: Option<Flat>,
    /// The engine does not start, and says this.
    pub refused: Option<String>,
    /// Left out as inconsistent: name and reason.
    #[serde(default)]
    pub inconsistent: BTreeMap<String, String>,
}

/// A reply with its true status.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flat {
    pub status: u16,
    pub body: Value,
}

/// Every case, by the name of its test: that of its file and its own.
pub fn all() -> BTreeMap<String, Case> {
    let mut all = BTreeMap::new();
    for file in files(FOLDER, "yaml") {
        let section = file.rsplit('/').next().unwrap().trim_end_matches(".yaml");
        let cases: Vec<Case> =
            serde_saphyr::from_str(&read(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        for case in cases {
            let name = format!("{section}_{}", case.name);
            assert!(all.insert(name.clone(), case).is_none(), "{name} is there twice");
        }
    }
    all
}
