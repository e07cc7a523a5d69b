//! `local`: the whole stack on this machine, until Ctrl-C.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::traces::Sender;
use super::{logging, metrics};
use crate::app::asked_to_stop;
use crate::clock::Clock;
use crate::config::{LogFormat, Telemetry, Variables};
use crate::local::{Settings, Stack};

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe local
  hasura-siwe local --data /tmp/siwe --front 127.0.0.1:8081
  SIWE_ORIGINS=http://localhost:5173 AUTH_MODE=webhook hasura-siwe local")]
pub(super) struct Arguments {
    /// Where the data lies between runs. Default: `/var/lib/hasura-siwe` for root, else `hasura-siwe` in
    /// $XDG_STATE_HOME or ~/.local/state.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Where the stack answers, as the proxy does in compose.
    #[arg(long, default_value = "127.0.0.1:8080")]
    front: SocketAddr,
    /// Where the local engine itself answers; 0 takes any free port.
    #[arg(long, default_value = "127.0.0.1:0")]
    engine: SocketAddr,
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    // What is wrong with it is told below, with everything else that is.
    let telemetry = Telemetry::read(&variables).unwrap_or_default();
    let traces = telemetry.traces.as_ref().map(Sender::start).transpose()?;
    let _log = logging::start(telemetry.log, &variables, traces.as_ref());
    logging::warn_of_unread(&variables);
    // Before the service is built: what is counted is asked for once.
    let recorder = match telemetry.metrics {
        Some(_) => Some(metrics::record(&Clock::system())?),
        None => None,
    };
    let settings = Settings {
        data: arguments
            .data
            .or_else(|| crate::local::default_data_folder(&variables))
            .context("there is no home to keep the data in: name a folder with --data")?,
        front: arguments.front,
        engine: arguments.engine,
    };
    let stack = Stack::start(settings, variables, recorder).await?;
    let stop = asked_to_stop();
    say(telemetry.log, &stack.invitation());
    stop.await;
    say(
        telemetry.log,
        &format!("stopping; the data stays in {}", stack.data().display()),
    );
    let stopped = stack.stop().await;
    if let Some(traces) = traces {
        traces.finish().await;
    }
    stopped?;
    Ok(ExitCode::SUCCESS)
}

/// Tells a person, where the log is not: one in JSON has standard output to itself. An output that is closed is no error
/// (`make run | tee`, and Ctrl-C ends both): the stack is stopped all the same.
fn say(log: LogFormat, text: &str) {
    let _ = match log {
        LogFormat::Text => writeln!(std::io::stdout(), "{text}"),
        LogFormat::Json => writeln!(std::io::stderr(), "{text}"),
    };
}
