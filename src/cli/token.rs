//! `token`: access tokens on standard input or output. A token is never an argument, because those
//! are seen by everybody on the machine and stay in the shell's history.

use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::database;
use super::ids::{session_id, user_id};
use crate::clock::Clock;
use crate::config::{Config, Variables};
use crate::entropy::Entropy;
use crate::flow::{Service, Wanted};
use crate::storage::Db;
use crate::token::{TokenFault, inspect};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Show what the token on standard input says. Judges nothing and needs no configuration.
    #[command(after_help = "Example:
  hasura-siwe token inspect <token.txt")]
    Inspect,
    /// Judge the token on standard input as the service would: exit 0 when it is good, 1 when not.
    #[command(after_help = "Example:
  hasura-siwe token verify <token.txt")]
    Verify,
    /// Sign a token for a user, with one role that the user has. The audit log says so.
    Mint(Mint),
}

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe token mint --user d1789988-2406-4937-bc3d-2f9e039e7e1b --role user
  hasura-siwe token mint --user d1789988-2406-4937-bc3d-2f9e039e7e1b --role admin --ttl 1m >token.txt")]
struct Mint {
    /// The user's id.
    #[arg(long, value_name = "ID", value_parser = user_id)]
    user: Uuid,
    /// The only role that the token may act as.
    #[arg(long)]
    role: String,
    /// How long it is good; at most what a token of that role lives otherwise.
    #[arg(long, default_value = "5m", value_parser = humantime::parse_duration)]
    ttl: Duration,
    /// A live session of the user's. Without one the token is good in JWT mode, and the webhook refuses it.
    #[arg(long, value_name = "ID", value_parser = session_id)]
    session: Option<Uuid>,
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    match arguments.what {
        What::Inspect => {
            let seen = inspect(&given()?).context(
                "this is no token: three parts with dots between, the first two JSON in base64url",
            )?;
            println!("{seen}");
            Ok(ExitCode::SUCCESS)
        }
        What::Verify => verify(&variables).await,
        What::Mint(mint) => {
            let service = service(&variables).await?;
            database::has_this_schema(service.db()).await?;
            let (token, expires_at) = service
                .mint(Wanted {
                    user_id: mint.user,
                    role: &mint.role,
                    ttl: mint.ttl,
                    session_id: mint.session,
                })
                .await?;
            println!("{}", token.as_str());
            eprintln!(
                "good until {}, and in the audit log",
                expires_at.format(&Rfc3339)?
            );
            if mint.session.is_none() {
                eprintln!("it belongs to no session: Hasura in webhook mode refuses it");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn verify(variables: &Variables) -> anyhow::Result<ExitCode> {
    let token = given()?;
    let service = service(variables).await?;
    let (report, code) = match service.verifier().check(&token, Clock::system().now()) {
        Ok(checked) => (
            json!({
                "ok": true, "code": null, "reason": null,
                "user": checked.user_id, "session": checked.session_id, "roles": checked.allowed_roles,
                "expiresAt": checked.expires_at.format(&Rfc3339)?,
            }),
            ExitCode::SUCCESS,
        ),
        Err(fault) => (
            json!({"ok": false, "code": TokenFault::CODE, "reason": fault.to_string()}),
            ExitCode::FAILURE,
        ),
    };
    println!("{report}");
    Ok(code)
}

/// A service of its own, with the keys of this moment.
async fn service(variables: &Variables) -> anyhow::Result<Service> {
    let config = Config::read(variables)?;
    let clock = Clock::system();
    let db = Db::open(&config.database, clock.clone(), Entropy::system())?;
    let service = Service::new(&config, db, clock, Entropy::system())?;
    service
        .reload_keys()
        .await
        .context("the signing keys cannot be read")?;
    Ok(service)
}

/// The token on standard input, without the line end that a shell adds, or the `Bearer` of a header.
fn given() -> anyhow::Result<String> {
    let mut text = String::new();
    // What is longer than any token is refused as such; it need not be read to its end.
    std::io::stdin()
        .take(64 * 1024)
        .read_to_string(&mut text)
        .context("standard input is no text")?;
    let text = text.trim();
    Ok(text.strip_prefix("Bearer ").unwrap_or(text).trim().to_owned())
}
