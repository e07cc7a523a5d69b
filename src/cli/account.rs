//! `account`: what an operator may do to accounts and no request may.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::clock::Clock;
use crate::config::{Database, Variables};
use crate::entropy::Entropy;
use crate::model::{ADMIN_ROLE, Address};
use crate::storage::{Db, Granted, RoleChange, open_pool};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    change: Change,
}

#[derive(Subcommand)]
enum Change {
    /// Grant a role to the externally owned account of an address, which need not have signed in yet.
    Grant(Whose),
    /// Take a role away. Tokens that carry it live on until they expire, 15 minutes at most.
    Revoke(Whose),
}

#[derive(Args)]
struct Whose {
    /// The address, in checksum form or in lower case.
    address: Address,
    /// The role. `admin` is Hasura's superuser: it may do everything that the engine allows anybody.
    #[arg(value_parser = [ADMIN_ROLE])]
    role: String,
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    let database = Database::read(&variables)?;
    let db = Db::new(open_pool(&database)?, Clock::system());
    match arguments.change {
        Change::Grant(Whose { address, role }) => {
            let user_id = Entropy::system().uuid();
            match db
                .grant_role(&RoleChange {
                    address,
                    role: &role,
                    user_id,
                })
                .await?
            {
                Granted::Changed => {
                    println!("{address} has the role {role} from its next log-in or restore on")
                }
                Granted::Already => println!("{address} had the role {role} already"),
            }
        }
        Change::Revoke(Whose { address, role }) => match db.revoke_role(address, &role).await? {
            Granted::Changed => println!("{address} loses the role {role} with its next token"),
            Granted::Already => println!("{address} did not have the role {role}"),
        },
    }
    Ok(ExitCode::SUCCESS)
}
