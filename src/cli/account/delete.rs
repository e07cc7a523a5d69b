//! `account delete`: a person's account and everything that hangs on it, gone for good.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Context, bail};

use super::super::table::show;
use super::change::UNTIL_WHEN;
use super::{Delete, no_account};
use crate::config::Operator;
use crate::model::{Address, Whose};
use crate::storage::{Db, Deleted, Gone, Turn, User};

pub(super) async fn delete(
    db: &Db,
    operator: &Operator,
    whose: &Whose,
    arguments: &Delete,
) -> anyhow::Result<()> {
    let user = db.find_user(whose).await?.ok_or_else(|| no_account(whose))?;
    if user.disabled_at.is_some() && !arguments.lift_ban {
        bail!(
            "{whose} is disabled, and that would go with it: whoever it was could sign in again as somebody new. \
             Leave it as it is, or say --lift-ban"
        );
    }
    let wallets = db.wallets(user.user_id).await?;
    let addresses: Vec<Address> = wallets
        .iter()
        .filter(|wallet| wallet.chain == 0)
        .map(|wallet| wallet.address)
        .collect();
    if !arguments.yes && !is_meant(whose, &user, wallets.len())? {
        return show("nothing was deleted\n");
    }
    let turn = Turn {
        user_id: user.user_id,
        session_id: None,
        password_hash: None,
        // A ban that came just now is not lifted unasked.
        by_operator: arguments.lift_ban,
    };
    match db.delete_account(&turn, "operator").await? {
        Deleted::Overtaken => bail!("{whose} was deleted or disabled just now: look at it again"),
        Deleted::Held(by) => bail!(
            "{whose} stays: {by} refers to it and does not let it go. Empty that first, or let it say on delete cascade"
        ),
        Deleted::Done(gone) => show(&printed(whose, &user, &gone))?,
    }
    for address in addresses
        .iter()
        .filter(|address| operator.admins.contains(address))
    {
        show(&format!(
            "ADMIN_ADDRESSES names {address}: whoever signs in with it next is admin again\n"
        ))?;
    }
    Ok(())
}

/// Asks at a terminal; anywhere else nobody can answer.
fn is_meant(whose: &Whose, user: &User, wallets: usize) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!("give --yes: there is nobody to ask, and no way back");
    }
    eprint!(
        "Delete {whose}, the user {} with {wallets} wallets, for good? Type yes: ",
        user.user_id
    );
    std::io::stderr().flush().ok();
    let mut answer = String::new();
    stdin
        .lock()
        .read_line(&mut answer)
        .context("cannot read the answer from standard input")?;
    Ok(answer.trim() == "yes")
}

fn printed(whose: &Whose, user: &User, gone: &Gone) -> String {
    let password = if gone.has_password {
        "a password"
    } else {
        "no password"
    };
    format!(
        "{whose} is deleted: the user {}, with {} wallets, {} accounts on networks, {password}, {} roles, {} claims and {} \
         live sessions; {} rows of the audit log no longer say who it was. Restores are refused at once; {UNTIL_WHEN}\n",
        user.user_id, gone.wallets, gone.accounts, gone.roles, gone.claims, gone.sessions, gone.audit_rows
    )
}
