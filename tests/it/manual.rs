//! Completions and manual pages: bash itself completes, and groff and lexgrog read every page without a word.

use std::process::Output;

use hasura_siwe::config::Variables;
use tokio::process::Command;

use crate::support::process::run;

async fn script(shell: &str) -> String {
    let output = run(&["completions", shell], &Variables::default(), "").await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

async fn tool(program: &str, arguments: &[&str]) -> Output {
    let run = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .await;
    run.unwrap_or_else(|error| panic!("{program} does not run ({error}): run `make test-deps`"))
}

/// What bash offers for the last word of a line.
async fn offered(script: &str, line: &str) -> Vec<String> {
    let ask = r#"
        source "$1"
        IFS=' ' read -r -a COMP_WORDS <<<"$2"
        [[ $2 == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        COMP_LINE=$2 COMP_POINT=${#2} COMPREPLY=()
        function=$(complete -p hasura-siwe | sed 's/.*-F \([^ ]*\).*/\1/')
        "$function" hasura-siwe "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = tool("bash", &["-c", ask, "bash", script, line]).await;
    assert!(output.stderr.is_empty(), "{line}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn bash_completes_commands_flags_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hasura-siwe");
    std::fs::write(&path, script("bash").await).unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(offered(path, "hasura-siwe acc").await, ["account"]);
    assert_eq!(offered(path, "hasura-siwe do").await, ["doctor"]);
    let under = offered(path, "hasura-siwe keys ").await;
    for word in ["generate", "list", "rotate", "retire"] {
        assert!(under.contains(&word.to_owned()), "{under:?}");
    }
    assert_eq!(offered(path, "hasura-siwe doctor --time").await, ["--timeout"]);
    assert_eq!(
        offered(path, "hasura-siwe keys generate --alg RS").await,
        ["RS256", "RS384", "RS512"]
    );
    assert_eq!(
        offered(path, "hasura-siwe demo --flow ").await,
        ["siwe", "lens", "email", "username", "tanx"]
    );
    assert!(offered(path, "hasura-siwe nothing-like-it").await.is_empty());
}

#[tokio::test]
async fn every_shell_has_its_script_with_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = script(shell).await;
        for command in hasura_siwe::cli::command().get_subcommands() {
            assert!(
                script.contains(command.get_name()),
                "{shell}: {}",
                command.get_name()
            );
        }
    }
    let output = run(&["completions", "csh"], &Variables::default(), "").await;
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn every_page_of_the_manual_renders_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man1");
    let written = run(
        &["man", "--out", out.to_str().unwrap()],
        &Variables::default(),
        "",
    )
    .await;
    assert!(written.status.success(), "{written:?}");
    let mut pages: Vec<String> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .collect();
    pages.sort();
    assert!(pages.len() > 30, "{pages:?}");
    for page in &pages {
        let output = tool("groff", &["-Kutf8", "-man", "-Tutf8", "-ww", "-z", page]).await;
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{page}: {output:?}"
        );
        let output = tool("lexgrog", &[page]).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let name = page.rsplit('/').next().unwrap().trim_end_matches(".1");
        assert!(
            output.status.success() && said.contains(&format!("\"{name} - ")),
            "{said}"
        );
    }
    let page = out.join("hasura-siwe-account-grant.1");
    let output = tool(
        "groff",
        &["-Kutf8", "-man", "-Tascii", "-P-cbou", page.to_str().unwrap()],
    )
    .await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("hasura-siwe account grant 0xYourAddress editor"),
        "{text}"
    );
    assert!(text.contains("DATABASE_URL"), "{text}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let output = run(&["man", "--out", "/proc/nowhere"], &Variables::default(), "").await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("cannot write the pages into /proc/nowhere"),
        "{said}"
    );
}
