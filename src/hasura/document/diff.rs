//! What two documents say differently, path by path.
//!
//! Lists of named things are compared name by name: `actions[v1Login].definition.timeout`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::canonical::{canonical, named};

/// One place where two documents differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where.
    pub path: String,
    /// What stands there in the first; `None` when nothing does.
    pub here: Option<Value>,
    /// What stands there in the second.
    pub there: Option<Value>,
}

const TYPES: &str = "custom_types";

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Every difference, as far down as both sides have something.
pub fn differences(here: &Value, there: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", Some(&canonical(here)), Some(&canonical(there)), &mut found);
    found
}

fn compare(path: &str, here: Option<&Value>, there: Option<&Value>, found: &mut Vec<Difference>) {
    match (here, there) {
        _ if here == there => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let only_there = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(only_there) {
                let path = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                compare(&path, a.get(key), b.get(key), found);
            }
        }
        // The one section that is an object of lists.
        (Some(_), None) if path == TYPES => compare(path, here, Some(&empty()), found),
        (None, Some(_)) if path == TYPES => compare(path, Some(&empty()), there, found),
        // A section or list that one side lacks is a list of what the other has.
        (Some(Value::Array(a)), None) if !a.is_empty() && is_named(a) => by_name(path, a, &[], found),
        (None, Some(Value::Array(b))) if !b.is_empty() && is_named(b) => by_name(path, &[], b, found),
        (Some(Value::Array(a)), Some(Value::Array(b))) if is_named(a) && is_named(b) => {
            by_name(path, a, b, found);
        }
        _ => found.push(Difference {
            path: path.to_owned(),
            here: here.cloned(),
            there: there.cloned(),
        }),
    }
}

fn is_named(items: &[Value]) -> bool {
    items.iter().all(|item| named(item).is_some())
}

fn by_name(path: &str, here: &[Value], there: &[Value], found: &mut Vec<Difference>) {
    let (here, there) = (index(here), index(there));
    let only_there = there.keys().filter(|name| !here.contains_key(*name));
    for name in here.keys().chain(only_there) {
        let path = format!("{path}[{name}]");
        compare(&path, here.get(name).copied(), there.get(name).copied(), found);
    }
}

fn index(items: &[Value]) -> BTreeMap<String, &Value> {
    items
        .iter()
        .filter_map(|item| Some((named(item)?, item)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_named_down_to_the_value() {
        let here = json!({"version": 3, "actions": [
            {"name": "a", "definition": {"handler": "h", "timeout": 15}},
            {"name": "b", "definition": {"handler": "h"}}]});
        let there = json!({"version": 3, "actions": [
            {"name": "a", "definition": {"handler": "h"}},
            {"name": "c", "definition": {"handler": "h"}}], "rest_endpoints": [{"name": "e"}]});
        let found = differences(&here, &there);
        let shown: Vec<(&str, bool, bool)> = found
            .iter()
            .map(|one| (one.path.as_str(), one.here.is_some(), one.there.is_some()))
            .collect();
        assert_eq!(
            shown,
            [
                ("actions[a].definition.timeout", true, false),
                ("actions[b]", true, false),
                ("actions[c]", false, true),
                ("rest_endpoints[e]", false, true),
            ]
        );
        assert_eq!(differences(&here, &here), []);
        let none = json!({"query_root_fields": []});
        assert_eq!(
            differences(&none, &json!({})).len(),
            1,
            "an empty list may mean something"
        );
    }
}
