//! Which pods reach which, by the network policies.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{EVERYTHING, EXAMPLE, built, container, named, service_port};

#[test]
fn only_hasura_reaches_the_service_until_a_component_says_otherwise() {
    let ours = "hasura-siwe";
    let example = built(EXAMPLE);
    let policies: Vec<&str> = example
        .keys()
        .filter_map(|(kind, name)| (kind == "NetworkPolicy").then_some(name.as_str()))
        .collect();
    assert_eq!(policies, ["graphql-engine", ours]);

    let policy = &named(&example, "NetworkPolicy", ours)["spec"];
    assert_eq!(
        policy["podSelector"]["matchLabels"]["app.kubernetes.io/name"],
        ours
    );
    assert_eq!(policy["policyTypes"], serde_json::json!(["Ingress", "Egress"]));
    let from =
        serde_json::json!([{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "graphql-engine"}}}]);
    assert_eq!(
        (
            policy["ingress"].as_array().unwrap().len(),
            &policy["ingress"][0]["from"]
        ),
        (1, &from)
    );
    let hasura = &named(&example, "Deployment", "graphql-engine")["spec"]["template"]["metadata"]["labels"];
    assert_eq!(hasura["app.kubernetes.io/name"], "graphql-engine");
    let ports = |policy: &Value| -> BTreeSet<u64> {
        let rules = policy["egress"].as_array().into_iter().flatten();
        rules
            .flat_map(|rule| rule["ports"].as_array().unwrap())
            .filter_map(|port| port["port"].as_u64())
            .collect()
    };
    assert_eq!(ports(policy), [53, 5432, 6432].into(), "names and databases");

    let everything = built(EVERYTHING);
    for (name, namespace, port) in [
        ("hasura-siwe-metrics", "monitoring", "metrics"),
        ("hasura-siwe-sapi", "ingress", "http"),
    ] {
        let policy = &named(&everything, "NetworkPolicy", name)["spec"];
        let rule = &policy["ingress"][0];
        assert_eq!(
            rule["from"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"],
            namespace
        );
        assert_eq!(rule["ports"][0]["port"], port);
        let service = named(&everything, "Deployment", ours);
        let declared = container(service)["ports"].as_array().unwrap();
        assert!(declared.iter().any(|declared| declared["name"] == port), "{port}");
        assert_eq!(
            policy["podSelector"]["matchLabels"],
            service["spec"]["selector"]["matchLabels"]
        );
    }
    assert_eq!(
        ports(&named(&everything, "NetworkPolicy", "hasura-siwe-rpc")["spec"]),
        [443].into()
    );
}

// Issue 14, item 15.
#[test]
fn only_a_proxy_reaches_hasura_and_hasura_reaches_its_databases_and_the_service_alone() {
    for folder in [EXAMPLE, EVERYTHING] {
        let built = built(folder);
        let policy = &named(&built, "NetworkPolicy", "graphql-engine")["spec"];
        let hasura = named(&built, "Deployment", "graphql-engine");
        assert_eq!(
            policy["podSelector"]["matchLabels"],
            hasura["spec"]["selector"]["matchLabels"]
        );
        assert_eq!(policy["policyTypes"], serde_json::json!(["Ingress", "Egress"]));
        assert_eq!(
            policy["ingress"],
            serde_json::json!([{
                "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
                "ports": [{"port": "http", "protocol": "TCP"}],
            }])
        );
        assert_eq!(container(hasura)["ports"][0]["name"], "http");
        let rules = policy["egress"].as_array().unwrap();
        let to: Vec<(&Value, Vec<u64>)> = rules
            .iter()
            .map(|rule| {
                let ports = rule["ports"].as_array().unwrap().iter();
                (
                    &rule["to"],
                    ports.filter_map(|port| port["port"].as_u64()).collect(),
                )
            })
            .collect();
        let service = &named(&built, "Deployment", "hasura-siwe")["spec"]["selector"]["matchLabels"];
        let pods = serde_json::json!([{"podSelector": {"matchLabels": service}}]);
        let anywhere = Value::Null;
        assert_eq!(
            to,
            [
                (&anywhere, vec![53, 53]),
                (&anywhere, vec![5432, 6432]),
                (&pods, vec![u64::from(service_port())]),
            ]
        );
    }
}
