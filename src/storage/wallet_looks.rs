//! When somebody last looked whether the contract of a session is still there.

use uuid::Uuid;

use super::{Db, Error};

pub(super) const CLAIM: &str = "
update auth.sessions s
set checked_at = clock_timestamp() + make_interval(secs => $1)
where s.id = $2 and s.ended_at is null
  and s.checked_at + interval '1 hour' <= clock_timestamp() + make_interval(secs => $1)";

impl Db {
    /// Whether the caller is the one to look at the contract of this session now. It is nobody's turn again for an hour,
    /// whatever comes of the look: a node that is down must not be waited for by every restore.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn claim_look(&self, session_id: Uuid) -> Result<bool, Error> {
        let claimed = self.execute(CLAIM, &[&self.clock_offset(), &session_id]).await?;
        Ok(claimed == 1)
    }
}
