//! Variables that look like ours and that nothing reads: most often a misspelt name, whose value is then quietly the default.
//!
//! Names alone are judged and told, never values. Whatever could be somebody else's is let pass: an environment holds a great deal.

use super::traces::is_sampler;
use super::{VARIABLES, Variables};

/// Read by single commands, by compose or by Hasura, and so no mistake.
const READ_ELSEWHERE: &[&str] = &[
    "ACTIONS_BASE_URL",
    "AUTH_MODE",
    "HASURA_ACTIONS_SECRET",
    "HASURA_DB_CONNECTION_LIMIT",
    "HASURA_DB_PASSWORD",
    "HASURA_DB_STATEMENT_TIMEOUT",
    "HASURA_ENDPOINT",
    "HASURA_PORT",
    "HTTP_BIND",
    "HTTP_PORT",
    "PG_DATABASE_URL",
    "PG_DATABASE_URL_FILE",
    "SIWE_DB_PASSWORD",
];

/// Nobody else's names begin like this. `ACTIONS_` (GitHub's too), `DATABASE_`, `EMAIL_` and others of our beginnings are everybody's.
const OURS: &[&str] = &[
    "ETH_RPC_URL",
    "KEYS_ENCRYPTION",
    "LENS_",
    "REFRESH_",
    "SESSIONS_PER",
    "SIWE_",
    "TANX_",
];

/// Hasura's own, which are many, and which it judges itself.
const HASURAS: &str = "HASURA_GRAPHQL_";

/// Variables of OpenTelemetry's specification about traces that nothing follows, and the values that name what is done anyway.
/// They are often set for a whole cluster, so they are named only where traces are sent. Those about metrics and logs are left out.
const OPENTELEMETRY: &[(&str, &[&str], &str)] = &[
    ("OTEL_EXPORTER_OTLP_PROTOCOL", &["http/protobuf"], SENT),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", &["http/protobuf"], SENT),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", &["none"], SENT),
    ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", &["none"], SENT),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", &["5000"], TIME),
    ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", &["5000"], TIME),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", &[], TLS),
    ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", &[], TLS),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &[], TLS),
    ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", &[], TLS),
    ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &[], TLS),
    ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", &[], TLS),
    (
        "OTEL_RESOURCE_ATTRIBUTES",
        &[],
        "the resource of spans has service.name and service.version alone",
    ),
    (
        "OTEL_PROPAGATORS",
        &["tracecontext", "tracecontext,baggage", "baggage,tracecontext"],
        "a trace is continued by the header traceparent alone",
    ),
    ("OTEL_BSP_SCHEDULE_DELAY", &["2000"], BATCHES),
    ("OTEL_BSP_MAX_QUEUE_SIZE", &["4096"], BATCHES),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", &["512"], BATCHES),
];
const SENT: &str = "spans are sent by OTLP over HTTP, as protobuf and not compressed";
const TIME: &str = "a collector has 5 s to answer";
const TLS: &str = "a collector's certificate is checked against those of the system";
const BATCHES: &str = "up to 4096 spans wait, and up to 512 are sent together every 2 s";

/// How many letters may be wrong in a name that is still taken for one of ours.
const LETTERS: usize = 2;

/// Shorter names differ from each other by little more than that.
const SHORTEST: usize = 8;

/// A variable that nothing reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is set, and {why}")]
pub struct Unread {
    /// Its name, fit to be shown.
    pub name: String,
    why: String,
}

fn hint(name: &str, nearest: Option<&'static str>) -> String {
    match nearest {
        Some(known) if name.strip_suffix("_FILE") == Some(known) => {
            format!("nothing reads it: {known} is no secret, and is not read from a file")
        }
        Some(known) => format!("nothing reads it: did you mean {known}?"),
        None => "nothing reads it: docs/configuration.md lists what is read".to_owned(),
    }
}

/// Every variable that has a value, looks like one of ours, and is read by nothing; and those of OpenTelemetry that have no effect.
pub fn unread(variables: &Variables) -> Vec<Unread> {
    let misspelt = variables
        .iter()
        .filter(|(name, value)| !value.trim().is_empty() && !is_read(name) && !is_of_kubernetes(name, value))
        .filter_map(|(name, _)| {
            let (known, letters) = nearest(name);
            let is_near = letters <= LETTERS && name.len() >= SHORTEST;
            let is_ours = OURS.iter().any(|beginning| name.starts_with(beginning));
            // Beyond half of the name it is a guess, and no help.
            let nearest = (letters * 2 <= known.len()).then_some(known);
            (is_near || is_ours).then(|| Unread {
                name: name.chars().map(shown).collect(),
                why: hint(name, nearest),
            })
        });
    misspelt.chain(of_opentelemetry(variables)).collect()
}

/// Kubernetes gives each container variables about each Service of its namespace: `NAME_PORT=tcp://…`, `NAME_SERVICE_HOST`,
/// `NAME_SERVICE_PORT` and `NAME_PORT_80_TCP…`. A Service named `siwe` makes them look like ours.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let of_a_port = |rest: &str| {
        let mut words = rest.split('_');
        words.next().is_some_and(|port| port.parse::<u16>().is_ok())
            && matches!(words.next(), Some("TCP" | "UDP" | "SCTP"))
            && matches!(words.next(), None | Some("PROTO" | "PORT" | "ADDR"))
            && words.next().is_none()
    };
    let is_a_url = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.ends_with("_PORT") && is_a_url
        || name
            .match_indices("_PORT_")
            .any(|(at, mark)| of_a_port(&name[at + mark.len()..]))
}

/// What is set for traces and has no effect, where traces are sent.
fn of_opentelemetry(variables: &Variables) -> Vec<Unread> {
    let value = |name: &str| variables.text(name).map(str::trim);
    let is = |name: &str, wanted: &[&str]| {
        value(name).is_some_and(|value| wanted.iter().any(|one| value.eq_ignore_ascii_case(one)))
    };
    let is_sent = [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ]
    .iter()
    .any(|name| value(name).is_some());
    if !is_sent || is("OTEL_SDK_DISABLED", &["true"]) || is("OTEL_TRACES_EXPORTER", &["none"]) {
        return Vec::new();
    }
    let mut found: Vec<(&str, String)> = OPENTELEMETRY
        .iter()
        .filter(|(name, anyway, _)| value(name).is_some() && !is(name, anyway))
        .map(|(name, _, done)| (*name, format!("has no effect: {done}")))
        .collect();
    let judged = [
        (
            "OTEL_SDK_DISABLED",
            is("OTEL_SDK_DISABLED", &["false"]),
            "neither true nor false, so it counts as false",
        ),
        (
            "OTEL_TRACES_EXPORTER",
            is("OTEL_TRACES_EXPORTER", &["otlp"]),
            "neither otlp nor none, so it counts as otlp",
        ),
        (
            "OTEL_TRACES_SAMPLER",
            value("OTEL_TRACES_SAMPLER").is_some_and(is_sampler),
            "no sampler of docs/configuration.md, so it counts as parentbased_traceidratio",
        ),
    ];
    found.extend(
        judged
            .into_iter()
            .filter(|(name, is_good, _)| value(name).is_some() && !is_good)
            .map(|(name, _, why)| (name, format!("is {why}"))),
    );
    found
        .into_iter()
        .map(|(name, why)| Unread {
            name: name.to_owned(),
            why,
        })
        .collect()
}

/// A sentence for each variable that is read and whose value is not UTF-8. Others may hold what they like.
pub fn unreadable(variables: &Variables) -> Vec<String> {
    variables
        .unreadable()
        .filter(|name| is_read(name))
        .map(|name| {
            format!(
                "{} is not UTF-8 text: set it again",
                name.chars().map(shown).collect::<String>()
            )
        })
        .collect()
}

fn shown(c: char) -> char {
    if c.is_control() { '\u{fffd}' } else { c }
}

fn is_read(name: &str) -> bool {
    let plain = name.strip_suffix("_FILE");
    name.starts_with(HASURAS)
        || READ_ELSEWHERE.contains(&name)
        || VARIABLES
            .iter()
            .any(|known| known.name == name || known.secret && plain == Some(known.name))
}

/// The name of ours that is nearest, and by how many letters it differs.
fn nearest(name: &str) -> (&'static str, usize) {
    VARIABLES
        .iter()
        .map(|known| known.name)
        .chain(READ_ELSEWHERE.iter().copied())
        .map(|known| {
            let plain = name.strip_suffix("_FILE").unwrap_or(name);
            (known, distance(name, known).min(distance(plain, known)))
        })
        .min_by_key(|(_, letters)| *letters)
        .expect("there are variables")
}

/// Letters to add, drop, replace or swap with their neighbour (the optimal string alignment distance).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (row[j] + usize::from(a != b))
                .min(row[j + 1] + 1)
                .min(next[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(names: &[&str]) -> Vec<String> {
        let variables: Variables = names.iter().map(|name| (*name, "a value")).collect();
        unread(&variables).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_misspelt_name_is_told_with_the_one_that_was_meant_and_without_its_value() {
        for (name, meant) in [
            ("SIWE_ORIGNS", "SIWE_ORIGINS"),
            ("SIWE_ORIGIN", "SIWE_ORIGINS"),
            ("ADMIN_ADRESSES", "ADMIN_ADDRESSES"),
            ("DATABSE_URL", "DATABASE_URL"),
            ("REFRESH_IDEL_TTL", "REFRESH_IDLE_TTL"),
            ("ETH_RPC_URL", "ETH_RPC_URLS"),
            ("ACTION_SECRET", "ACTIONS_SECRET"),
            ("ACTIONS_SECERT_FILE", "ACTIONS_SECRET"),
            ("ACCESS_TOKEN_TTL_", "ACCESS_TOKEN_TTL"),
        ] {
            let said = said(&[name]);
            assert_eq!(said.len(), 1, "{name}");
            assert!(
                said[0].starts_with(&format!(
                    "{name} is set, and nothing reads it: did you mean {meant}"
                )),
                "{said:?}"
            );
            assert!(!said[0].contains("a value"), "{said:?}");
        }
        assert_eq!(
            said(&["SIWE_ORIGINS_FILE"]),
            [
                "SIWE_ORIGINS_FILE is set, and nothing reads it: SIWE_ORIGINS is no secret, and is not read from a file"
            ]
        );
        assert_eq!(
            said(&["LENS_HUB_CONTRACT_OF_OURS"]),
            [
                "LENS_HUB_CONTRACT_OF_OURS is set, and nothing reads it: docs/configuration.md lists what is read"
            ]
        );
        assert!(!said(&["SIWE_\u{1b}[31m"])[0].contains('\u{1b}'));
    }

    #[test]
    fn what_is_read_or_somebody_elses_is_let_pass() {
        for variable in VARIABLES {
            assert_eq!(said(&[variable.name]), [""; 0], "{}", variable.name);
        }
        for name in [
            "ACTIONS_SECRET_FILE",
            "PG_DATABASE_URL",
            "HASURA_GRAPHQL_JWT_SECRETS",
            "DATABASE_HOST",
            "DATABASE_NAME",
            "EMAIL_HOST",
            "USERNAME",
            "LOG_LEVEL",
            "RUST_LOG",
            "PATH",
            "HOME",
            "AUTH_MODE",
            "LANG",
            "METRICS_PORT",
            "ACTIONS_RUNTIME_TOKEN",
        ] {
            assert_eq!(said(&[name]), [""; 0], "{name}");
        }
        let mut empty = Variables::default();
        empty.set("SIWE_ORIGNS", " ");
        assert_eq!(unread(&empty), []);
    }

    // Field report C08.
    #[test]
    fn what_kubernetes_sets_for_a_service_is_no_misspelt_name() {
        let of_a_service: Variables = [
            ("SIWE_PORT", "tcp://10.0.0.1:4000"),
            ("SIWE_SERVICE_HOST", "10.0.0.1"),
            ("SIWE_SERVICE_PORT", "4000"),
            ("SIWE_SERVICE_PORT_HTTP", "4000"),
            ("SIWE_PORT_4000_TCP", "tcp://10.0.0.1:4000"),
            ("SIWE_PORT_4000_TCP_PROTO", "tcp"),
            ("SIWE_PORT_4000_TCP_PORT", "4000"),
            ("SIWE_PORT_4000_TCP_ADDR", "10.0.0.1"),
            ("LENS_PORT", "udp://10.0.0.2:53"),
            ("LENS_PORT_53_UDP_ADDR", "10.0.0.2"),
        ]
        .into_iter()
        .collect();
        assert_eq!(unread(&of_a_service), []);
        // A person typed these.
        for name in [
            "SIWE_PORT",
            "SIWE_PORT_4000",
            "SIWE_PORT_4000_TCP_ADR",
            "SIWE_SERVICE",
        ] {
            assert_eq!(said(&[name]).len(), 1, "{name}");
        }
    }

    // Field report C07.
    #[test]
    fn what_is_set_for_traces_and_has_no_effect_is_named_where_traces_are_sent() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        let said = |pairs: &[(&str, &str)]| -> Vec<String> {
            let variables: Variables = pairs.iter().copied().collect();
            unread(&variables).iter().map(ToString::to_string).collect()
        };
        for (name, value, word) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "over HTTP"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "as protobuf"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "not compressed"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem", "of the system"),
            ("OTEL_RESOURCE_ATTRIBUTES", "team=auth", "service.name"),
            ("OTEL_PROPAGATORS", "b3", "traceparent"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "9", "4096"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote", "parentbased_traceidratio"),
            ("OTEL_TRACES_EXPORTER", "zipkin", "counts as otlp"),
            ("OTEL_SDK_DISABLED", "yes", "counts as false"),
        ] {
            let found = said(&[endpoint, (name, value)]);
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            assert!(
                found[0].starts_with(&format!("{name} is set, and ")) && found[0].contains(word),
                "{found:?}"
            );
            assert_eq!(said(&[(name, value)]), [""; 0], "nothing is sent");
            let disabled = ("OTEL_SDK_DISABLED", "true");
            if name != disabled.0 {
                assert_eq!(said(&[endpoint, disabled, (name, value)]), [""; 0], "{name}");
            }
        }
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_TRACES_EXPORTER", "otlp"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
            ("OTEL_SDK_DISABLED", "false"),
            ("OTEL_PROPAGATORS", "tracecontext,baggage"),
            ("OTEL_METRICS_EXPORTER", "prometheus"),
            (
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
                "http://collector:4318/v1/logs",
            ),
        ] {
            assert_eq!(said(&[endpoint, (name, value)]), [""; 0], "{name}");
        }
    }

    #[test]
    fn a_distance_counts_letters_and_neighbours_that_changed_places() {
        for (one, other, letters) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "ab", 0),
            ("ab", "ba", 1),
            ("abc", "axc", 1),
            ("abcd", "acbd", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), letters, "{one} {other}");
        }
    }
}
