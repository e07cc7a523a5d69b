//! `completions` and `man`: what a shell and a manual know of the command line, made from the command line itself.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use clap_complete::Shell;

use super::table::show;

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe completions bash >~/.local/share/bash-completion/completions/hasura-siwe
  hasura-siwe completions fish >~/.config/fish/completions/hasura-siwe.fish

For zsh, write it as _hasura-siwe into a folder of $fpath.")]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

pub(super) fn completions(arguments: &Completions) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::command(), super::NAME, &mut script);
    let script = String::from_utf8(script).context("the script is no text")?;
    // clap_complete 4.6 writes the hyphen of a program's name in two ways into the script for bash, which then offers nothing
    // behind a subcommand.
    let (one_way, other) = (
        super::NAME.replace('-', "__subcmd__"),
        super::NAME.replace('-', "__"),
    );
    show(&script.replace(&one_way, &other))?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Args)]
#[command(after_help = "Example:
  hasura-siwe man --out /usr/local/share/man/man1")]
pub(super) struct Man {
    /// The folder that the pages are written into, one a command: hasura-siwe.1, hasura-siwe-serve.1 …
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn man(arguments: &Man) -> anyhow::Result<ExitCode> {
    let folder = &arguments.out;
    let cannot = || format!("cannot write the pages into {}", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    // A page on `help` would say what `man` does.
    let command = super::command().disable_help_subcommand(true);
    clap_mangen::generate_to(command, folder).with_context(cannot)?;
    show(&format!("the pages are in {}\n", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}
