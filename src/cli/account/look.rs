//! `account list` and `account show`: what is known of accounts, for people and for programs.

use serde::Serialize;
use time::OffsetDateTime;

use super::super::table::{instant, or_dash, plain, show, show_json, table};
use super::{List, no_account};
use crate::config::Operator;
use crate::model::{ADMIN_ROLE, USER_ROLE, Whose};
use crate::storage::{Account, Db, Session, User, UserFilter, Wallet};

/// An account in full, as `--json` prints it.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    user: User,
    effective_roles: Vec<EffectiveRole>,
    wallets: Vec<Wallet>,
    accounts: Vec<Account>,
    sessions: Vec<Session>,
}

/// A role that tokens carry, and why.
#[derive(Serialize)]
struct EffectiveRole {
    name: String,
    /// `everybody`, `granted` or `ADMIN_ADDRESSES`.
    by: &'static str,
}

pub(super) async fn list(db: &Db, list: List) -> anyhow::Result<()> {
    let (as_json, limit) = (list.json, list.limit);
    let users = db
        .users(&UserFilter {
            after: list.after,
            address: list.address,
            email: list.email,
            username: list.username,
            name: list.name,
            role: list.role,
            is_disabled: list.disabled,
            since: list.since,
            limit,
        })
        .await?;
    if as_json {
        return show_json(&users);
    }
    let rows: Vec<[String; 7]> = users
        .iter()
        .map(|user| {
            [
                user.user_id.to_string(),
                or_dash(Some(user.wallets.join(" ")).filter(|wallets| !wallets.is_empty())),
                or_dash(Some(user.logins.join(" ")).filter(|logins| !logins.is_empty())),
                or_dash(Some(user.roles.join(" ")).filter(|roles| !roles.is_empty())),
                user.sessions.to_string(),
                instant(user.created_at),
                or_dash(user.disabled_at.map(instant)),
            ]
        })
        .collect();
    let head = [
        "USER ID",
        "WALLETS",
        "PASSWORD OF",
        "GRANTED",
        "SESSIONS",
        "SINCE",
        "DISABLED",
    ];
    show(&table("", head, &rows))?;
    match users.last() {
        Some(last) if users.len() == usize::try_from(limit)? => {
            show(&format!("There may be more: --after {}\n", last.user_id))
        }
        _ => Ok(()),
    }
}

pub(super) async fn show_one(
    db: &Db,
    operator: &Operator,
    whose: &Whose,
    as_json: bool,
) -> anyhow::Result<()> {
    let user = db.find_user(whose).await?.ok_or_else(|| no_account(whose))?;
    let wallets = db.wallets(user.user_id).await?;
    let report = Report {
        effective_roles: effective_roles(&user, &wallets, operator),
        accounts: db.accounts(user.user_id).await?,
        sessions: db.live_sessions(user.user_id).await?,
        wallets,
        user,
    };
    if as_json {
        show_json(&report)
    } else {
        show(&printed(&report))
    }
}

/// The roles of the account's tokens, as the service puts them together.
fn effective_roles(user: &User, wallets: &[Wallet], operator: &Operator) -> Vec<EffectiveRole> {
    let role = |name: &str, by| EffectiveRole {
        name: name.to_owned(),
        by,
    };
    let mut roles = vec![role(USER_ROLE, "everybody")];
    roles.extend(user.roles.iter().map(|name| role(name, "granted")));
    let named = |wallet: &Wallet| wallet.chain == 0 && operator.admins.contains(&wallet.address);
    if wallets.iter().any(named) {
        roles.push(role(ADMIN_ROLE, "ADMIN_ADDRESSES"));
    }
    roles
}

fn printed(report: &Report) -> String {
    let user = &report.user;
    let mut text = format!(
        "user id   {}\nsince     {}\n",
        user.user_id,
        instant(user.created_at)
    );
    text += &match user.disabled_at {
        Some(at) => format!("disabled  since {}\n", instant(at)),
        None => "disabled  no\n".to_owned(),
    };
    if !user.logins.is_empty() {
        text += &format!("password  {}\n", user.logins.join(", "));
    }
    let roles = report.effective_roles.iter();
    text += &section(
        "roles",
        ["NAME", "BY"],
        roles.map(|role| [role.name.clone(), role.by.to_owned()]),
    );
    let claims = user.claims.iter();
    text += &section(
        "claims",
        ["NAME", "VALUE"],
        claims.map(|(name, value)| [name.clone(), value.clone()]),
    );
    text += &section(
        "wallets",
        ["ADDRESS", "CHAIN", "SINCE"],
        report.wallets.iter().map(|wallet| {
            let chain = match wallet.chain {
                0 => "any".to_owned(),
                chain => chain.to_string(),
            };
            [wallet.address.to_string(), chain, instant(wallet.created_at)]
        }),
    );
    text += &section(
        "accounts",
        ["NETWORK", "ADDRESS", "NAME", "SINCE"],
        report.accounts.iter().map(|account| {
            [
                account.network.clone(),
                account.address.clone(),
                or_dash(account.name.as_deref()),
                instant(account.created_at),
            ]
        }),
    );
    text += &section(
        "sessions",
        ["ID", "FLOW", "CREATED", "LAST USED", "ENDS", "IP", "USER AGENT"],
        report.sessions.iter().map(session_row),
    );
    text
}

fn session_row(session: &Session) -> [String; 7] {
    let at = |at: OffsetDateTime| instant(at);
    [
        session.id.to_string(),
        session.flow.clone(),
        at(session.created_at),
        at(session.last_used_at),
        at(session.ends_at),
        or_dash(session.ip.as_deref()),
        or_dash(session.user_agent.as_deref().map(plain)),
    ]
}

/// A heading and its table, or that there is none.
fn section<const N: usize>(name: &str, head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.collect();
    if rows.is_empty() {
        return format!("\n{name}: none\n");
    }
    format!("\n{name}\n{}", table("  ", head, &rows))
}
