//! Commands in the documents: each `make` target, each subcommand and each flag is there.

use std::collections::BTreeSet;
use std::process::Command;

use crate::repository::{files, read};

/// Every line of code of the documents: code spans, and the lines of code blocks.
fn code_of_documents() -> Vec<(String, String)> {
    let mut code = Vec::new();
    for path in files("", "md") {
        let mut in_block = false;
        for line in read(&path).lines() {
            if line.trim_start().starts_with("```") {
                in_block = !in_block;
            } else if in_block {
                let line = line.split(" # ").next().unwrap();
                code.push((path.clone(), line.trim().trim_start_matches("$ ").to_owned()));
            } else {
                code.extend(
                    line.split('`')
                        .skip(1)
                        .step_by(2)
                        .map(|span| (path.clone(), span.to_owned())),
                );
            }
        }
    }
    code
}

/// The single commands of a line of shell.
fn commands(line: &str) -> Vec<Vec<String>> {
    line.split(['|', ';', '&', '('])
        .map(|part| {
            let words = part
                .split_whitespace()
                .map(|word| word.trim_matches(['\'', '"', ')']).to_owned());
            // Variables in front of a command, and sudo, are not the command.
            words
                .skip_while(|word| word.contains('=') || word == "sudo" || word == "$")
                .collect()
        })
        .filter(|words: &Vec<String>| !words.is_empty())
        .collect()
}

#[test]
fn every_make_target_in_the_documents_exists() {
    let makefile = read("Makefile");
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter(|line| !line.starts_with(['\t', '.', '#']))
        .filter_map(|line| line.split_once(':').map(|(name, _)| name))
        .collect();
    let mut seen = 0;
    for (path, line) in code_of_documents() {
        for words in commands(&line).iter().filter(|words| words[0] == "make") {
            for target in words.iter().skip(1).take_while(|word| !word.starts_with('-')) {
                assert!(targets.contains(target.as_str()), "{path}: make {target}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "only {seen} make targets were seen in the documents");
}

/// Subcommand and flags of `hasura-siwe ...`, in a container or not.
fn ours(words: &[String]) -> Option<(Vec<String>, Vec<String>)> {
    let at = match words[0].as_str() {
        "hasura-siwe" => 0,
        "docker" if words.contains(&"migrate".to_owned()) && words.contains(&"run".to_owned()) => {
            words.iter().position(|word| word == "migrate")?
        }
        _ => return None,
    };
    let rest = &words[at + 1..];
    let is_name =
        |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    let path = rest.iter().take_while(is_name).take(2).cloned().collect();
    let flags = rest
        .iter()
        .filter(|word| word.starts_with("--"))
        .cloned()
        .collect();
    Some((path, flags))
}

#[test]
fn every_command_in_the_documents_exists_with_its_flags() {
    let mut seen = BTreeSet::new();
    for (path, line) in code_of_documents() {
        for words in commands(&line) {
            if let Some((subcommand, flags)) = ours(&words).filter(|(subcommand, _)| !subcommand.is_empty()) {
                let help = Command::new(env!("CARGO_BIN_EXE_hasura-siwe"))
                    .args(&subcommand)
                    .arg("--help")
                    .output()
                    .unwrap();
                assert!(
                    help.status.success(),
                    "{path}: hasura-siwe {} is no command",
                    subcommand.join(" ")
                );
                let text = String::from_utf8(help.stdout).unwrap();
                for flag in flags {
                    assert!(
                        text.contains(&flag),
                        "{path}: hasura-siwe {} has no {flag}",
                        subcommand.join(" ")
                    );
                }
                seen.insert(subcommand[0].clone());
            }
        }
    }
    for command in [
        "serve",
        "local",
        "demo",
        "migrate",
        "account",
        "role",
        "network",
        "audit",
        "epoch",
        "keys",
        "token",
        "message",
        "engine",
        "metadata",
        "doctor",
        "openapi",
        "completions",
        "man",
    ] {
        assert!(seen.contains(command), "no document shows hasura-siwe {command}");
    }
}

#[test]
fn every_script_in_the_documents_exists() {
    for (path, line) in code_of_documents() {
        for word in line.split_whitespace() {
            let word = word.trim_matches(['`', ',', '(', ')']);
            let is_script = ["scripts/", "tests/deploy/", "deploy/"]
                .iter()
                .any(|folder| word.starts_with(folder));
            if is_script && !word.contains('*') {
                assert!(crate::repository::root().join(word).exists(), "{path}: {word}");
            }
        }
    }
}
