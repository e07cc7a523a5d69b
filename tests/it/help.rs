//! `--help`: each command ends with examples that are true, and names the variables that it reads; refusals are sentences of ours.

use clap::Command;
use hasura_siwe::cli;
use hasura_siwe::config::{VARIABLES, Variables};

use crate::support::process::run;

/// Every command that does something: its path, and itself.
fn leaves(command: &Command, path: &[String]) -> Vec<(Vec<String>, Command)> {
    if !command.has_subcommands() {
        return vec![(path.to_vec(), command.clone())];
    }
    command
        .get_subcommands()
        .flat_map(|inner| leaves(inner, &[path, &[inner.get_name().to_owned()]].concat()))
        .collect()
}

fn all() -> Vec<(Vec<String>, Command)> {
    leaves(&cli::command(), &[])
}

/// The words of each example at the end of a help, as a shell would pass them.
fn examples(help: &str) -> Vec<Vec<String>> {
    let lines = help.lines().map(str::trim);
    lines
        .filter_map(|line| {
            let line = line.split(" #").next().unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            let at = words.iter().position(|word| *word == "hasura-siwe")?;
            // In front of it stand assignments alone, or it is a sentence.
            words[..at].iter().all(|word| word.contains('=')).then(|| {
                let own = words[at..]
                    .iter()
                    .take_while(|word| !word.starts_with(['<', '>']));
                let stand_in = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045";
                own.map(|word| word.replace("0xYourAddress", stand_in)).collect()
            })
        })
        .collect()
}

/// The names in front of an example.
fn assignments(help: &str) -> Vec<String> {
    let lines = help.lines().filter(|line| line.contains(" hasura-siwe"));
    lines
        .flat_map(|line| line.split(" hasura-siwe").next().unwrap().split_whitespace())
        .filter_map(|word| Some(word.split_once('=')?.0.to_owned()))
        .collect()
}

#[test]
fn every_command_ends_with_examples_of_its_own_that_parse() {
    for (path, mut command) in all() {
        let help = command.render_long_help().to_string();
        let examples = examples(&help);
        let own = examples
            .iter()
            .filter(|words| words[1..].starts_with(&path))
            .count();
        assert!(
            (1..=4).contains(&own),
            "hasura-siwe {}: {own} examples of its own",
            path.join(" ")
        );
    }
    let mut every = vec![cli::command()];
    while let Some(mut command) = every.pop() {
        let help = command.render_long_help().to_string();
        for words in examples(&help) {
            let parsed = cli::command().try_get_matches_from(&words);
            let is_help = parsed.as_ref().is_err_and(|error| error.exit_code() == 0);
            assert!(
                parsed.is_ok() || is_help,
                "{}: {:?}",
                words.join(" "),
                parsed.err()
            );
        }
        for name in assignments(&help) {
            let is_ours = VARIABLES.iter().any(|known| known.name == name);
            assert!(
                is_ours
                    || ["AUTH_MODE", "PG_DATABASE_URL"].contains(&name.as_str())
                    || name.starts_with("HASURA_GRAPHQL_"),
                "{name} is no variable"
            );
        }
        every.extend(command.get_subcommands().cloned());
    }
}

#[test]
fn an_example_is_told_from_a_sentence() {
    let help = "run hasura-siwe now\n  A=1 hasura-siwe keys list >x   # why\n  hasura-siwe keys list\n";
    assert_eq!(examples(help), vec![vec!["hasura-siwe", "keys", "list"]; 2]);
    assert_eq!(assignments(help), ["A"]);
}

/// They serve until they are stopped, write where they are told, or go out to a port that may be taken.
const NOT_RUN: &[&str] = &[
    "local",
    "demo",
    "engine",
    "man",
    "health",
    "completions",
    "openapi",
];

#[tokio::test]
async fn what_a_command_misses_is_named_in_its_help() {
    let mut missed = 0;
    for (path, mut command) in all() {
        if NOT_RUN.contains(&path[0].as_str()) {
            continue;
        }
        let help = command.render_long_help().to_string();
        let example = examples(&help)
            .into_iter()
            .find(|words| words[1..].starts_with(&path))
            .unwrap();
        let words: Vec<&str> = example[1..]
            .iter()
            .map(String::as_str)
            .filter(|word| *word != "--follow")
            .collect();
        let output = run(&words, &Variables::default(), "a password of twenty letters\n").await;
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        for name in said
            .split_whitespace()
            .zip(said.split_whitespace().skip(1))
            .filter(|(_, next)| *next == "is")
            .map(|(name, _)| name)
        {
            let name = name.trim_start_matches("hasura-siwe:");
            if VARIABLES.iter().any(|known| known.name == name)
                && said.contains(&format!("{name} is not set"))
            {
                assert!(
                    help.contains(name) || help.contains("the service's whole environment"),
                    "hasura-siwe {} does not say that it reads {name}",
                    path.join(" ")
                );
                missed += 1;
            }
        }
    }
    assert!(missed > 20, "{missed} variables were missed");
}

#[test]
fn every_variable_that_a_help_names_is_one() {
    for (path, mut command) in all() {
        let help = command.render_long_help().to_string();
        let Some((_, reads)) = help.split_once("\nReads ") else {
            continue;
        };
        for word in reads
            .split(|c: char| !(c.is_ascii_uppercase() || c == '_'))
            .filter(|word| word.contains('_') && word.len() > 4)
        {
            let is_read = VARIABLES.iter().any(|known| known.name == word)
                || [
                    "ACTIONS_BASE_URL",
                    "HASURA_DB_STATEMENT_TIMEOUT",
                    "HASURA_ENDPOINT",
                    "PG_DATABASE_URL",
                ]
                .contains(&word)
                || word.starts_with("HASURA_GRAPHQL_");
            assert!(is_read, "hasura-siwe {}: {word}", path.join(" "));
        }
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_in_words_that_help() {
    for (line, words) in [
        (
            "audit --user anna",
            "expected a user id, such as d1789988-2406-4937-bc3d-2f9e039e7e1b: `hasura-siwe account list` shows it",
        ),
        ("account list --after 5", "expected a user id"),
        ("token mint --role user --user 0x1", "expected a user id"),
        (
            "account logout 0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045 --session x",
            "expected a session's id",
        ),
    ] {
        let output = run(&line.split(' ').collect::<Vec<_>>(), &Variables::default(), "").await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(
            said.contains(words) && !said.contains("invalid character"),
            "{line}: {said}"
        );
    }
}

#[tokio::test]
async fn a_misspelt_variable_is_warned_of_at_the_start_without_its_value() {
    let db = crate::support::db::TestDb::create().await;
    let mut variables = crate::support::app::variables(&db);
    variables.set("REFRESH_IDEL_TTL", "a-value-that-nobody-reads");
    let process = crate::support::process::Process::serve(variables).await;
    let (status, log) = process.stop().await;
    assert!(status.success());
    assert!(
        log.contains("REFRESH_IDEL_TTL is set, and nothing reads it: did you mean REFRESH_IDLE_TTL?"),
        "{log}"
    );
    assert!(!log.contains("a-value-that-nobody-reads"));
}

#[test]
fn the_variables_of_the_deployment_files_are_no_mistakes() {
    let mut names: Vec<String> = Vec::new();
    for path in [
        ".env.example",
        "docker-compose.yml",
        "docker-compose.console.yml",
        "docker-compose.rpc.yml",
    ] {
        for line in crate::repository::read(path).lines() {
            let line = line.trim().trim_start_matches("# ");
            let name = line.split(['=', ':']).next().unwrap();
            let is_name = name.len() > 3 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            names.extend(is_name.then(|| name.to_owned()));
        }
    }
    assert!(names.len() > 30, "{names:?}");
    // A value that cannot be followed is a mistake of its own.
    let value = |name: &str| {
        let known = VARIABLES.iter().find(|known| known.name == name);
        known.and_then(|known| known.default).unwrap_or("x")
    };
    let variables: Variables = names.iter().map(|name| (name.as_str(), value(name))).collect();
    assert_eq!(hasura_siwe::config::unread(&variables), []);
}
