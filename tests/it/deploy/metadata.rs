//! Hasura's metadata against the actions that the service answers and the tables that it has.

use std::collections::{BTreeMap, BTreeSet};

use hasura_siwe::http::ACTIONS;
use serde_json::Value;

use super::yaml;
use crate::repository::{files, read, root};

/// Whether the metadata is part of this checkout.
fn is_there() -> bool {
    root().join("hasura/metadata").exists()
}

fn actions() -> Vec<Value> {
    yaml("hasura/metadata/actions.yaml")["actions"]
        .as_array()
        .unwrap()
        .clone()
}

fn roles(of: &Value) -> BTreeSet<&str> {
    of.as_array()
        .into_iter()
        .flatten()
        .filter_map(|permission| permission["role"].as_str())
        .collect()
}

#[test]
fn every_file_is_yaml_that_holds_what_an_export_writes() {
    if !is_there() {
        return;
    }
    for path in files("hasura", "yaml") {
        yaml(&path);
        // A colon and a blank inside a plain text is a mapping to Hasura's own parser, even where ours is lenient.
        for line in read(&path).lines() {
            let value = line.split_once(": ").map_or("", |(_, value)| value);
            let quoted = value.starts_with(['"', '\'', '{', '[', '|', '>', '#']);
            assert!(
                quoted || !value.contains(": "),
                "{path}: quote the value of {line:?}"
            );
        }
    }
    assert_eq!(yaml("hasura/metadata/version.yaml")["version"], 3);
    for name in [
        "actions",
        "allow_list",
        "api_limits",
        "backend_configs",
        "cron_triggers",
        "graphql_schema_introspection",
        "inherited_roles",
        "metrics_config",
        "network",
        "opentelemetry",
        "query_collections",
        "remote_schemas",
        "rest_endpoints",
        "databases/databases",
    ] {
        assert!(
            root().join(format!("hasura/metadata/{name}.yaml")).exists(),
            "{name}.yaml is missing"
        );
    }
}

#[test]
fn every_action_is_routed_and_every_route_is_an_action() {
    if !is_there() {
        return;
    }
    let routed: BTreeMap<String, String> = ACTIONS
        .iter()
        .map(|(path, name)| (name.to_string(), format!("{{{{ACTIONS_BASE_URL}}}}{path}")))
        .collect();
    let declared: BTreeMap<String, String> = actions()
        .iter()
        .map(|action| {
            (
                action["name"].as_str().unwrap().to_owned(),
                action["definition"]["handler"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(declared, routed);
    let sdl = read("hasura/metadata/actions.graphql");
    for name in routed.keys() {
        assert!(
            sdl.contains(&format!("  {name}")),
            "{name} is not in actions.graphql"
        );
    }
}

#[test]
fn every_action_sends_the_secret_and_outlasts_the_services_own_time_out() {
    if !is_there() {
        return;
    }
    for action in actions() {
        let (name, definition) = (&action["name"], &action["definition"]);
        let header = &definition["headers"][0];
        assert_eq!(
            header["name"].as_str().unwrap().to_lowercase(),
            "x-actions-secret",
            "{name}"
        );
        assert_eq!(header["value_from_env"], "ACTIONS_SECRET", "{name}");
        assert!(header.get("value").is_none(), "{name} holds a secret in clear");
        assert!(
            definition["timeout"].as_u64().unwrap_or(30) > 12,
            "{name}: the service gives up after 12 s"
        );
    }
}

#[test]
fn each_role_may_call_what_the_documents_say() {
    if !is_there() {
        return;
    }
    for action in actions() {
        let name = action["name"].as_str().unwrap();
        let for_guests = [
            "v1Login",
            "v1RestoreSession",
            "v1Nonce",
            "challenge",
            "authenticate",
            "refresh",
            "verify",
            "login",
            "register",
            "tokenAuth",
            "verifyToken",
            "refreshToken",
        ]
        .contains(&name);
        let expected = if for_guests {
            BTreeSet::from(["guest", "user"])
        } else {
            BTreeSet::from(["user"])
        };
        // `admin` is Hasura's superuser and is never listed.
        assert_eq!(roles(&action["permissions"]), expected, "{name}");
    }
}

#[test]
fn what_metadata_reads_from_the_environment_is_given_by_compose() {
    if !is_there() {
        return;
    }
    let stack = yaml("docker-compose.yml");
    let given = &stack["services"]["graphql-engine"]["environment"];
    for path in files("hasura", "yaml") {
        let text = read(&path);
        let from_env = text
            .lines()
            .filter_map(|line| line.trim().trim_start_matches("- ").split_once("from_env: "));
        let templates = text
            .split("{{")
            .skip(1)
            .filter_map(|rest| rest.split("}}").next());
        for name in from_env.map(|(_, name)| name.trim()).chain(templates) {
            assert!(
                given.get(name).is_some(),
                "{path} reads {name}, which compose does not give Hasura"
            );
            assert!(
                !name.starts_with("HASURA_GRAPHQL_"),
                "{path}: Hasura refuses {name}"
            );
        }
    }
}

#[test]
fn tables_are_public_ones_of_the_migrations_without_user_ids_for_strangers() {
    if !is_there() {
        return;
    }
    let migrations: String = files("migrations", "sql").iter().map(|path| read(path)).collect();
    let mut tables = BTreeSet::new();
    for path in files("hasura/metadata/databases/default/tables", "yaml") {
        if path.ends_with("/tables.yaml") {
            continue;
        }
        let table = yaml(&path);
        let name = table["table"]["name"].as_str().unwrap();
        assert_eq!(table["table"]["schema"], "public", "{path}");
        assert!(
            migrations.contains(&format!("create table public.{name} ("))
                || migrations.contains(&format!("create view public.{name} as")),
            "no migration makes {name}"
        );
        if table.get("select_permissions").is_none() {
            let for_admins = ["audit", "sessions", "signing_keys"];
            assert!(for_admins.contains(&name), "{name} is for admins alone");
            continue;
        }
        assert_eq!(
            roles(&table["select_permissions"]),
            BTreeSet::from(["guest", "user"]),
            "{name}"
        );
        for permission in table["select_permissions"].as_array().unwrap() {
            let permission = &permission["permission"];
            assert!(
                permission["limit"].as_u64().is_some_and(|limit| limit <= 1000),
                "{name} has no limit"
            );
            let columns: Vec<&str> = permission["columns"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            assert!(
                !columns.is_empty() && !columns.contains(&"user_id"),
                "{name}: {columns:?}"
            );
        }
        for write in ["insert_permissions", "update_permissions", "delete_permissions"] {
            assert!(
                table.get(write).is_none(),
                "{name}: writing goes through the service"
            );
        }
        tables.insert(name.to_owned());
    }
    assert_eq!(tables, ["accounts".to_owned(), "networks".to_owned()].into());
}

#[test]
fn the_rest_endpoints_run_the_published_documents() {
    if !is_there() {
        return;
    }
    let collections = yaml("hasura/metadata/query_collections.yaml");
    let stored: BTreeMap<&str, &str> = collections
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|collection| collection["definition"]["queries"].as_array().unwrap())
        .map(|query| (query["name"].as_str().unwrap(), query["query"].as_str().unwrap()))
        .collect();
    let mut urls = BTreeSet::new();
    for endpoint in yaml("hasura/metadata/rest_endpoints.yaml").as_array().unwrap() {
        let query = endpoint["definition"]["query"]["query_name"].as_str().unwrap();
        assert!(
            stored[query].starts_with(&format!("mutation {query}(")),
            "{query}"
        );
        assert_eq!(endpoint["methods"][0], "POST");
        urls.insert(endpoint["url"].as_str().unwrap().to_owned());
    }
    let published = ["v1/login", "v1/restore-session", "v1/update-account"];
    assert_eq!(urls, published.map(str::to_owned).into());
}
