//! The checks of tests/deploy, by the tools themselves.

use std::process::Command;

use crate::repository::root;

fn passes(script: &str) {
    let output = Command::new("sh")
        .arg(root().join("tests/deploy").join(script))
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .join("\n");
    assert!(
        output.status.success(),
        "{script} (`make test-deps` installs what is missing):\n{text}"
    );
}

#[test]
fn compose_finds_the_stack_sound_and_every_secret_asked_for() {
    passes("compose.sh");
}

#[test]
fn promtool_finds_the_alarms_sound_and_going_off_when_they_should() {
    passes("prometheus.sh");
}

#[test]
fn hadolint_finds_nothing_in_the_dockerfiles() {
    passes("hadolint.sh");
}

#[test]
fn kustomize_builds_what_kubernetes_reads() {
    passes("kubernetes.sh");
}

#[test]
fn systemd_knows_every_line_of_the_units_and_finds_them_shut_in() {
    passes("systemd.sh");
}

#[test]
fn the_workflows_are_sound_and_do_nothing_that_a_stranger_says() {
    passes("workflows.sh");
}

#[test]
fn shellcheck_finds_nothing_and_no_script_wants_more_than_a_mac_has() {
    passes("shell.sh");
}
