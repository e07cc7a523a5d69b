//! deploy/grafana: whether the dashboard is one that Grafana takes and a person can read.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::deploy::yaml;
use crate::repository::{read, root};

const PATH: &str = "deploy/grafana/hasura-siwe.json";

fn dashboard() -> Value {
    serde_json::from_str(&read(PATH)).unwrap()
}

fn panels(dashboard: &Value) -> &Vec<Value> {
    dashboard["panels"].as_array().unwrap()
}

/// Each query, with the title of its panel.
pub(super) fn queries() -> Vec<(String, String)> {
    let mut queries = Vec::new();
    for panel in panels(&dashboard()) {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let title = panel["title"].as_str().unwrap();
            let query = target["expr"].as_str().unwrap();
            queries.push((format!("the panel {title:?}"), query.to_owned()));
        }
    }
    queries
}

#[test]
fn every_panel_has_a_place_and_an_id_of_its_own() {
    let dashboard = dashboard();
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().unwrap();
        assert!(
            ids.insert(panel["id"].as_u64().unwrap()),
            "{title}: its id is another's"
        );
        let side = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(
            side("w") >= 1 && side("h") >= 1 && side("x") + side("w") <= 24,
            "{title}: off the grid"
        );
        for x in side("x")..side("x") + side("w") {
            for y in side("y")..side("y") + side("h") {
                assert!(taken.insert((x, y)), "{title} lies over another panel");
            }
        }
    }
    assert!(ids.len() > 20, "{} panels", ids.len());
}

#[test]
fn every_panel_asks_the_data_source_that_its_reader_chooses() {
    let dashboard = dashboard();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let chosen = variables
        .iter()
        .find(|variable| variable["type"] == "datasource")
        .expect("a variable for the data source");
    assert_eq!(chosen["query"], "prometheus");
    let uid = format!("${{{}}}", chosen["name"].as_str().unwrap());
    for panel in panels(&dashboard).iter().filter(|panel| panel["type"] != "row") {
        let title = &panel["title"];
        assert_eq!(panel["datasource"]["uid"], uid, "{title}");
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{title} asks for nothing");
        let refs: BTreeSet<&str> = targets
            .iter()
            .map(|target| target["refId"].as_str().unwrap())
            .collect();
        assert_eq!(refs.len(), targets.len(), "{title}: two targets of one name");
        assert!(
            panel["description"].as_str().is_some_and(|text| text.len() > 20),
            "{title} does not say what one sees"
        );
        assert!(
            panel["fieldConfig"]["defaults"]["unit"].is_string(),
            "{title} has no unit"
        );
    }
    assert!(
        dashboard["id"].is_null(),
        "an id is given by the Grafana that it is imported into"
    );
    assert!(dashboard["uid"].as_str().is_some_and(|uid| uid.len() <= 40));
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 39);
}

#[test]
fn the_overlay_mounts_what_is_there_and_shows_it_on_this_machine_alone() {
    let overlay = yaml("docker-compose.metrics.yml");
    let mut mounted = 0;
    for (name, service) in overlay["services"].as_object().unwrap() {
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let volume = volume.as_str().unwrap();
            if let Some(path) = volume
                .split(':')
                .next()
                .and_then(|source| source.strip_prefix("./"))
            {
                assert!(root().join(path).exists(), "{name} mounts {path}");
                assert!(volume.ends_with(":ro"), "{name} may write into {path}");
                mounted += 1;
            }
        }
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name}: {port}");
        }
        if let Some(image) = service["image"].as_str() {
            let (_, tag) = image
                .rsplit_once(':')
                .unwrap_or_else(|| panic!("{image} has no tag"));
            assert!(tag.contains('.'), "{image}: a version, so that it stays the same");
        }
    }
    assert!(mounted >= 3, "{mounted}");
    // Where the service tells its metrics is where Prometheus looks for them.
    let told = overlay["services"]["service"]["environment"]["METRICS_ADDR"]
        .as_str()
        .unwrap();
    let port = told.rsplit_once(':').unwrap().1;
    let scraped = yaml("deploy/prometheus/prometheus.yaml");
    let targets = &scraped["scrape_configs"][0]["static_configs"][0]["targets"];
    assert_eq!(targets[0], format!("service:{port}"));
    assert_eq!(scraped["scrape_configs"][0]["job_name"], "hasura-siwe");
    assert_eq!(scraped["rule_files"][0], "alerts.yaml");
}
