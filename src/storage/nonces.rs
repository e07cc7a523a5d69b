//! Nonces that the service gives out. Spending one is part of a log-in.

use std::time::Duration;

use time::OffsetDateTime;

use super::{Db, Error};

pub(super) const ISSUE: &str = "
insert into auth.issued_nonces (hash, expires_at)
values ($2, clock_timestamp() + make_interval(secs => $1::double precision + $3::double precision))
returning expires_at";

impl Db {
    /// Remembers a nonce by its SHA-256 and returns when it stops being good.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn issue_nonce(&self, hash: [u8; 32], life: Duration) -> Result<OffsetDateTime, Error> {
        let row = self
            .query_one(
                ISSUE,
                &[&self.clock_offset(), &hash.as_slice(), &life.as_secs_f64()],
            )
            .await?;
        Ok(row.get("expires_at"))
    }
}
