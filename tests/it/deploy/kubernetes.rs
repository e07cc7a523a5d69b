//! The Kubernetes files, as Kustomize builds them, against what the binary reads and answers. Their form is judged by
//! tests/deploy/kubernetes.sh; no cluster runs here.

mod policies;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use hasura_siwe::config::{Config, Database, VARIABLES, Variables};
use hasura_siwe::server::Limits;
use serde_json::Value;

use super::{given_by_file, names_of_env_file, service_port, yaml};
use crate::repository::{files, read, root};

const EXAMPLE: &str = "deploy/kubernetes/example";
/// Every component together, in webhook mode.
const EVERYTHING: &str = "tests/deploy/kubernetes";

/// What Kustomize makes of a folder, by kind and name.
fn built(folder: &str) -> BTreeMap<(String, String), Value> {
    let output = Command::new(root().join("tests/deploy/kubernetes.sh"))
        .args(["print", folder])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "`make test-deps` installs what is missing: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.split("\n---\n")
        .map(|document| {
            let object: Value = serde_saphyr::from_str(document).unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            ((text(&object["kind"]), text(&object["metadata"]["name"])), object)
        })
        .collect()
}

fn named<'a>(built: &'a BTreeMap<(String, String), Value>, kind: &str, name: &str) -> &'a Value {
    built
        .get(&(kind.to_owned(), name.to_owned()))
        .unwrap_or_else(|| panic!("no {kind} {name}"))
}

fn pod(object: &Value) -> &Value {
    &object["spec"]["template"]["spec"]
}

fn container(object: &Value) -> &Value {
    &pod(object)["containers"][0]
}

/// The variables of a container that are written out, ConfigMaps included.
fn variables(built: &BTreeMap<(String, String), Value>, container: &Value) -> Variables {
    let mut variables = Variables::default();
    for source in container["envFrom"].as_array().into_iter().flatten() {
        let name = source["configMapRef"]["name"].as_str().unwrap();
        for (name, value) in named(built, "ConfigMap", name)["data"].as_object().unwrap() {
            variables.set(name, value.as_str().unwrap());
        }
    }
    for variable in container["env"].as_array().into_iter().flatten() {
        if let Some(value) = variable["value"].as_str() {
            variables.set(variable["name"].as_str().unwrap(), value);
        }
    }
    variables
}

fn names(container: &Value) -> BTreeSet<String> {
    let variables = container["env"].as_array().into_iter().flatten();
    variables
        .map(|variable| variable["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_service_and_migrate_start_with_what_their_pods_give_them() {
    for folder in [EXAMPLE, EVERYTHING] {
        let built = built(folder);
        for (kind, name) in [("Deployment", "hasura-siwe"), ("Job", "hasura-siwe-migrate")] {
            let object = named(&built, kind, name);
            let mounts = container(object)["volumeMounts"].as_array().unwrap();
            assert_eq!(mounts.len(), 1, "{name} is given secrets and nothing else");
            let mounted = mounts[0]["mountPath"].as_str().unwrap();
            let secret = &pod(object)["volumes"][0]["secret"];
            assert_eq!(secret["secretName"], "hasura-siwe");
            assert_eq!(secret["defaultMode"], 0o440, "for its group and nobody else");

            let given = given_by_file(&variables(&built, container(object)), Path::new(mounted));
            for (name, _) in given.variables.iter() {
                assert!(
                    VARIABLES
                        .iter()
                        .any(|v| v.name == name || v.secret && name.strip_suffix("_FILE") == Some(v.name))
                        || kind == "Job" && name == "PG_DATABASE_URL",
                    "nobody reads {name}"
                );
            }
            if let Some(items) = secret["items"].as_array() {
                let keys: BTreeSet<&str> = items.iter().filter_map(|item| item["key"].as_str()).collect();
                let wanted: BTreeSet<&str> = given.secrets.iter().map(String::as_str).collect();
                assert_eq!(keys, wanted, "{name} sees what it reads");
            }
            if kind == "Job" {
                Database::read(&given.variables).unwrap_or_else(|faults| panic!("{folder}: {faults}"));
                let role = variables(&built, container(object));
                let url = role.text("PG_DATABASE_URL").unwrap();
                assert!(
                    url.starts_with("postgres://hasura@"),
                    "a role and no password: {url}"
                );
            } else {
                let config =
                    Config::read(&given.variables).unwrap_or_else(|faults| panic!("{folder}: {faults}"));
                assert_eq!(config.trusted_hops, 1);
                // Issue 14, item 9: the file to copy says which ways to sign in are open.
                assert_eq!(given.variables.text("FLOWS").is_some(), folder == EXAMPLE);
                assert_eq!(config.metrics.is_some(), folder == EVERYTHING);
            }
        }
    }
}

#[test]
fn probes_ask_what_the_service_answers_on_the_port_where_it_listens() {
    let built = built(EXAMPLE);
    let service = container(named(&built, "Deployment", "hasura-siwe"));
    assert_eq!(service["args"][0], "serve");
    assert_eq!(service["ports"][0]["containerPort"], service_port());
    for (probe, path) in [
        ("startupProbe", "/healthz"),
        ("livenessProbe", "/healthz"),
        ("readinessProbe", "/readyz"),
    ] {
        assert_eq!(service[probe]["httpGet"]["path"], path, "{probe}");
        assert_eq!(
            service[probe]["httpGet"]["port"], service["ports"][0]["name"],
            "{probe}"
        );
        assert!(read("src/http/mod.rs").contains(&format!(".route(\"{path}\", get(")));
    }
    let address = named(&built, "Service", "hasura-siwe");
    assert_eq!(address["spec"]["ports"][0]["port"], service_port());
    let hasura = container(named(&built, "Deployment", "graphql-engine"));
    assert_eq!(
        variables(&built, hasura).text("ACTIONS_BASE_URL"),
        Some(format!("http://hasura-siwe:{}", service_port()).as_str())
    );
    // Of the pods of the service, and not of `migrate`.
    let labels = &named(&built, "Deployment", "hasura-siwe")["spec"]["template"]["metadata"]["labels"];
    for selector in [
        &address["spec"]["selector"],
        &named(&built, "Deployment", "hasura-siwe")["spec"]["selector"]["matchLabels"],
        &named(&built, "PodDisruptionBudget", "hasura-siwe")["spec"]["selector"]["matchLabels"],
    ] {
        assert_eq!(selector, labels);
    }
    let job = &named(&built, "Job", "hasura-siwe-migrate")["spec"]["template"]["metadata"]["labels"];
    assert_ne!(job, labels);
    assert_eq!(
        container(named(&built, "Job", "hasura-siwe-migrate"))["args"][0],
        "migrate"
    );
}

#[test]
fn a_rolling_update_gives_the_service_time_for_its_stop() {
    let built = built(EXAMPLE);
    let limits = Limits::default();
    for (name, own) in [
        ("hasura-siwe", (limits.farewell + limits.drain).as_secs()),
        ("graphql-engine", 60),
    ] {
        let deployment = named(&built, "Deployment", name);
        let update = &deployment["spec"]["strategy"]["rollingUpdate"];
        assert_eq!(
            (&update["maxUnavailable"], &update["maxSurge"]),
            (&0.into(), &1.into()),
            "{name}"
        );
        let wait = container(deployment)["lifecycle"]["preStop"]["sleep"]["seconds"]
            .as_u64()
            .unwrap();
        let given = pod(deployment)["terminationGracePeriodSeconds"].as_u64().unwrap();
        assert!(
            wait >= 5 && given >= wait + own + 5,
            "{name}: {given} s for {wait} + {own}"
        );
    }
    assert_eq!(
        named(&built, "PodDisruptionBudget", "hasura-siwe")["spec"]["maxUnavailable"],
        1
    );
}

#[test]
fn nothing_runs_as_root_and_no_secret_is_in_a_file() {
    for folder in [EXAMPLE, EVERYTHING] {
        for ((kind, name), object) in built(folder) {
            assert_ne!(kind, "Secret", "{name}");
            if !["Deployment", "Job"].contains(&kind.as_str()) {
                continue;
            }
            let (pod, own) = (pod(&object), &container(&object)["securityContext"]);
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
            assert!(
                pod["securityContext"]["runAsUser"].as_u64().unwrap() > 0,
                "{name}"
            );
            assert_eq!(
                pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault",
                "{name}"
            );
            assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
            assert_eq!(pod["enableServiceLinks"], false, "{name}");
            assert_eq!(own["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(own["capabilities"]["drop"], serde_json::json!(["ALL"]), "{name}");
            assert!(
                own["readOnlyRootFilesystem"] == true || name == "graphql-engine",
                "{name}"
            );
            assert!(
                container(&object)["resources"]["limits"]["memory"].is_string(),
                "{name}"
            );
            for variable in container(&object)["env"].as_array().unwrap() {
                let Some(value) = variable["value"].as_str() else {
                    let from = &variable["valueFrom"];
                    // The pages that may call are no secret, and are written once.
                    let is_plain = from["configMapKeyRef"]["key"] == "SIWE_ORIGINS";
                    assert!(is_plain || from["secretKeyRef"]["name"] == "hasura", "{variable}");
                    continue;
                };
                let called = variable["name"].as_str().unwrap();
                let is_secret = |name: &str| {
                    name.contains("SECRET") || VARIABLES.iter().any(|v| v.secret && v.name == name)
                };
                assert!(
                    !is_secret(called) || called.ends_with("_FILE"),
                    "{name}: {called}={value}"
                );
            }
        }
    }
    let dockerfile = read("Dockerfile");
    assert!(dockerfile.contains("\nUSER 65532:65532\n"), "as the pods say");
}

#[test]
fn hasura_is_set_up_as_in_compose() {
    let stack = yaml("docker-compose.yml");
    let of_compose = stack["services"]["graphql-engine"]["environment"]
        .as_object()
        .unwrap();
    for (folder, mode) in [(EXAMPLE, "jwt"), (EVERYTHING, "webhook")] {
        let built = built(folder);
        let hasura = container(named(&built, "Deployment", "graphql-engine"));
        let mut expected: BTreeSet<String> = of_compose.keys().cloned().collect();
        expected.extend(names_of_env_file(mode));
        assert_eq!(names(hasura), expected, "{mode}");
        for (name, value) in variables(&built, hasura).iter() {
            // The service has another name there, and .env.hasura.MODE is a file.
            if name != "ACTIONS_BASE_URL"
                && let Some(in_compose) = of_compose.get(name)
            {
                assert_eq!(Some(value), in_compose.as_str(), "{name}");
            }
        }
        assert_eq!(hasura["image"], stack["services"]["graphql-engine"]["image"]);
    }
    let built = built(EVERYTHING);
    let hasura = variables(&built, container(named(&built, "Deployment", "graphql-engine")));
    assert_eq!(
        hasura.text("HASURA_GRAPHQL_AUTH_HOOK"),
        Some(format!("http://hasura-siwe:{}/webhook", service_port()).as_str())
    );
}

#[test]
fn every_file_of_the_metadata_is_mounted_where_hasura_looks_for_it() {
    let built = built(EXAMPLE);
    let volume = &pod(named(&built, "Deployment", "graphql-engine"))["volumes"][0]["configMap"];
    let mounted: BTreeMap<&str, &str> = volume["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["path"].as_str().unwrap(), item["key"].as_str().unwrap()))
        .collect();
    let map = named(&built, "ConfigMap", volume["name"].as_str().unwrap());
    let mut expected = files("hasura/metadata", "yaml");
    expected.extend(files("hasura/metadata", "graphql"));
    assert_eq!(
        mounted.len(),
        expected.len(),
        "hasura/kustomization.yaml and components/hasura list them"
    );
    for path in expected {
        let key = mounted[path.strip_prefix("hasura/metadata/").unwrap()];
        assert_eq!(map["data"][key].as_str(), Some(read(&path).as_str()), "{path}");
    }
}

#[test]
fn every_component_is_offered_and_tried() {
    let (offered, tried) = (
        read("deploy/kubernetes/example/kustomization.yaml"),
        read("tests/deploy/kubernetes/kustomization.yaml"),
    );
    for path in files("deploy/kubernetes/components", "yaml") {
        let folder = path.split('/').nth(3).unwrap();
        assert!(
            offered.contains(&format!("- ../components/{folder}\n")),
            "{folder}"
        );
        assert!(tried.contains(&format!("/components/{folder}\n")), "{folder}");
    }
}
