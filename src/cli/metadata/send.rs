//! A change of a Hasura's metadata: computed from what is there, and sent as one replacement that names the version it was
//! computed from. If another client changes the metadata meanwhile, Hasura refuses, and the change is computed again.

use std::process::ExitCode;

use anyhow::bail;

use super::Refused;
use super::remote::{Exported, Inconsistent, Remote, Replaced};
use crate::cli::table::show;
use crate::hasura::document::Exact;

/// How often the metadata may change meanwhile before the command gives up.
const ATTEMPTS: u32 = 2;

/// What was done.
pub(super) enum Sent {
    /// Hasura has taken the change.
    Done,
    /// There was nothing to change.
    Nothing,
    /// It was a dry run.
    Rehearsed,
}

impl Sent {
    /// What a person reads.
    pub(super) fn text(&self) -> &'static str {
        match self {
            Self::Done => "sent; Hasura has taken it\n",
            Self::Nothing => "nothing to change, nothing was sent\n",
            Self::Rehearsed => "a dry run: nothing was sent\n",
        }
    }

    /// Asks whether Hasura's metadata is consistent, unless it was a dry run.
    ///
    /// # Errors
    /// [`Refused`] if it is not.
    pub(super) async fn finish(&self, remote: &Remote, is_silent: bool) -> anyhow::Result<ExitCode> {
        if matches!(self, Self::Rehearsed) {
            return Ok(ExitCode::SUCCESS);
        }
        let objects = remote.inconsistent().await?;
        if objects.is_empty() {
            if !is_silent {
                show("Hasura's metadata is consistent\n")?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        list(&objects, is_silent)?;
        bail!(Refused("Hasura's metadata is inconsistent".to_owned()));
    }
}

/// Sends what `change` makes of what is there; `None` means that there is nothing to change.
///
/// # Errors
/// [`Refused`] if Hasura refuses the change, or if the metadata keeps changing.
pub(super) async fn send(
    remote: &Remote,
    is_dry_run: bool,
    is_silent: bool,
    mut change: impl FnMut(&Exact) -> anyhow::Result<Option<Exact>>,
) -> anyhow::Result<Sent> {
    for _ in 0..ATTEMPTS {
        let Exported {
            resource_version,
            metadata: theirs,
        } = remote.export().await?;
        let Some(document) = change(&theirs)? else {
            return Ok(Sent::Nothing);
        };
        if is_dry_run {
            return Ok(Sent::Rehearsed);
        }
        match remote.replace(resource_version, &document).await? {
            Replaced::Done => return Ok(Sent::Done),
            Replaced::Conflict if is_silent => {}
            Replaced::Conflict => show("the metadata was changed meanwhile; once more\n")?,
            Replaced::Inconsistent(reason, objects) => {
                list(&objects, is_silent)?;
                bail!(Refused(format!("Hasura has changed nothing: {reason}")));
            }
        }
    }
    bail!(Refused(
        "another client keeps changing Hasura's metadata (409 conflict): nothing was sent, try again"
            .to_owned()
    ))
}

/// Lists what is inconsistent: on standard error if standard output is for a program.
fn list(objects: &[Inconsistent], is_silent: bool) -> anyhow::Result<()> {
    for object in objects {
        let line = format!("inconsistent: {}\n", object.line());
        if is_silent {
            eprint!("{line}");
        } else {
            show(&line)?;
        }
    }
    Ok(())
}
