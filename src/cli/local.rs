//! `local`: the whole stack on this machine, until Ctrl-C.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::logging;
use crate::app::asked_to_stop;
use crate::config::{LogFormat, Variables};
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
    let _log = logging::start(LogFormat::Text, &variables, None);
    logging::warn_of_unread(&variables);
    let settings = Settings {
        data: arguments
            .data
            .or_else(|| crate::local::default_data_folder(&variables))
            .context("there is no home to keep the data in: name a folder with --data")?,
        front: arguments.front,
        engine: arguments.engine,
    };
    let stack = Stack::start(settings, variables).await?;
    let stop = asked_to_stop();
    say(&stack.invitation());
    stop.await;
    say(&format!("stopping; the data stays in {}", stack.data().display()));
    stack.stop().await?;
    Ok(ExitCode::SUCCESS)
}

/// For whoever still reads. Where nobody does (`make run | tee`, and Ctrl-C ends both), the stack is stopped all the same.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
