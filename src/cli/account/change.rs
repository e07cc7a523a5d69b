//! The commands that change an account. Each says what it did and from when on that holds.

use anyhow::bail;
use uuid::Uuid;

use super::super::table::show;
use super::{Claim, no_account};
use crate::config::Operator;
use crate::entropy::Entropy;
use crate::model::{RoleName, Whose};
use crate::storage::{Changed, Db, LoggedOut, NewClaim, RoleChange};

const FROM_WHEN: &str = "at once in webhook mode, with the next token in JWT mode";
pub(super) const UNTIL_WHEN: &str =
    "access tokens are refused at once in webhook mode, and live on until they expire in JWT mode";

pub(super) async fn grant(db: &Db, whose: &Whose, role: &RoleName) -> anyhow::Result<()> {
    let user_id = Entropy::system().uuid();
    let change = RoleChange { whose, role, user_id };
    match db.grant_role(&change).await? {
        Changed::NoRole => Err(no_role(role)),
        Changed::NoAccount => Err(no_account(whose)),
        Changed::Already => show(&format!("{whose} had the role {role} already\n")),
        Changed::Now => show(&format!("{whose} has the role {role}: {FROM_WHEN}\n")),
        Changed::NowAndNew => show(&format!(
            "{whose} has the role {role} from its first log-in on: it has not signed in yet\n"
        )),
    }
}

pub(super) async fn revoke(
    db: &Db,
    operator: &Operator,
    whose: &Whose,
    role: &RoleName,
) -> anyhow::Result<()> {
    match db.revoke_role(whose, role).await? {
        Changed::NoRole => return Err(no_role(role)),
        Changed::NoAccount => return Err(no_account(whose)),
        Changed::Already => show(&format!("{whose} did not have the role {role}\n"))?,
        Changed::Now | Changed::NowAndNew => {
            show(&format!("{whose} loses the role {role}: {FROM_WHEN}\n"))?;
        }
    }
    if role.is_admin()
        && let Some(user) = db.find_user(whose).await?
    {
        for wallet in db.wallets(user.user_id).await? {
            if wallet.chain == 0 && operator.admins.contains(&wallet.address) {
                let address = wallet.address;
                show(&format!("ADMIN_ADDRESSES names {address}, so it stays admin\n"))?;
            }
        }
    }
    Ok(())
}

pub(super) async fn disable(db: &Db, whose: &Whose) -> anyhow::Result<()> {
    let Some(ended) = db.disable(whose).await? else {
        return Err(no_account(whose));
    };
    let sessions = sessions(ended.sessions);
    show(&match (ended.changed, ended.sessions) {
        (false, 0) => format!("{whose} was disabled already\n"),
        (false, _) => format!("{whose} was disabled already; {sessions} ended\n"),
        (true, _) => format!(
            "{whose} is disabled and {sessions} ended. Log-ins and restores are refused at once; {UNTIL_WHEN}\n"
        ),
    })
}

pub(super) async fn enable(db: &Db, whose: &Whose) -> anyhow::Result<()> {
    match db.enable(whose).await? {
        None => Err(no_account(whose)),
        Some(ended) if ended.changed => show(&format!(
            "{whose} is enabled: it may sign in again at once, and the sessions that ended stay ended\n"
        )),
        Some(_) => show(&format!("{whose} was not disabled\n")),
    }
}

pub(super) async fn log_out(db: &Db, whose: &Whose, session: Option<Uuid>) -> anyhow::Result<()> {
    match (db.log_out(whose, session).await?, session) {
        (LoggedOut::NoAccount, _) => Err(no_account(whose)),
        (LoggedOut::NoSession, session) => {
            let id = session.unwrap_or_default();
            bail!("{whose} has no session {id}: `hasura-siwe account show {whose}` lists them")
        }
        (LoggedOut::Ended(0), Some(id)) => show(&format!("session {id} was over already\n")),
        (LoggedOut::Ended(0), None) => show(&format!("{whose} had no session to end\n")),
        (LoggedOut::Ended(count), _) => {
            let ended = sessions(count);
            show(&format!(
                "{ended} of {whose} ended. Restores are refused at once; {UNTIL_WHEN}\n"
            ))
        }
    }
}

pub(super) async fn claim(db: &Db, whose: &Whose, claim: &Claim) -> anyhow::Result<()> {
    let name = &claim.name;
    let Some(value) = &claim.value else {
        return match db.remove_claim(whose, name).await? {
            Changed::NoAccount | Changed::NoRole => Err(no_account(whose)),
            Changed::Already => show(&format!("{whose} did not have the claim {name}\n")),
            Changed::Now | Changed::NowAndNew => {
                show(&format!("{whose} loses the claim {name}: {FROM_WHEN}\n"))
            }
        };
    };
    let user_id = Entropy::system().uuid();
    let new = NewClaim {
        whose,
        name,
        value,
        user_id,
    };
    let value = value.as_str();
    match db.set_claim(&new).await? {
        Changed::NoAccount | Changed::NoRole => Err(no_account(whose)),
        Changed::Already => show(&format!("{whose} had the claim {name} = {value:?} already\n")),
        Changed::Now => show(&format!(
            "{whose} has the claim {name} = {value:?}: {FROM_WHEN}\n"
        )),
        Changed::NowAndNew => show(&format!(
            "{whose} has the claim {name} = {value:?} from its first log-in on: it has not signed in yet\n"
        )),
    }
}

fn no_role(role: &RoleName) -> anyhow::Error {
    anyhow::anyhow!("there is no role {role}: `hasura-siwe role add {role}` makes it")
}

fn sessions(count: i64) -> String {
    match count {
        1 => "1 session".to_owned(),
        _ => format!("{count} sessions"),
    }
}
