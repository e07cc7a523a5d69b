//! docs/configuration.md, `.env.example` and docker-compose.yml against the variables that the
//! program reads. Defaults, limits and examples are tried, not only compared.

use std::collections::{BTreeMap, BTreeSet};

use hasura_siwe::config::{Config, VARIABLES, Variables};

use crate::repository::{between, code_span, files, literals, read, table_rows};

/// Variables that the service reads and compose does not take from `.env`, with the reason.
const NOT_IN_ENV_EXAMPLE: &[(&str, &str)] = &[
    ("DATABASE_URL", "made in docker-compose.yml from SIWE_DB_PASSWORD"),
    ("LISTEN_ADDR", "set in the image"),
    (
        "HASURA_GRAPHQL_JWT_SECRET",
        "in .env.hasura.jwt, which Hasura reads as well",
    ),
];

/// Where compose's default differs from the program's.
const OTHER_DEFAULT_IN_COMPOSE: &[(&str, &str)] = &[("TRUSTED_HOPS", "1")];

/// Set in `.env.example` although the program has another default, so that each can be tried.
const SET_IN_ENV_EXAMPLE: &[(&str, &str)] = &[("FLOWS", "siwe,lens,email,username,tanx")];

/// Read besides VARIABLES: what they are is said in docs/configuration.md, under "For single commands".
const OF_SINGLE_COMMANDS: &[&str] = &[
    "PG_DATABASE_URL",
    "RUST_LOG",
    "HASURA_ENDPOINT",
    "ACTIONS_BASE_URL",
    "HASURA_GRAPHQL_ADMIN_SECRET",
    "HASURA_GRAPHQL_SERVER_HOST",
    "HASURA_GRAPHQL_SERVER_PORT",
];

fn document() -> String {
    read("docs/configuration.md")
}

/// The sections of the service's variables, by name.
fn sections(document: &str) -> BTreeMap<String, String> {
    between(document, "\n## The service\n", "\n## ")
        .split("\n### `")
        .skip(1)
        .map(|section| {
            let (name, text) = section.split_once('`').unwrap();
            (name.to_owned(), text.to_owned())
        })
        .collect()
}

fn good() -> Variables {
    [
        ("DATABASE_URL", "postgres://siwe:password@localhost/siwe"),
        ("ACTIONS_SECRET", "Qm3Xv8Lk1Rt6Zp0Wb5Ny9Hc2Jd7Fs4Ga"),
        (
            "HASURA_GRAPHQL_JWT_SECRET",
            r#"{"type":"HS256","key":"9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A"}"#,
        ),
        ("SIWE_ORIGINS", "https://app.example.com"),
    ]
    .into_iter()
    .collect()
}

fn judge(name: &str, value: &str) -> Result<(), String> {
    let mut variables = good();
    if let Some(flow) = name.strip_suffix("REFRESH_IDLE_TTL") {
        variables.set(&format!("{flow}REFRESH_ABSOLUTE_TTL"), "730d");
    }
    variables.set(name, value);
    Config::read(&variables)
        .map(drop)
        .map_err(|faults| faults.to_string())
}

#[test]
fn every_variable_has_its_section_and_no_section_is_of_another() {
    let document = document();
    let sections = sections(&document);
    let documented: BTreeSet<&str> = sections.keys().map(String::as_str).collect();
    let read: BTreeSet<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
    assert_eq!(documented, read);
}

#[test]
fn defaults_requirements_and_file_forms_are_the_programs() {
    let document = document();
    let sections = sections(&document);
    for variable in VARIABLES {
        let (name, text) = (variable.name, &sections[variable.name]);
        let expected = match variable.default {
            None => "Required.".to_owned(),
            Some("none") => "Default: none.".to_owned(),
            Some(value) => format!("Default: `{value}`."),
        };
        assert!(
            text.contains(&expected),
            "{name}: docs/configuration.md should say {expected:?}"
        );
        assert_eq!(
            text.contains(&format!("`{name}_FILE`")),
            variable.secret,
            "{name}: is there a {name}_FILE?"
        );
    }
}

#[test]
fn the_examples_are_accepted() {
    let document = document();
    let mut tried = 0;
    for (name, text) in sections(&document) {
        for line in text
            .lines()
            .filter_map(|line| line.strip_prefix(&format!("{name}=")))
        {
            let value = line.trim_matches('\'');
            // An example of a secret shows its shape and no value that somebody could copy.
            if value.contains('…') {
                continue;
            }
            judge(&name, value).unwrap_or_else(|fault| panic!("{name}={value}: {fault}"));
            tried += 1;
        }
        assert!(text.contains(&format!("\n{name}=")), "{name} has no example");
    }
    assert!(tried >= 10, "only {tried} examples were tried");
}

#[test]
fn the_limits_are_the_programs() {
    let mut tried = 0;
    for (name, text) in sections(&document()) {
        let Some(limits) = text.split("From `").nth(1) else {
            continue;
        };
        let least = limits.split('`').next().unwrap();
        let most = limits.split('`').nth(2).unwrap();
        for value in [least, most] {
            judge(&name, value).unwrap_or_else(|fault| panic!("{name}={value}: {fault}"));
        }
        for value in beyond(least, most) {
            assert!(judge(&name, &value).is_err(), "{name}={value} is accepted");
        }
        tried += 1;
    }
    assert_eq!(
        tried, 22,
        "the limits of twenty-two variables are documented as From `a` to `b`"
    );
}

/// One step below the least and one above the most.
fn beyond(least: &str, most: &str) -> Vec<String> {
    if let (Ok(least), Ok(most)) = (least.parse::<i64>(), most.parse::<i64>()) {
        return vec![(least - 1).to_string(), (most + 1).to_string()];
    }
    let seconds = |text: &str| humantime::parse_duration(text).unwrap().as_secs();
    let above = format!("{}s", seconds(most) + 1);
    match seconds(least) {
        0 => vec![above],
        least => vec![format!("{}s", least - 1), above],
    }
}

#[test]
fn every_variable_that_the_source_names_is_documented() {
    let document = document();
    let known: Vec<&str> = VARIABLES
        .iter()
        .map(|v| v.name)
        .chain(OF_SINGLE_COMMANDS.iter().copied())
        .collect();
    for path in files("src/config", "rs")
        .into_iter()
        .chain(files("src/cli", "rs"))
        // Names that are compared, to tell a misspelt one, and read by nothing there.
        .filter(|path| path != "src/config/unread.rs")
    {
        let text = read(&path);
        let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((text.as_str(), ""));
        for name in literals(code) {
            let is_name = name.contains('_') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            // What cargo sets while it compiles is no variable of ours.
            if is_name && !name.starts_with('_') && !name.starts_with("CARGO_") {
                assert!(
                    known.contains(&name),
                    "{path} reads {name}, which VARIABLES does not list"
                );
                assert!(
                    document.contains(&format!("`{name}`")),
                    "{name} is not in docs/configuration.md"
                );
            }
        }
    }
}

/// `NAME=value` lines of `.env.example`; the flag tells whether the line is a comment.
fn env_example() -> BTreeMap<String, (bool, String)> {
    read(".env.example")
        .lines()
        .filter_map(|line| {
            let (commented, line) = line.strip_prefix("# ").map_or((false, line), |rest| (true, rest));
            let (name, value) = line.split_once('=')?;
            let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            (is_name && !name.is_empty()).then(|| (name.to_owned(), (commented, value.to_owned())))
        })
        .collect()
}

/// What docker-compose.yml and its overlay take from `.env`, with their own defaults.
fn taken_by_compose() -> BTreeMap<String, Option<String>> {
    let mut taken = BTreeMap::new();
    for file in ["docker-compose.yml", "docker-compose.console.yml"] {
        let text: String = read(file)
            .lines()
            .filter(|l| !l.trim_start().starts_with('#'))
            .map(|l| format!("{l}\n"))
            .collect();
        for piece in text.split("${").skip(1) {
            let inner = piece.split('}').next().unwrap();
            let name: String = inner
                .chars()
                .take_while(|c| c.is_ascii_uppercase() || *c == '_')
                .collect();
            let default = inner[name.len()..].strip_prefix(":-").map(str::to_owned);
            taken.insert(name, default);
        }
        // `NAME:` without a value passes NAME on when it is set.
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_suffix(':')
                && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
            {
                taken.insert(name.to_owned(), None);
            }
        }
    }
    taken
}

#[test]
fn env_example_and_compose_name_the_same_variables() {
    let offered: BTreeSet<String> = env_example().into_keys().collect();
    let taken: BTreeSet<String> = taken_by_compose().into_keys().collect();
    assert_eq!(offered, taken);
    for variable in VARIABLES {
        let excused = NOT_IN_ENV_EXAMPLE.iter().any(|(name, _)| *name == variable.name);
        assert_ne!(offered.contains(variable.name), excused, "{}", variable.name);
    }
}

#[test]
fn env_example_shows_the_defaults() {
    let taken = taken_by_compose();
    for (name, (commented, shown)) in env_example() {
        // Issue 14, item 9.
        if let Some((_, value)) = SET_IN_ENV_EXAMPLE.iter().find(|(other, _)| *other == name) {
            assert_eq!((commented, shown.as_str()), (false, *value), "{name}");
            judge(&name, &shown).unwrap_or_else(|fault| panic!("{name}={shown}: {fault}"));
            let text = read(".env.example");
            assert!(
                text.lines().take(4).any(|line| line.contains(&name)),
                "{name} is no stated exception"
            );
            assert!(text.contains("Keep only those in use"), "{name}");
        } else if let Some((_, value)) = OTHER_DEFAULT_IN_COMPOSE.iter().find(|(other, _)| *other == name) {
            assert_eq!(
                (shown.as_str(), taken[&name].as_deref()),
                (*value, Some(*value)),
                "{name}"
            );
        } else if let Some(default) = taken[&name].as_deref() {
            assert_eq!(
                shown, default,
                "{name}: .env.example and docker-compose.yml differ"
            );
        } else if let Some(variable) = VARIABLES.iter().find(|variable| variable.name == name) {
            let expected = match variable.default {
                None => continue,
                // What another variable says; the line shows a value that may stand there.
                Some(other) if VARIABLES.iter().any(|variable| variable.name == other) => {
                    judge(&name, &shown).unwrap_or_else(|fault| panic!("{name}={shown}: {fault}"));
                    assert!(commented, "{name} has a default, so its line is a comment");
                    continue;
                }
                Some("none") => "",
                Some(value) => value,
            };
            assert!(commented, "{name} has a default, so its line is a comment");
            assert_eq!(shown, expected, "{name}: .env.example and the program differ");
        }
    }
}

#[test]
fn every_setting_of_compose_is_documented() {
    let document = document();
    let rows = table_rows(between(&document, "\n## For Hasura\n", "\n## The service\n"));
    let of_compose = table_rows(between(&document, "\n## For compose alone\n", "\n## "));
    // RUST_LOG is among these.
    let of_commands = table_rows(between(&document, "\n## For single commands\n", "\n## "));
    let listed: Vec<&str> = rows
        .iter()
        .chain(&of_compose)
        .chain(&of_commands)
        .filter_map(|row| code_span(&row[0]))
        .collect();
    for name in env_example()
        .into_keys()
        .filter(|name| !VARIABLES.iter().any(|v| v.name == name))
    {
        assert!(
            listed.contains(&name.as_str()),
            "{name} of .env.example is not in docs/configuration.md"
        );
    }
    let compose = read("docker-compose.yml");
    for line in between(&compose, "\n  graphql-engine:\n", "\n    volumes:\n").lines() {
        let name = line.trim().split(':').next().unwrap();
        if line.starts_with("      ")
            && name.contains('_')
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        {
            assert!(
                listed.contains(&name),
                "{name}, which compose gives Hasura, is not in docs/configuration.md"
            );
        }
    }
}
