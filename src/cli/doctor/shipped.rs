//! What a role has by the shipped metadata, and how that is asked of a Hasura's schema. It sends nothing.

use serde_json::{Value, json};

use super::graphql::Answer;

/// What the shipped metadata gives a role.
pub(super) struct Expected<'m> {
    /// Root fields that it has.
    pub(super) allowed: Vec<&'m str>,
    /// Root fields of ours that it has not.
    refused: Vec<String>,
    /// The columns that it sees, by table.
    columns: Vec<(&'m str, Vec<&'m str>)>,
}

fn list<'m>(value: &'m Value, key: &str) -> impl Iterator<Item = &'m Value> {
    value[key].as_array().into_iter().flatten()
}

fn is_for(permissions: &Value, key: &str, role: &str) -> bool {
    list(permissions, key).any(|permission| permission["role"] == role)
}

impl<'m> Expected<'m> {
    pub(super) fn of(metadata: &'m Value, role: &str) -> Self {
        let mut expected = Self {
            allowed: Vec::new(),
            refused: Vec::new(),
            columns: Vec::new(),
        };
        for action in list(metadata, "actions") {
            let Some(name) = action["name"].as_str() else {
                continue;
            };
            if is_for(action, "permissions", role) {
                expected.allowed.push(name);
            } else {
                expected.refused.push(name.to_owned());
            }
        }
        for table in list(metadata, "sources").flat_map(|source| list(source, "tables")) {
            let Some(name) = table["table"]["name"].as_str() else {
                continue;
            };
            let permission = list(table, "select_permissions").find(|one| one["role"] == role);
            expected.refused.push(format!("{name}_aggregate"));
            match permission {
                None => expected
                    .refused
                    .extend([name.to_owned(), format!("{name}_by_pk")]),
                Some(permission) => {
                    expected.allowed.push(name);
                    let columns = list(&permission["permission"], "columns");
                    expected
                        .columns
                        .push((name, columns.filter_map(Value::as_str).collect()));
                }
            }
            for change in ["insert", "update", "delete"] {
                expected
                    .refused
                    .extend(["", "_one", "_by_pk", "_many"].map(|which| format!("{change}_{name}{which}")));
            }
        }
        expected
    }

    /// One question for the root fields, and for the columns of each table.
    pub(super) fn question(&self) -> String {
        let mut question = String::from("query {");
        for root in ["query_root", "mutation_root"] {
            question.push_str(&format!(
                " {root}: __type(name: {}) {{ fields {{ name }} }}",
                json!(root)
            ));
        }
        for (table, _) in &self.columns {
            question.push_str(&format!(
                " {table}: __type(name: {}) {{ fields {{ name type {{ kind ofType {{ kind }} }} }} }}",
                json!(table)
            ));
        }
        question.push_str(" }");
        question
    }

    /// What the role lacks, and what it has beyond.
    pub(super) fn judge(&self, answer: &Answer) -> (Vec<String>, Vec<String>) {
        let mut roots = answer.fields("query_root");
        roots.extend(answer.fields("mutation_root"));
        let missing = self
            .allowed
            .iter()
            .filter(|name| !roots.contains(*name))
            .map(ToString::to_string);
        let mut beyond: Vec<String> = self
            .refused
            .iter()
            .filter(|name| roots.contains(&name.as_str()))
            .cloned()
            .collect();
        for (table, columns) in &self.columns {
            for field in list(&answer.data[*table], "fields") {
                let name = field["name"].as_str().unwrap_or_default();
                // A relationship that an operator added leads to objects.
                let kind = match &field["type"]["ofType"]["kind"] {
                    Value::Null => &field["type"]["kind"],
                    inner => inner,
                };
                if kind == "SCALAR" && !columns.contains(&name) {
                    beyond.push(format!("{table}.{name}"));
                }
            }
        }
        (missing.collect(), beyond)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hasura::metadata::{Files, build};
    use crate::model::{GUEST_ROLE, USER_ROLE};

    #[test]
    fn the_shipped_metadata_says_what_each_role_may() {
        let shipped = build(&Files::embedded()).unwrap().metadata;
        let guest = Expected::of(&shipped, GUEST_ROLE);
        assert!(guest.allowed.contains(&"v1Login") && guest.allowed.contains(&"accounts"));
        for name in [
            "v1UpdateAccount",
            "audit",
            "insert_accounts_one",
            "accounts_aggregate",
        ] {
            assert!(guest.refused.contains(&name.to_owned()), "{name}");
        }
        let user = Expected::of(&shipped, USER_ROLE);
        assert!(user.allowed.contains(&"v1UpdateAccount") && user.refused.contains(&"audit".to_owned()));
        let (_, columns) = user
            .columns
            .iter()
            .find(|(table, _)| *table == "accounts")
            .unwrap();
        assert!(columns.contains(&"address") && !columns.contains(&"user_id"));
    }
}
