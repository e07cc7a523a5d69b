//! `account create`, `account password` and `account unlock`: accounts with a password, made and helped by an operator.
//! A password is read from standard input, never from the command line, which others on the machine can see.

use std::io::{BufRead, IsTerminal, Read, Write};

use anyhow::{Context, bail};
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::super::table::show;
use super::{Create, no_account};
use crate::config::Operator;
use crate::entropy::Entropy;
use crate::flow::{key_of_name, key_of_user};
use crate::model::{Client, Email, LoginName, Username, Whose};
use crate::password::{Hashers, Password, PasswordHash};
use crate::storage::{ChangePassword, Db, NewCredential, Set, Turn};

/// A line beyond this is no password.
const INPUT_CAP: u64 = 4096;

pub(super) async fn create(db: &Db, operator: &Operator, create: &Create) -> anyhow::Result<()> {
    if create.email.is_none() && create.username.is_none() {
        bail!("give --email, --username, or both: an account signs in with one of them");
    }
    let (email, username) = (create.email.as_ref(), create.username.as_ref());
    let hash = hash(operator, email, username).await?;
    let user_id = Entropy::system().uuid();
    let new = NewCredential {
        user_id,
        email,
        username,
        password_hash: hash.as_str(),
        name: create.name.as_ref(),
        avatar: create.avatar.as_deref(),
        actor: "operator",
        client: &Client::default(),
    };
    match db.register(&new).await? {
        Set::Done => show(&format!("account {user_id} is made: it may sign in at once\n")),
        Set::Taken | Set::NotPossible | Set::Overtaken => {
            bail!("the e-mail address or the username is taken")
        }
    }
}

pub(super) async fn replace(db: &Db, operator: &Operator, whose: &Whose) -> anyhow::Result<()> {
    let user = db.find_user(whose).await?.ok_or_else(|| no_account(whose))?;
    let names = db.login_names(user.user_id).await?;
    let hash = hash(operator, names.email.as_ref(), names.username.as_ref()).await?;
    let change = ChangePassword {
        user_id: user.user_id,
        before: None,
        after: hash.as_str(),
        keep: None,
        actor: "operator",
        client: &Client::default(),
    };
    let turn = Turn {
        user_id: user.user_id,
        session_id: None,
        password_hash: None,
        by_operator: true,
    };
    match db.change_password(&change, &turn).await? {
        Some(ended) => show(&format!(
            "{whose} has another password, and its sessions ended ({ended})\n"
        )),
        None => bail!("{whose} has no password: it signs in with a wallet"),
    }
}

pub(super) async fn unlock(db: &Db, whose: &Whose) -> anyhow::Result<()> {
    let user = db.find_user(whose).await?.ok_or_else(|| no_account(whose))?;
    let names = db.login_names(user.user_id).await?;
    let email = names.email.map(LoginName::Email);
    let mut forgotten = db.forget_guesses(key_of_user(user.user_id)).await?;
    for name in email.into_iter().chain(names.username.map(LoginName::Username)) {
        forgotten += db.forget_guesses(key_of_name(&name)).await?;
    }
    if forgotten > 0 {
        db.note_unlock(user.user_id).await?;
    }
    show(&match forgotten {
        0 => format!("nobody tried passwords of {whose} in vain\n"),
        _ => format!("the tries are forgotten: {whose} may sign in from anywhere at once\n"),
    })
}

/// Reads a password, judges it, and hashes it as the service does.
async fn hash(
    operator: &Operator,
    email: Option<&Email>,
    username: Option<&Username>,
) -> anyhow::Result<PasswordHash> {
    let password = Password::parse(&typed()?)?;
    let mut known: Vec<&str> = Vec::new();
    known.extend(
        email
            .iter()
            .flat_map(|email| [email.as_str(), email.local_part()]),
    );
    known.extend(username.map(Username::as_str));
    operator.policy.judge(&password, &known)?;
    Ok(Hashers::new(1, 1, Entropy::system()).hash(password).await?)
}

/// One line of standard input; at a terminal it is asked for, and not shown while it is typed.
fn typed() -> anyhow::Result<Zeroizing<String>> {
    let stdin = std::io::stdin();
    let mut line = Zeroizing::new(String::new());
    if !stdin.is_terminal() {
        stdin
            .lock()
            .take(INPUT_CAP)
            .read_line(&mut line)
            .context("cannot read the password from standard input")?;
    } else {
        eprint!("New password: ");
        std::io::stderr().flush().ok();
        let shown = tcgetattr(&stdin)?;
        let mut hidden = shown.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(&stdin, SetArg::TCSANOW, &hidden)?;
        let read = stdin.lock().take(INPUT_CAP).read_line(&mut line);
        // Shown again whatever came of it.
        tcsetattr(&stdin, SetArg::TCSANOW, &shown)?;
        eprintln!();
        read?;
    }
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}
