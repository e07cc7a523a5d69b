//! `epoch`: what is to be done after a backup was restored, before the service is let at the database.

use std::process::ExitCode;

use clap::Args;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::database;
use super::table::show;
use crate::clock::Clock;
use crate::config::Variables;

#[derive(Args)]
#[command(after_help = "\
A backup holds sessions as they were when it was made: refresh tokens that have been spent since are good again in it, and so is one
that was stolen and noticed. So every session of the backup ends, and people sign in again.

  hasura-siwe epoch                                  # all sessions that there are
  hasura-siwe epoch --before 2026-01-31T12:00:00Z    # those opened before the restore, where the service ran already")]
pub(super) struct Arguments {
    /// Sessions that were opened before this moment, as RFC 3339; now, if left out.
    #[arg(long, value_parser = moment)]
    before: Option<OffsetDateTime>,
}

fn moment(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map_err(|_| "expected a moment as RFC 3339, such as 2026-01-31T12:00:00Z".to_owned())
}

pub(super) async fn run(arguments: Arguments, variables: Variables) -> anyhow::Result<ExitCode> {
    let db = database::of(&variables).await?;
    let before = arguments.before.unwrap_or_else(|| Clock::system().now());
    let ended = db.end_before(before).await?;
    show(&format!(
        "{ended} sessions ended that were opened before {}, and every nonce and text that was given out is void. \
         Access tokens that are out live on until they expire in JWT mode.\n",
        before.format(&Rfc3339)?
    ))?;
    Ok(ExitCode::SUCCESS)
}
