//! deploy/prometheus: the alarms, by Prometheus' own tool and against the runbook.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::deploy::yaml;
use crate::repository::{between, read};

fn alarms() -> Vec<Value> {
    let rules = yaml("deploy/prometheus/alerts.yaml");
    let groups = rules["groups"].as_array().unwrap().clone();
    groups
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap().clone())
        .collect()
}

fn name(alarm: &Value) -> &str {
    alarm["alert"].as_str().unwrap()
}

/// Each query, with the name of its alarm.
pub(super) fn queries() -> Vec<(String, String)> {
    alarms()
        .iter()
        .map(|alarm| (name(alarm).to_owned(), alarm["expr"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn every_alarm_says_what_is_wrong_and_where_to_read_on() {
    let document = read("docs/operations.md");
    let runbook = between(&document, "\n## At night, by symptom\n", "\n## ");
    let headings: BTreeSet<&str> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect();
    let mut named = BTreeSet::new();
    let alarms = alarms();
    for alarm in &alarms {
        let name = name(alarm);
        let text = |field: &str| alarm["annotations"][field].as_str().unwrap_or_default();
        assert!(text("summary").len() > 10, "{name} has no summary");
        assert!(text("description").len() > 30, "{name} has no description");
        let link = format!("docs/operations.md#{}", name.to_lowercase());
        assert_eq!(text("runbook_url"), link, "{name}");
        assert!(
            headings.contains(name),
            "docs/operations.md has no heading {name}"
        );
        let severity = alarm["labels"]["severity"].as_str().unwrap_or_default();
        assert!(matches!(severity, "critical" | "warning"), "{name}: {severity}");
        assert!(named.insert(name), "{name} is there twice");
    }
    assert_eq!(headings, named, "headings of the runbook and alarms");
}

#[test]
fn every_alarm_is_tried_by_the_rules_own_test() {
    let tests = yaml("deploy/prometheus/alerts.test.yaml");
    let (mut silent, mut loud) = (BTreeSet::new(), BTreeSet::new());
    for test in tests["tests"].as_array().unwrap() {
        for tried in test["alert_rule_test"].as_array().unwrap() {
            let name = tried["alertname"].as_str().unwrap().to_owned();
            match tried["exp_alerts"]
                .as_array()
                .is_some_and(|alerts| !alerts.is_empty())
            {
                true => loud.insert(name),
                false => silent.insert(name),
            };
        }
    }
    let all: BTreeSet<String> = alarms().iter().map(|alarm| name(alarm).to_owned()).collect();
    assert_eq!(loud, all, "alarms that go off in a test");
    assert_eq!(silent, all, "alarms that stay silent in a test");
}
