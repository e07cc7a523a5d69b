//! Our metadata put into that of a Hasura that has some.
//!
//! Things go by name. What is not there is added behind what is; what is there and equal stays; a different thing of the same
//! name is a clash, because it belongs to the owner of that Hasura. Nothing is ever taken away.

use serde_json::Value;

use super::canonical::{canonical, named};
use super::diff::{Difference, differences};
use super::exact::Exact;

/// What came of a merge.
#[derive(Debug)]
pub struct Merged {
    /// The document to send.
    pub document: Exact,
    /// The paths of what was not there.
    pub added: Vec<String>,
    /// The paths of what gave way to ours, where that was asked for.
    pub overwritten: Vec<String>,
    /// What is there and is another thing.
    pub clashes: Vec<Clash>,
}

/// Two different things of one name.
#[derive(Debug)]
pub struct Clash {
    /// The name, as a path.
    pub path: String,
    /// In what they differ.
    pub differences: Vec<Difference>,
}

/// Keys of a source that belong to its database, which may be reached otherwise there.
const OF_THE_DATABASE: [&str; 3] = ["name", "kind", "configuration"];

/// Merges `ours` into `theirs`. With `overwrite`, ours takes the place of a different thing.
pub fn merge(ours: &Value, theirs: &Exact, overwrite: bool) -> Merged {
    let mut merge = Merge {
        overwrite,
        merged: Merged {
            document: theirs.clone(),
            added: Vec::new(),
            overwritten: Vec::new(),
            clashes: Vec::new(),
        },
    };
    // Taken out, so that the merge can be written down while the document changes.
    let mut document = std::mem::replace(&mut merge.merged.document, Exact::List(Vec::new()));
    for (key, value) in ours.as_object().into_iter().flatten() {
        match key.as_str() {
            "version" => {}
            "sources" => merge.list(&mut document, key, key, value, Merge::source),
            "custom_types" => merge.custom_types(&mut document, value),
            _ => merge.value(&mut document, key, key, value),
        }
    }
    merge.merged.document = document;
    merge.merged
}

struct Merge {
    overwrite: bool,
    merged: Merged,
}

impl Merge {
    /// A key of an object: a list of named things item by item, anything else as a whole.
    fn value(&mut self, parent: &mut Exact, path: &str, key: &str, ours: &Value) {
        match ours {
            Value::Array(items) if items.iter().all(|item| named(item).is_some()) => {
                self.list(parent, path, key, ours, Self::whole);
            }
            _ => {
                if canonical(ours).as_object().is_some_and(serde_json::Map::is_empty) {
                    return;
                }
                match parent.get_mut(key).filter(|theirs| !theirs.is_null()) {
                    Some(theirs) => self.whole(path, ours, theirs),
                    None => {
                        parent.set(key, ours.into());
                        self.merged.added.push(path.to_owned());
                    }
                }
            }
        }
    }

    /// A list of named things. `same` is asked about those that are there.
    fn list(
        &mut self,
        parent: &mut Exact,
        path: &str,
        key: &str,
        ours: &Value,
        same: fn(&mut Self, &str, &Value, &mut Exact),
    ) {
        let items = ours.as_array().map(Vec::as_slice).unwrap_or_default();
        for item in items {
            let name = named(item).unwrap_or_default();
            let path = format!("{path}[{name}]");
            if parent.get_mut(key).and_then(Exact::items_mut).is_none() {
                parent.set(key, Exact::List(Vec::new()));
            }
            let list = parent.get_mut(key).and_then(Exact::items_mut);
            let theirs = list.expect("it was put there");
            let there = theirs
                .iter_mut()
                .find(|item| named(&item.to_value()).as_deref() == Some(&name));
            match there {
                Some(there) => same(self, &path, item, there),
                None => {
                    theirs.push(item.into());
                    self.merged.added.push(path);
                }
            }
        }
    }

    /// One thing that is there: equal, another one, or to give way.
    fn whole(&mut self, path: &str, ours: &Value, theirs: &mut Exact) {
        let differences = differences(ours, &theirs.to_value());
        if differences.is_empty() {
            return;
        }
        if self.overwrite {
            *theirs = ours.into();
            self.merged.overwritten.push(path.to_owned());
        } else {
            self.clash(path, differences);
        }
    }

    fn clash(&mut self, path: &str, differences: Vec<Difference>) {
        self.merged.clashes.push(Clash {
            path: path.to_owned(),
            differences,
        });
    }

    /// A source that is there keeps its connection; our tables go into it.
    fn source(&mut self, path: &str, ours: &Value, theirs: &mut Exact) {
        let kind = |value: &Value| value.get("kind").cloned();
        let (here, there) = (kind(ours), kind(&theirs.to_value()));
        if here != there {
            let path = format!("{path}.kind");
            return self.clash(
                &path,
                vec![Difference {
                    path: String::new(),
                    here,
                    there,
                }],
            );
        }
        for (key, value) in ours.as_object().into_iter().flatten() {
            let path = format!("{path}.{key}");
            match key.as_str() {
                key if OF_THE_DATABASE.contains(&key) => {}
                "tables" => self.list(theirs, &path, key, value, Self::table),
                _ => self.value(theirs, &path, key, value),
            }
        }
    }

    /// A table that is there must have all of ours, and may have more. Otherwise it is another table of that name: it gets
    /// nothing of ours, unless that was asked for. Then our permissions go beside theirs.
    fn table(&mut self, path: &str, ours: &Value, theirs: &mut Exact) {
        if self.has_all(ours, theirs) {
            return;
        }
        if !self.overwrite {
            return self.clash(path, differences(ours, &theirs.to_value()));
        }
        self.table_fields(path, ours, theirs);
    }

    fn table_fields(&mut self, path: &str, ours: &Value, theirs: &mut Exact) {
        for (key, value) in ours.as_object().into_iter().flatten() {
            if key != "table" {
                self.value(theirs, &format!("{path}.{key}"), key, value);
            }
        }
    }

    /// Whether a merge of this table would change nothing.
    fn has_all(&self, ours: &Value, theirs: &Exact) -> bool {
        let mut rehearsal = Self {
            overwrite: false,
            merged: Merged {
                document: Exact::List(Vec::new()),
                added: Vec::new(),
                overwritten: Vec::new(),
                clashes: Vec::new(),
            },
        };
        rehearsal.table_fields("", ours, &mut theirs.clone());
        rehearsal.merged.added.is_empty() && rehearsal.merged.clashes.is_empty()
    }

    /// Types share one namespace, whichever list they stand in.
    fn custom_types(&mut self, document: &mut Exact, ours: &Value) {
        let theirs = document.get("custom_types").map(Exact::to_value);
        let theirs = theirs.filter(Value::is_object);
        if theirs.is_none() && canonical(ours) != Value::Object(serde_json::Map::new()) {
            document.set("custom_types", Exact::Object(Vec::new()));
        }
        for (kind, items) in ours.as_object().into_iter().flatten() {
            let path = format!("custom_types.{kind}");
            for item in items.as_array().into_iter().flatten() {
                let name = named(item).unwrap_or_default();
                if let Some(other) = other_kind(theirs.as_ref(), kind, &name) {
                    let difference = Difference {
                        path: String::new(),
                        here: Some(kind.as_str().into()),
                        there: Some(other.into()),
                    };
                    self.clash(&format!("{path}[{name}]"), vec![difference]);
                } else if let Some(types) = document.get_mut("custom_types") {
                    self.list(types, &path, kind, &Value::Array(vec![item.clone()]), Self::whole);
                }
            }
        }
    }
}

/// The other list in which a type of this name stands.
fn other_kind(types: Option<&Value>, kind: &str, name: &str) -> Option<String> {
    let (other, _) = types?.as_object()?.iter().find(|(other, items)| {
        let mut names = items.as_array().into_iter().flatten().filter_map(named);
        *other != kind && names.any(|one| one == name)
    })?;
    Some(other.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(ours: Value, theirs: &str, overwrite: bool) -> Merged {
        merge(&ours, &serde_json::from_str(theirs).unwrap(), overwrite)
    }

    fn text(merged: &Merged) -> String {
        serde_json::to_string(&merged.document).unwrap()
    }

    #[test]
    fn what_is_there_is_kept_to_the_byte_and_ours_comes_behind() {
        let theirs = r#"{"version":3,"actions":[{"name":"z","x":1.50}],"network":{"a":"\u00e9"}}"#;
        let ours = json!({"version": 3, "actions": [{"name": "a"}], "network": {}, "custom_types": {"objects": [{"name": "T"}], "enums": []}});
        let merged = merged(ours, theirs, false);
        assert_eq!(
            text(&merged),
            r#"{"version":3,"actions":[{"name":"z","x":1.50},{"name":"a"}],"network":{"a":"\u00e9"},"custom_types":{"objects":[{"name":"T"}]}}"#
        );
        assert_eq!(merged.added, ["actions[a]", "custom_types.objects[T]"]);
        assert!(merged.clashes.is_empty());
    }

    #[test]
    fn equal_things_change_nothing_and_others_clash_or_give_way() {
        let theirs = r#"{"actions":[{"name":"a","definition":{"handler":"h"}},{"name":"b","definition":{"handler":"theirs"}}]}"#;
        let ours = json!({"actions": [
            {"name": "a", "definition": {"handler": "h", "timeout": 30}},
            {"name": "b", "definition": {"handler": "ours"}}]});
        let refused = merged(ours.clone(), theirs, false);
        assert_eq!(text(&refused), theirs);
        assert_eq!(refused.clashes[0].path, "actions[b]");
        assert_eq!(refused.clashes[0].differences[0].path, "definition.handler");
        let overwritten = merged(ours, theirs, true);
        assert_eq!(overwritten.overwritten, ["actions[b]"]);
        assert!(text(&overwritten).contains("ours"));
    }

    #[test]
    fn tables_go_into_the_source_of_their_name_and_a_table_that_is_there_gets_nothing_unless_that_is_asked_for()
     {
        let theirs = r#"{"sources":[{"name":"default","kind":"postgres","tables":[{"table":{"schema":"public","name":"t"},"select_permissions":[{"role":"them","permission":{"columns":["a"],"filter":{}}}]}],"configuration":{"theirs":1}}]}"#;
        let ours = json!({"sources": [{"name": "default", "kind": "postgres", "configuration": {"ours": 1}, "tables": [
            {"table": {"name": "t", "schema": "public"}, "select_permissions": [{"role": "us", "permission": {"columns": ["b"], "filter": {}}}]},
            {"table": {"name": "u", "schema": "public"}}]}]});
        let refused = merged(ours.clone(), theirs, false);
        assert_eq!(refused.added, ["sources[default].tables[public.u]"]);
        assert_eq!(refused.clashes[0].path, "sources[default].tables[public.t]");
        let shown: Vec<&str> = refused.clashes[0]
            .differences
            .iter()
            .map(|one| one.path.as_str())
            .collect();
        assert_eq!(shown, ["select_permissions[us]", "select_permissions[them]"]);
        let merged = merged(ours, theirs, true);
        assert_eq!(
            merged.added,
            [
                "sources[default].tables[public.t].select_permissions[us]",
                "sources[default].tables[public.u]"
            ]
        );
        let value = merged.document.to_value();
        assert_eq!(value["sources"][0]["configuration"], json!({"theirs": 1}));
        let again = merge(&value, &merged.document, false);
        assert_eq!((again.added.len(), again.clashes.len()), (0, 0));
    }

    #[test]
    fn a_type_of_another_kind_is_a_clash_whatever_is_asked_for() {
        let theirs = r#"{"custom_types":{"scalars":[{"name":"T"}]}}"#;
        let ours = json!({"custom_types": {"objects": [{"name": "T", "fields": []}]}});
        let merged = merged(ours, theirs, true);
        assert_eq!(text(&merged), theirs);
        assert_eq!(merged.clashes[0].path, "custom_types.objects[T]");
    }
}
