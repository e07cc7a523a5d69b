//! Our metadata taken out of that of a Hasura, and nothing else.
//!
//! What is equal to ours goes. What is different, or what something else still uses, stays and is named.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::canonical::{canonical, named};
use super::diff::differences;
use super::exact::Exact;
use super::shape::inner_name;

/// What came of a removal.
#[derive(Debug)]
pub struct Removed {
    /// The document to send.
    pub document: Exact,
    /// The paths of what went.
    pub removed: Vec<String>,
    /// The paths of what stays, each with the reason.
    pub kept: Vec<(String, &'static str)>,
}

const DIFFERENT: &str = "it is different from ours";
const IN_USE: &str = "something else uses it";

/// Takes `ours` out of `theirs`.
pub fn remove(ours: &Value, theirs: &Exact) -> Removed {
    let mut removal = Removed {
        document: Exact::List(Vec::new()),
        removed: Vec::new(),
        kept: Vec::new(),
    };
    let mut document = theirs.clone();
    for (key, value) in ours.as_object().into_iter().flatten() {
        match key.as_str() {
            "version" | "custom_types" => {}
            "sources" => removal.sources(&mut document, value),
            _ => removal.list(&mut document, key, key, value),
        }
    }
    // Last, because the actions that use them have gone by now.
    if let Some(types) = ours.get("custom_types") {
        removal.custom_types(&mut document, types);
    }
    removal.document = document;
    removal
}

impl Removed {
    /// The named items of a list that are equal to ours.
    fn list(&mut self, parent: &mut Exact, path: &str, key: &str, ours: &Value) {
        let Some(theirs) = parent.get_mut(key).and_then(Exact::items_mut) else {
            return;
        };
        for item in ours.as_array().into_iter().flatten() {
            let name = named(item).unwrap_or_default();
            let Some(at) = position(theirs, &name) else {
                continue;
            };
            let path = format!("{path}[{name}]");
            if differences(item, &theirs[at].to_value()).is_empty() {
                theirs.remove(at);
                self.removed.push(path);
            } else {
                self.kept.push((path, DIFFERENT));
            }
        }
    }

    fn sources(&mut self, document: &mut Exact, ours: &Value) {
        let Some(sources) = document.get_mut("sources").and_then(Exact::items_mut) else {
            return;
        };
        for source in ours.as_array().into_iter().flatten() {
            let name = named(source).unwrap_or_default();
            let Some(at) = position(sources, &name) else {
                continue;
            };
            let path = format!("sources[{name}]");
            let before = self.removed.len();
            self.tables(&mut sources[at], &path, &source["tables"]);
            let mut bare = source.clone();
            bare["tables"] = Value::Array(Vec::new());
            // A source of which nothing is left but the connection that ours has came with ours.
            if self.removed.len() > before && canonical(&bare) == canonical(&sources[at].to_value()) {
                sources.remove(at);
                self.removed.push(path);
            }
        }
    }

    /// Our permissions, and the table where nothing else is left of it.
    fn tables(&mut self, source: &mut Exact, path: &str, ours: &Value) {
        let Some(tables) = source.get_mut("tables").and_then(Exact::items_mut) else {
            return;
        };
        for table in ours.as_array().into_iter().flatten() {
            let name = named(table).unwrap_or_default();
            let Some(at) = position(tables, &name) else {
                continue;
            };
            let path = format!("{path}.tables[{name}]");
            let before = self.removed.len();
            for (key, value) in table.as_object().into_iter().flatten() {
                if value.is_array() {
                    self.list(&mut tables[at], &format!("{path}.{key}"), key, value);
                }
            }
            let left = canonical(&tables[at].to_value());
            let is_bare = |fields: &Map<String, Value>| {
                let custom = canonical(&table["configuration"]);
                fields.iter().all(|(key, value)| match key.as_str() {
                    "table" => true,
                    "configuration" => *value == custom,
                    _ => false,
                })
            };
            // A table that never had a permission of ours is not ours, unless ours has none.
            let was_ours = self.removed.len() > before || !has_lists(table);
            if was_ours && left.as_object().is_some_and(is_bare) {
                tables.remove(at);
                self.removed.push(path);
            } else {
                self.kept.push((path, IN_USE));
            }
        }
    }

    /// Types that are equal to ours and that nothing else uses, step by step, since types use others.
    fn custom_types(&mut self, document: &mut Exact, ours: &Value) {
        loop {
            let used = used_types(&document.to_value());
            let before = self.removed.len();
            let Some(types) = document.get_mut("custom_types") else {
                return;
            };
            for (kind, items) in ours.as_object().into_iter().flatten() {
                let free = items.as_array().into_iter().flatten();
                let free = free.filter(|item| !used.contains(&named(item).unwrap_or_default()));
                let free = Value::Array(free.cloned().collect());
                let kept = self.kept.len();
                self.list(types, &format!("custom_types.{kind}"), kind, &free);
                // The next step would say it again.
                self.kept.truncate(kept);
            }
            if self.removed.len() == before {
                break;
            }
        }
        let left = document
            .get("custom_types")
            .map(Exact::to_value)
            .unwrap_or_default();
        for (kind, items) in ours.as_object().into_iter().flatten() {
            for item in items.as_array().into_iter().flatten() {
                let name = named(item).unwrap_or_default();
                let theirs = left[kind].as_array().into_iter().flatten();
                let theirs = theirs
                    .into_iter()
                    .find(|one| named(one).as_deref() == Some(&name));
                if let Some(theirs) = theirs {
                    let is_equal = differences(item, theirs).is_empty();
                    let reason = if is_equal { IN_USE } else { DIFFERENT };
                    self.kept.push((format!("custom_types.{kind}[{name}]"), reason));
                }
            }
        }
    }
}

/// Whether an item has lists, such as permissions.
fn has_lists(item: &Value) -> bool {
    item.as_object()
        .is_some_and(|fields| fields.values().any(Value::is_array))
}

fn position(items: &[Exact], name: &str) -> Option<usize> {
    items
        .iter()
        .position(|item| named(&item.to_value()).as_deref() == Some(name))
}

/// The names of the types that actions and other types of a document use.
fn used_types(document: &Value) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let mut note = |text: &Value| {
        used.insert(inner_name(text.as_str().unwrap_or_default()).to_owned());
    };
    for action in document["actions"].as_array().into_iter().flatten() {
        let definition = &action["definition"];
        note(&definition["output_type"]);
        let arguments = definition["arguments"].as_array().into_iter().flatten();
        arguments.for_each(|argument| note(&argument["type"]));
    }
    for types in document["custom_types"].as_object().into_iter().flatten() {
        for custom_type in types.1.as_array().into_iter().flatten() {
            let fields = custom_type["fields"].as_array().into_iter().flatten();
            fields.for_each(|field| note(&field["type"]));
        }
    }
    used
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::merge;
    use super::*;

    fn ours() -> Value {
        json!({"version": 3, "sources": [{"name": "default", "kind": "postgres", "configuration": {"c": 1}, "tables": [
                {"table": {"schema": "public", "name": "t"}, "select_permissions": [{"role": "us", "permission": {"columns": ["b"], "filter": {}}}]}]}],
            "actions": [{"name": "a", "definition": {"handler": "h", "output_type": "Out"}}],
            "custom_types": {"objects": [{"name": "Out", "fields": [{"name": "f", "type": "In2"}]}], "scalars": [{"name": "In2"}]},
            "rest_endpoints": [{"name": "e", "url": "e"}]})
    }

    #[test]
    fn what_a_merge_put_in_is_taken_out_and_nothing_else() {
        for theirs in [
            r#"{"version":3,"sources":[]}"#,
            r#"{"version":3,"sources":[{"name":"default","kind":"postgres","tables":[{"table":{"schema":"public","name":"z"}}],"configuration":{"theirs":1.50}}],"actions":[{"name":"z","definition":{"handler":"h","output_type":"Z"}}],"custom_types":{"objects":[{"name":"Z","fields":[]}],"scalars":[]},"rest_endpoints":[],"network":{"x":"\u00e9"}}"#,
        ] {
            let theirs: Exact = serde_json::from_str(theirs).unwrap();
            let merged = merge(&ours(), &theirs, false);
            assert!(merged.clashes.is_empty());
            let removed = remove(&ours(), &merged.document);
            assert!(removed.kept.is_empty(), "{:?}", removed.kept);
            assert_eq!(
                removed.removed.len(),
                6 + usize::from(theirs.to_value()["sources"] == json!([]))
            );
            let left = canonical(&removed.document.to_value());
            assert_eq!(left, canonical(&theirs.to_value()));
        }
    }

    #[test]
    fn a_table_and_a_source_of_the_same_names_that_never_had_anything_of_ours_stay() {
        let theirs = json!({"version": 3, "sources": [{"name": "default", "kind": "postgres", "configuration": {"c": 1}, "tables": [
            {"table": {"schema": "public", "name": "t"}}]}]});
        let removed = remove(&ours(), &Exact::from(&theirs));
        assert_eq!((removed.removed.len(), removed.document.to_value()), (0, theirs));
        let empty = json!({"version": 3, "sources": [{"name": "default", "kind": "postgres", "configuration": {"c": 1}, "tables": []}]});
        let removed = remove(&ours(), &Exact::from(&empty));
        assert_eq!((removed.removed.len(), removed.document.to_value()), (0, empty));
    }

    #[test]
    fn what_was_changed_or_is_used_stays_and_is_named() {
        let theirs = json!({"version": 3, "sources": [{"name": "default", "kind": "postgres", "tables": [
                {"table": {"schema": "public", "name": "t"}, "select_permissions": [
                    {"role": "us", "permission": {"columns": ["b"], "filter": {}}}, {"role": "them", "permission": {"columns": [], "filter": {}}}]}]}],
            "actions": [{"name": "a", "definition": {"handler": "changed", "output_type": "Out"}}, {"name": "z", "definition": {"output_type": "In2"}}],
            "custom_types": {"objects": [{"name": "Out", "fields": [{"name": "f", "type": "In2"}]}], "scalars": [{"name": "In2"}]}});
        let removed = remove(&ours(), &Exact::from(&theirs));
        assert_eq!(
            removed.removed,
            ["sources[default].tables[public.t].select_permissions[us]"]
        );
        assert_eq!(
            removed.kept,
            [
                ("sources[default].tables[public.t]".to_owned(), IN_USE),
                ("actions[a]".to_owned(), DIFFERENT),
                ("custom_types.objects[Out]".to_owned(), IN_USE),
                ("custom_types.scalars[In2]".to_owned(), IN_USE),
            ]
        );
    }
}
