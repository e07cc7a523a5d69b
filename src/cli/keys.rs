//! `keys`: what an operator does to the keys that sign, where HASURA_GRAPHQL_JWT_SECRET names a jwk_url.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::database;
use super::table::show_json;
use crate::config::{Variables, keys_encryption_key};
use crate::entropy::Entropy;
use crate::flow::SigningKeys;
use crate::storage::KeyHistory;
use crate::token::{KeyState, RsaBits};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    change: Change,
}

#[derive(Subcommand)]
enum Change {
    /// Make a key and publish it. It signs after `rotate`, or at once where no key does.
    Generate(Generate),
    /// All keys and where they stand.
    #[command(after_help = "Examples:
  hasura-siwe keys list
  hasura-siwe keys list --json")]
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let the next key sign. The one before stays published until its last token must have expired.
    #[command(after_help = "Examples:
  hasura-siwe keys rotate              # two minutes after `keys generate`
  hasura-siwe keys rotate --force      # at once, when a key is out")]
    Rotate {
        /// Even if Hasura may not know the next key yet, and would refuse its tokens for a minute.
        #[arg(long)]
        force: bool,
    },
    /// Retire a key at once: every token that it signed is void as soon as Hasura asks for the keys again.
    #[command(after_help = "Example:
  hasura-siwe keys retire 5cQpXzbEw0n1TtQ2b9Q3f7kq8pTgV1yYb2mB7m0cR4E")]
    Retire {
        /// The key's id, as `list` shows it.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Even if it is the one that signs: nobody can sign in until another key is current.
        #[arg(long)]
        force: bool,
    },
}

#[derive(Args)]
#[command(after_help = "Examples:
  hasura-siwe keys generate
  hasura-siwe keys generate --alg RS256 --bits 3072")]
struct Generate {
    /// The algorithm.
    #[arg(long, default_value = "EdDSA", value_parser = ["EdDSA", "ES256", "ES384", "RS256", "RS384", "RS512"])]
    alg: String,
    /// The size of an RSA key: 2048, 3072 or 4096.
    #[arg(long, default_value = "2048", value_parser = bits)]
    bits: RsaBits,
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    let keys = SigningKeys::new(database::of(&variables).await?);
    match arguments.change {
        Change::Generate(Generate { alg, bits }) => {
            let sealed_under = keys_encryption_key(&variables)?;
            let (kid, state) = keys
                .generate(&alg, bits, &sealed_under, &Entropy::system())
                .await?;
            match state {
                KeyState::Current => println!("{kid} is made and signs from now on"),
                _ => println!(
                    "{kid} is made and published; run `hasura-siwe keys rotate` in two minutes to let it sign"
                ),
            }
        }
        Change::List { json: true } => show_json(&keys.list().await?)?,
        Change::List { json: false } => {
            let all = keys.list().await?;
            if all.is_empty() {
                println!("there are no keys: run `hasura-siwe keys generate`");
            }
            for key in all {
                println!("{}", line(&key));
            }
        }
        Change::Rotate { force } => {
            let kid = keys.rotate(force).await?;
            println!(
                "{kid} signs from now on; the key before it stays published until its tokens have expired"
            );
        }
        Change::Retire { kid, force } => {
            if keys.retire(&kid, force).await? {
                println!("{kid} is retired; Hasura refuses its tokens within a minute, the webhook at once");
            } else {
                println!("{kid} was retired already");
            }
            if !keys
                .list()
                .await?
                .iter()
                .any(|key| key.state == KeyState::Current)
            {
                println!(
                    "no key signs: run `hasura-siwe keys rotate --force` if there is a next key, else `hasura-siwe keys generate`"
                );
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Kid, algorithm, state, and the instants that count in that state.
fn line(key: &KeyHistory) -> String {
    let mut line = format!(
        "{} {:5} {:8} published {}",
        key.kid,
        key.algorithm,
        key.state.name(),
        instant(key.published_at)
    );
    for (word, at) in [
        ("signed from", key.activated_at),
        ("published until", key.retires_at),
        ("retired", key.retired_at),
    ] {
        if let Some(at) = at {
            line.push_str(&format!(", {word} {}", instant(at)));
        }
    }
    line
}

fn instant(at: OffsetDateTime) -> String {
    let whole = at.replace_nanosecond(0).unwrap_or(at);
    whole.format(&Rfc3339).unwrap_or_default()
}

fn bits(text: &str) -> Result<RsaBits, String> {
    text.parse()
        .ok()
        .and_then(RsaBits::of)
        .ok_or_else(|| "expected 2048, 3072 or 4096".to_owned())
}
