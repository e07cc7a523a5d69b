//! What a command takes of the directory: all of it, or the actions of some flows, and under which names.

use clap::Args;
use serde_json::Value;

use super::Directory;
use crate::hasura::document::{keep_actions, rename};
use crate::model::Flow;

/// The directory, and what of it is meant.
#[derive(Args)]
pub(in crate::cli) struct Ours {
    #[command(flatten)]
    pub(in crate::cli) directory: Directory,
    /// Take only the actions and types of these flows, with commas between: siwe, lens, email, username. Default: all.
    #[arg(long, value_delimiter = ',', value_name = "FLOWS")]
    flows: Vec<Flow>,
    /// Put this before the names of our root fields, such as auth_, if yours have the same names.
    #[arg(long, default_value = "", value_parser = name_part, value_name = "PREFIX")]
    prefix: String,
    /// Put this behind the names of our types, such as Auth.
    #[arg(long, default_value = "", value_parser = suffix, value_name = "SUFFIX")]
    suffix: String,
}

impl Ours {
    /// The JSON of what is meant.
    ///
    /// # Errors
    /// What is wrong with the files, a line each.
    pub(in crate::cli) fn build(&self) -> anyhow::Result<Value> {
        let mut document = self.directory.build()?;
        if !self.flows.is_empty() {
            keep_actions(&mut document, |action| is_of(action, &self.flows));
        }
        if !self.prefix.is_empty() || !self.suffix.is_empty() {
            rename(&mut document, &self.prefix, &self.suffix);
        }
        Ok(document)
    }
}

/// The actions of one flow or of several; every other action belongs to all flows.
const ACTIONS: [(&str, &[Flow]); 14] = [
    ("v1Login", &[Flow::Siwe]),
    ("v1RestoreSession", &[Flow::Siwe]),
    ("authenticate", &[Flow::Lens]),
    ("challenge", &[Flow::Lens]),
    ("refresh", &[Flow::Lens]),
    ("verify", &[Flow::Lens]),
    ("login", &[Flow::Email]),
    ("refreshToken", &[Flow::Email, Flow::Username]),
    ("register", &[Flow::Email, Flow::Username]),
    ("tokenAuth", &[Flow::Username]),
    ("verifyToken", &[Flow::Username]),
    ("v1LinkPassword", &[Flow::Email, Flow::Username]),
    ("v1LinkWallet", &[Flow::Siwe]),
    ("v1ChangePassword", &[Flow::Email, Flow::Username]),
];

fn is_of(action: &str, flows: &[Flow]) -> bool {
    ACTIONS
        .iter()
        .find(|(name, _)| *name == action)
        .is_none_or(|(_, own)| own.iter().any(|flow| flows.contains(flow)))
}

/// The beginning of a GraphQL name. `__` is GraphQL's own.
fn name_part(text: &str) -> Result<String, &'static str> {
    let is_start = |first: char| first.is_ascii_alphabetic() || first == '_';
    if text.is_empty() || text.starts_with(is_start) && !text.starts_with("__") && has_name_characters(text) {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits and _, beginning with a letter")
    }
}

fn suffix(text: &str) -> Result<String, &'static str> {
    if has_name_characters(text) {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits and _")
    }
}

fn has_name_characters(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hasura::metadata::{Files, build};

    #[test]
    fn every_action_of_the_table_is_shipped() {
        let shipped = build(&Files::embedded()).unwrap().metadata;
        let actions = shipped["actions"].as_array().unwrap();
        for (name, _) in ACTIONS {
            assert!(actions.iter().any(|action| action["name"] == name), "{name}");
        }
        for action in actions.iter().filter_map(|action| action["name"].as_str()) {
            let is_common = !ACTIONS.iter().any(|(name, _)| *name == action);
            assert!(
                !is_common || action.starts_with("v1") || action == "myProfile",
                "{action} belongs to which flow?"
            );
        }
    }

    #[test]
    fn a_prefix_and_a_suffix_make_names() {
        assert!(name_part("auth_").is_ok() && name_part("").is_ok() && name_part("_a1").is_ok());
        for bad in ["__a", "1a", "a-b", "ä"] {
            assert!(name_part(bad).is_err(), "{bad}");
        }
        assert!(suffix("1V").is_ok() && suffix("a b").is_err());
    }
}
