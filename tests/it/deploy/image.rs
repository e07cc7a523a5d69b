//! What the Dockerfile builds, and how it starts.

use std::process::Command;

use super::service_port;
use crate::repository::{read, root};

fn instructions(name: &str) -> Vec<String> {
    read("Dockerfile")
        .lines()
        .filter_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
        .collect()
}

#[test]
fn the_port_that_is_exposed_is_the_one_that_is_listened_on() {
    assert_eq!(instructions("EXPOSE "), [service_port().to_string()]);
    assert_eq!(instructions("ENV LISTEN_ADDR="), ["0.0.0.0:4000"]);
}

#[test]
fn its_commands_are_commands_of_the_binary() {
    assert_eq!(instructions("ENTRYPOINT "), [r#"["/usr/local/bin/hasura-siwe"]"#]);
    let health = instructions("HEALTHCHECK ").join(" ");
    assert!(
        health.ends_with(r#"CMD ["/usr/local/bin/hasura-siwe", "health"]"#),
        "{health}"
    );
    assert_eq!(instructions("CMD "), [r#"["serve"]"#]);
    for command in ["serve", "health", "migrate"] {
        let help = Command::new(env!("CARGO_BIN_EXE_hasura-siwe"))
            .args([command, "--help"])
            .output()
            .unwrap();
        assert!(help.status.success(), "hasura-siwe {command}");
    }
}

#[test]
fn it_runs_as_nobody_in_particular_on_nothing_but_the_binary() {
    assert_eq!(instructions("USER "), ["65532:65532"]);
    let last = read("Dockerfile").rsplit("\nFROM ").next().unwrap().to_owned();
    assert!(!last.contains("\nRUN "), "the last stage installs nothing");
}

#[test]
fn it_is_built_by_a_compiler_that_is_new_enough_from_files_that_are_let_in() {
    let manifest = read("Cargo.toml");
    let wanted = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .unwrap()
        .trim_matches('"')
        .to_owned();
    let image = instructions("FROM rust:").remove(0);
    assert!(
        image.starts_with(&format!("{wanted}-")),
        "Cargo.toml wants {wanted}, the image is rust:{image}"
    );

    let ignored = read(".dockerignore");
    let let_in: Vec<&str> = ignored
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .collect();
    for line in instructions("COPY ")
        .iter()
        .filter(|line| !line.starts_with("--from"))
    {
        let mut sources: Vec<&str> = line.split_whitespace().collect();
        sources.pop();
        for source in sources {
            let is_let_in = let_in
                .iter()
                .any(|path| source == *path || source.starts_with(&format!("{path}/")));
            assert!(is_let_in, ".dockerignore keeps {source} out");
            assert!(
                root().join(source).exists() || source == "hasura/metadata",
                "{source} is not there"
            );
        }
    }
    for embedded in ["migrations", "src", "Cargo.lock"] {
        assert!(let_in.contains(&embedded), "{embedded}");
    }
}
