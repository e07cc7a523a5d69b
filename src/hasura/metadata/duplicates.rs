//! Things that are there twice: two actions of a name, two permissions of a role.
//!
//! Hasura refuses all of the metadata for one of them.

use std::collections::BTreeMap;

use super::Problem;
use super::node::{Content, Node};

/// Below these stand values and expressions, whose lists have no identities.
const VALUES: [&str; 8] = [
    "filter",
    "check",
    "set",
    "payload",
    "headers",
    "request_transform",
    "response_transform",
    "definition_args",
];

/// One problem for each item that came before.
pub(super) fn find(node: &Node) -> Vec<Problem> {
    let mut found = Vec::new();
    walk(node, &mut found);
    found
}

fn walk(node: &Node, found: &mut Vec<Problem>) {
    match &node.content {
        Content::Scalar(_) | Content::Include(_) => {}
        Content::Map(fields) => {
            for (key, value) in fields {
                if !VALUES.contains(&key.name.as_str()) {
                    walk(value, found);
                }
            }
        }
        Content::List(items) => {
            let mut seen = BTreeMap::new();
            for item in items {
                if let Some(identity) = item.identity() {
                    match seen.get(&identity) {
                        None => {
                            seen.insert(identity, &item.place);
                        }
                        Some(first) => {
                            let reason = format!(
                                "{identity} is there twice, first in {}:{}",
                                first.file, first.line
                            );
                            found.push(Problem::at(&item.place, reason));
                        }
                    }
                }
                walk(item, found);
            }
        }
    }
}
