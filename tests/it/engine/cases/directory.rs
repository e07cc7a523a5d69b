//! The metadata directory of a case: the fixture's tables, the common types, `whoami`, and what the
//! case itself adds.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::case::{Action, Case};
use crate::repository::{files, read, root};

/// Who may call an action that does not say it.
const EVERYBODY: [&str; 8] = [
    "user",
    "guest",
    "an0nymous",
    "editor",
    "hook",
    "mod",
    "r00t",
    "critic",
];
const TABLES: &str = "tests/fixtures/engine/metadata/databases";

/// Writes it; it is gone with the value.
pub fn write(case: &Case) -> TempDir {
    let folder = TempDir::new().unwrap();
    for file in files(TABLES, "yaml") {
        let text = read(&file);
        let below = file.strip_prefix("tests/fixtures/engine/metadata/").unwrap();
        let path = folder.path().join(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let types = fs::read_to_string(root().join("tests/fixtures/engine/cases/types.graphql")).unwrap();
    let types = format!("{types}\n{}", case.types);
    let whoami = whoami();
    let mut actions = vec![&whoami];
    actions.extend(&case.action);
    if case.action.as_ref().is_some_and(|own| own.name == "whoami") {
        actions.remove(0);
    }
    let mut sdl = types.clone();
    for action in &actions {
        if let Some(output) = &action.output {
            let root = if action.kind_of_root == "query" {
                "Query"
            } else {
                "Mutation"
            };
            sdl.push_str(&format!(
                "\nextend type {root} {{ {}{}: {output} }}",
                action.name, action.args
            ));
        }
    }
    let yaml = json!({
        "actions": actions.iter().map(|action| definition(action)).collect::<Vec<_>>(),
        "custom_types": listed(&types),
    });
    put(folder.path(), "version.yaml", "version: 3");
    put(folder.path(), "actions.graphql", &sdl);
    put(folder.path(), "actions.yaml", &yaml.to_string());
    put(
        folder.path(),
        "inherited_roles.yaml",
        &case.inherited_roles.to_string(),
    );
    folder
}

fn put(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn whoami() -> Action {
    serde_json::from_value(json!({"type": "mutation", "name": "whoami", "output": "String"})).unwrap()
}

fn definition(action: &Action) -> Value {
    let name = &action.name;
    let mut definition = action.definition.clone();
    let handler = action
        .handler
        .clone()
        .unwrap_or_else(|| format!("{{{{ACTIONS_BASE_URL}}}}/{name}"));
    definition.insert("handler".to_owned(), handler.into());
    definition.insert("kind".to_owned(), json!(action.kind));
    definition.insert("timeout".to_owned(), json!(action.timeout));
    definition.insert("headers".to_owned(), json!(action.headers));
    let everybody = EVERYBODY.map(str::to_owned).to_vec();
    let permissions: Vec<Value> = action
        .permissions
        .as_ref()
        .unwrap_or(&everybody)
        .iter()
        .map(|role| json!({"role": role}))
        .collect();
    json!({"name": name, "definition": definition, "permissions": permissions})
}

/// Every type of the text under its heading, as actions.yaml must name it.
fn listed(types: &str) -> Value {
    let mut listed = json!({"enums": [], "input_objects": [], "objects": [], "scalars": []});
    let words: Vec<&str> = types
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect();
    for pair in words.windows(2) {
        let heading = match pair[0] {
            "enum" => "enums",
            "input" => "input_objects",
            "type" => "objects",
            "scalar" => "scalars",
            _ => continue,
        };
        listed[heading]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": pair[1]}));
    }
    listed
}
