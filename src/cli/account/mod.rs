//! `account`: what an operator may see of accounts and do to them, and no request may.

mod change;
mod delete;
mod export;
mod look;
mod named;
mod password;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use uuid::Uuid;

use named::Named;

use super::audit::duration;
use super::database;
use super::ids::{session_id, user_id};
use crate::config::{Operator, Variables};
use crate::model::{AccountName, Address, ClaimName, ClaimValue, Email, RoleName, Username, Whose};
use crate::storage::Db;

#[derive(Args)]
#[command(after_help = "\
An account is named by its address (an externally owned account), by CHAIN:ADDRESS (a contract), by its user id, by its
e-mail address or by username:NAME:

  hasura-siwe account list --limit 20
  hasura-siwe account show 0xYourAddress
  hasura-siwe account grant 0xYourAddress editor
  hasura-siwe account disable d1789988-2406-4937-bc3d-2f9e039e7e1b")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List accounts in the order of their user ids. Filters narrow the list; an account must fit all of them.
    #[command(after_help = "Examples:
  hasura-siwe account list --limit 20
  hasura-siwe account list --after d1789988-2406-4937-bc3d-2f9e039e7e1b --json
  hasura-siwe account list --role editor --since 7d")]
    List(List),
    /// Show one account: wallets, accounts on networks, roles, claims and live sessions. No secret is shown.
    #[command(after_help = "Examples:
  hasura-siwe account show 0xYourAddress
  hasura-siwe account show anna@example.com --json")]
    Show(Show),
    /// Make an account that signs in with a password, which is read from standard input.
    #[command(after_help = "Examples:
  hasura-siwe account create --email anna@example.com --name Anna      # asks for the password
  hasura-siwe account create --username anna < password.txt")]
    Create(Create),
    /// Give an account another password, read from standard input. Its sessions end.
    #[command(after_help = "Example:
  hasura-siwe account password anna@example.com")]
    Password(One),
    /// Forget that passwords of an account were tried in vain, so that it may sign in from anywhere again.
    #[command(after_help = "Example:
  hasura-siwe account unlock username:anna")]
    Unlock(One),
    /// Grant a role to an account. An address need not have signed in yet; the role must exist (`role add`).
    #[command(after_help = "Example:
  hasura-siwe account grant 0xYourAddress editor\n\n`admin` is Hasura's superuser: it may do everything that the engine allows anybody.")]
    Grant(Role),
    /// Take a role away. In JWT mode, tokens that carry it live on until they expire.
    #[command(after_help = "Example:
  hasura-siwe account revoke 0xYourAddress editor")]
    Revoke(Role),
    /// Shut an account out: no log-in, no restore, and every session ends.
    #[command(after_help = "Example:
  hasura-siwe account disable 0xYourAddress")]
    Disable(One),
    /// Let a disabled account sign in again. Its ended sessions stay ended.
    #[command(after_help = "Example:
  hasura-siwe account enable 0xYourAddress")]
    Enable(One),
    /// End all sessions of an account, or one of them. It may sign in again.
    #[command(after_help = "Examples:
  hasura-siwe account show 0xYourAddress        # lists the sessions
  hasura-siwe account logout 0xYourAddress --session 6f0c4d1e-0a59-4c8a-9a53-6a1f0f2f7c11
  hasura-siwe account logout 0xYourAddress      # all of them")]
    Logout(Logout),
    /// Print everything that is kept about the person, as JSON, for the person. No secret is among it.
    #[command(after_help = "Example:
  hasura-siwe account export 0xYourAddress >person.json\n\nThe audit log says that somebody asked.")]
    Export(One),
    /// Delete an account with everything that hangs on it. There is no way back.
    #[command(after_help = "Examples:
  hasura-siwe account delete 0xYourAddress           # says what goes, and asks
  hasura-siwe account delete anna@example.com --yes

Its wallets and names may sign in or register again at once, as a new account.")]
    Delete(Delete),
    /// Add a claim to the tokens of an account, change it, or remove it.
    #[command(after_help = "Examples:
  hasura-siwe account claim 0xYourAddress x-hasura-team blue
  hasura-siwe account claim 0xYourAddress x-hasura-team --remove

Permissions in Hasura's metadata compare with it: {\"team\": {\"_eq\": \"X-Hasura-Team\"}}")]
    Claim(Claim),
}

#[derive(Args)]
struct One {
    /// An address, a contract as CHAIN:ADDRESS, a user id, an e-mail address, or username:NAME.
    #[arg(value_name = "ADDRESS|USER_ID|EMAIL")]
    whose: Named,
}

#[derive(Args)]
struct Create {
    /// The e-mail address that it signs in with.
    #[arg(long, value_parser = |text: &str| Email::parse(text))]
    email: Option<Email>,
    /// The username that it signs in with.
    #[arg(long, value_parser = |text: &str| Username::parse(text))]
    username: Option<Username>,
    /// What the person is called.
    #[arg(long, value_parser = |text: &str| AccountName::parse(text))]
    name: Option<AccountName>,
    /// Where the person's picture is.
    #[arg(long, value_name = "URL", value_parser = avatar)]
    avatar: Option<String>,
}

#[derive(Args)]
struct List {
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on after this user id: the last one of the page before.
    #[arg(long, value_name = "ID", value_parser = user_id)]
    after: Option<Uuid>,
    /// Accounts with a wallet of this address, on any chain.
    #[arg(long)]
    address: Option<Address>,
    /// Accounts that sign in with this e-mail address.
    #[arg(long, value_parser = |text: &str| Email::parse(text))]
    email: Option<Email>,
    /// Accounts that sign in with this username.
    #[arg(long, value_parser = |text: &str| Username::parse(text))]
    username: Option<Username>,
    /// Accounts with this text in a name, in any letter case.
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// Accounts to which this role is granted. It says nothing of ADMIN_ADDRESSES.
    #[arg(long)]
    role: Option<RoleName>,
    /// Disabled accounts only.
    #[arg(long)]
    disabled: bool,
    /// Accounts that are new since 30m, 24h, 7d …
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    since: Option<Duration>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Show {
    #[command(flatten)]
    one: One,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Role {
    #[command(flatten)]
    one: One,
    /// The role: `role list` shows those that there are.
    role: RoleName,
}

#[derive(Args)]
struct Logout {
    #[command(flatten)]
    one: One,
    /// Only this session.
    #[arg(long, value_name = "ID", value_parser = session_id)]
    session: Option<Uuid>,
}

#[derive(Args)]
struct Delete {
    #[command(flatten)]
    one: One,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Delete a disabled account too, and with it what keeps its owner out.
    #[arg(long)]
    lift_ban: bool,
}

#[derive(Args)]
struct Claim {
    #[command(flatten)]
    one: One,
    /// x-hasura- and lower-case letters, digits and hyphens.
    #[arg(value_name = "x-hasura-NAME")]
    name: ClaimName,
    /// A text of 1 to 1024 characters, not only blanks. Every token carries it, so keep it short.
    #[arg(required_unless_present = "remove")]
    value: Option<ClaimValue>,
    /// Remove the claim.
    #[arg(long, conflicts_with = "value")]
    remove: bool,
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    let operator = Operator::read(&variables)?;
    let db = database::open(&operator.database).await?;
    match arguments.command {
        Command::List(list) => look::list(&db, list).await?,
        Command::Show(Show { one, json }) => {
            look::show_one(&db, &operator, &one.find(&db).await?, json).await?
        }
        Command::Create(create) => password::create(&db, &operator, &create).await?,
        Command::Password(one) => password::replace(&db, &operator, &one.find(&db).await?).await?,
        Command::Unlock(one) => password::unlock(&db, &one.find(&db).await?).await?,
        Command::Grant(Role { one, role }) => change::grant(&db, &one.find(&db).await?, &role).await?,
        Command::Revoke(Role { one, role }) => {
            change::revoke(&db, &operator, &one.find(&db).await?, &role).await?
        }
        Command::Disable(one) => change::disable(&db, &one.find(&db).await?).await?,
        Command::Enable(one) => change::enable(&db, &one.find(&db).await?).await?,
        Command::Logout(Logout { one, session }) => {
            change::log_out(&db, &one.find(&db).await?, session).await?
        }
        Command::Export(one) => export::export(&db, &one.find(&db).await?).await?,
        Command::Delete(arguments) => {
            delete::delete(&db, &operator, &arguments.one.find(&db).await?, &arguments).await?
        }
        Command::Claim(claim) => change::claim(&db, &claim.one.find(&db).await?, &claim).await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl One {
    async fn find(&self, db: &Db) -> anyhow::Result<Whose> {
        self.whose.find(db).await
    }
}

/// As long as the table allows; whether there is a picture is not asked.
fn avatar(text: &str) -> Result<String, String> {
    let is_url = text.starts_with("https://") && text.len() <= 2048 && !text.chars().any(char::is_whitespace);
    is_url
        .then(|| text.to_owned())
        .ok_or_else(|| "expected an https:// address of at most 2048 characters".to_owned())
}

/// The refusal of a name that nobody has.
fn no_account(whose: &Whose) -> anyhow::Error {
    match whose {
        Whose::Wallet { .. } => anyhow::anyhow!("there is no account {whose}: it has never signed in"),
        Whose::User(_) => anyhow::anyhow!("there is no account with the user id {whose}"),
    }
}
