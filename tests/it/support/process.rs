//! The binary itself: started, spoken to, stopped.

use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use hasura_siwe::config::Variables;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use super::Reply;
use super::app::{ACTIONS_SECRET, guest, variables};
use super::db::TestDb;

/// A running program of ours.
pub struct Process {
    child: Child,
    /// Where it answers.
    pub base: String,
    log: tokio::task::JoinHandle<String>,
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_hasura-siwe");

pub fn command(arguments: &[&str], variables: &Variables) -> Command {
    with_environment(Command::new(PROGRAM), arguments, variables)
}

fn with_environment(mut command: Command, arguments: &[&str], variables: &Variables) -> Command {
    command.args(arguments).env_clear().kill_on_drop(true);
    for (name, value) in variables.iter() {
        command.env(name, value);
    }
    command
}

/// Runs a command of the binary to its end, with this text on its standard input.
pub async fn run(arguments: &[&str], variables: &Variables, input: &str) -> Output {
    let mut child = command(arguments, variables)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone before all of it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
    let ended = tokio::time::timeout(Duration::from_secs(60), child.wait_with_output());
    ended.await.expect("the command ends").unwrap()
}

/// Where `serve` answers, from the line of its log that says so.
fn listen_address(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).unwrap();
    line["listen.address"]
        .as_str()
        .map(|address| format!("http://{address}"))
}

impl Process {
    /// `serve` on this database, with the variables of the tests.
    pub async fn on(db: &TestDb) -> Self {
        Self::serve(variables(db)).await
    }

    /// `serve` with these variables.
    pub async fn serve(mut variables: Variables) -> Self {
        variables.set("LOG_FORMAT", "json");
        Self::start(&["serve"], &variables, listen_address).await
    }

    /// The same, where the process may have no more files open than this.
    pub async fn with_open_files(mut variables: Variables, files: u32) -> Self {
        variables.set("LOG_FORMAT", "json");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("ulimit -n {files} && exec {PROGRAM} serve")]);
        Self::spawn(with_environment(shell, &[], &variables), listen_address).await
    }

    /// `serve` with these variables, and a log of which nothing is read once it is up.
    pub async fn unread(mut variables: Variables) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        variables.set("LOG_FORMAT", "json");
        variables.set("LISTEN_ADDR", port.to_string());
        let mut child = command(&["serve"], &variables)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let unread = child.stdout.take().unwrap();
        let base = format!("http://{port}");
        for _ in 0..200 {
            if reqwest::get(format!("{base}/readyz"))
                .await
                .is_ok_and(|reply| reply.status() == 200)
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let log = tokio::spawn(async move {
            // Held open, so that writing to it blocks and does not fail.
            let _unread = unread;
            std::future::pending::<String>().await
        });
        Self { child, base, log }
    }

    /// Any command, up as soon as a line of its standard output says where it answers.
    pub async fn start(
        arguments: &[&str],
        variables: &Variables,
        address: impl Fn(&str) -> Option<String>,
    ) -> Self {
        Self::spawn(command(arguments, variables), address).await
    }

    async fn spawn(mut command: Command, address: impl Fn(&str) -> Option<String>) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut text = String::new();
        let base = loop {
            let line = lines.next_line().await.unwrap().expect("the program is up");
            text.push_str(&line);
            if let Some(address) = address(&line) {
                break address;
            }
        };
        let log = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                super::watch::log(&line);
                text.push_str(&line);
            }
            text
        });
        Self { child, base, log }
    }

    pub async fn call(&self, client: &reqwest::Client, path: &str, action: &str, input: &Value) -> Reply {
        let body = json!({"action": {"name": action}, "input": input, "session_variables": guest()});
        let request = client
            .post(format!("{}{path}", self.base))
            .header("x-actions-secret", ACTIONS_SECRET)
            .json(&body);
        Reply::of(request.send().await.unwrap()).await
    }

    /// The status of what it answers to a GET.
    pub async fn status(&self, path: &str) -> u16 {
        let reply = reqwest::get(format!("{}{path}", self.base)).await.unwrap();
        reply.status().as_u16()
    }

    /// The most memory that it had resident so far, in bytes. Linux says so, and no other system.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024
    }

    /// Holds it still: it keeps its connections and neither reads nor writes.
    pub async fn hold_still(&self) {
        let id = self.child.id().unwrap().to_string();
        let held = Command::new("kill").args(["-STOP", &id]).status().await.unwrap();
        assert!(held.success());
    }

    /// Ends it as a crash does.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop as an orchestrator does, and returns its log.
    pub async fn stop(mut self) -> (ExitStatus, String) {
        let id = self.child.id().unwrap().to_string();
        Command::new("kill").args(["-TERM", &id]).status().await.unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait());
        let status = ended.await.expect("the program stops").unwrap();
        (status, self.log.await.unwrap())
    }
}
