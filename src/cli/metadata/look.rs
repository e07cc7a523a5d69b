//! What a Hasura has of ours, for the doctor: it reads, and names places alone.

use super::Directory;
use super::remote::{Endpoint, Remote};
use crate::config::Variables;
use crate::hasura::document::{Merged, merge};

/// How a Hasura's metadata stands to a directory.
pub(in crate::cli) struct Look {
    /// What it calls inconsistent, a line each.
    pub(in crate::cli) inconsistent: Vec<String>,
    /// The paths of what it lacks.
    pub(in crate::cli) missing: Vec<String>,
    /// The paths of what it has otherwise.
    pub(in crate::cli) different: Vec<String>,
}

/// Looks.
///
/// # Errors
/// What stands in the way; [`NotOffered`](super::NotOffered) where there is no metadata API.
pub(in crate::cli) async fn look(
    directory: &Directory,
    endpoint: &Endpoint,
    variables: &Variables,
) -> anyhow::Result<Look> {
    let ours = directory.build()?;
    let remote = Remote::new(endpoint, variables)?;
    let theirs = remote.export().await?.metadata;
    let Merged { added, clashes, .. } = merge(&ours, &theirs, false);
    let inconsistent = remote.inconsistent().await?;
    Ok(Look {
        inconsistent: inconsistent.iter().map(|object| object.line()).collect(),
        missing: added,
        different: clashes.into_iter().map(|clash| clash.path).collect(),
    })
}
