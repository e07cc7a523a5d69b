//! `demo`: the whole story of a way to sign in, against any endpoint, with a wallet or an account made for it.
//!
//! Every request is printed as a curl line and every answer as it came, so that a reader can repeat
//! them. It ends with exit code 1 when a step does not go as the story says.

mod lens;
mod passwords;
mod siwe;
mod story;
mod tanx;

use std::process::ExitCode;

use clap::{Args, ValueEnum};

use self::story::Story;
use crate::siwe::Origin;

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe demo
  hasura-siwe demo --flow email
  hasura-siwe demo --endpoint https://api.example.com --origin https://app.example.com")]
pub(super) struct Arguments {
    /// Where Hasura or the local stack answers, with or without /v1/graphql.
    #[arg(long, default_value = "http://localhost:8080")]
    endpoint: String,
    /// Which way to sign in.
    #[arg(long, value_enum, default_value_t = Flow::Siwe)]
    flow: Flow,
    /// siwe: the origin that the message names; the service must list it in SIWE_ORIGINS, and Hasura in HASURA_GRAPHQL_CORS_DOMAIN.
    #[arg(long, default_value = "http://localhost:3000")]
    origin: Origin,
    /// siwe: the chain that signs in; it must be one of the enabled networks.
    #[arg(long, default_value_t = 1)]
    chain: u64,
    /// email and username: an account that is there, whose password is read from standard input. Without it one is
    /// registered, where the service has REGISTRATION=open.
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Flow {
    /// v1Login: a Sign-In with Ethereum message.
    Siwe,
    /// challenge and authenticate: a text of the service's.
    Lens,
    /// login: an e-mail address and a password.
    Email,
    /// tokenAuth: a username and a password.
    Username,
    /// /sapi/v2/auth: a text of the service's, over plain HTTP.
    Tanx,
}

pub(super) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut story = Story::at(&arguments.endpoint)?;
    match arguments.flow {
        Flow::Siwe => siwe::play(&mut story, &arguments.origin, arguments.chain).await?,
        Flow::Lens => lens::play(&mut story).await?,
        Flow::Email => passwords::play_email(&mut story, arguments.account).await?,
        Flow::Username => passwords::play_username(&mut story, arguments.account).await?,
        Flow::Tanx => tanx::play(&mut story).await?,
    }
    println!("\nAll {} steps went as they should.", story.steps());
    Ok(ExitCode::SUCCESS)
}
