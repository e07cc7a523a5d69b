//! Nonces: those that the service gives out, and how one is spent. Spending is part of the statement that it is
//! good for.

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Db, Error};
use crate::model::Purpose;

/// The nonce of a message that was verified.
#[derive(Clone, Copy, Debug)]
pub struct ProofNonce {
    /// Its SHA-256.
    pub hash: [u8; 32],
    /// Until when it is remembered as spent: no message that carries it could pass any more.
    pub remember_until: OffsetDateTime,
}

/// `nonce_record (fits)`: the nonce `$hash` as it was issued, if it was, and whether that was for `$purpose` in `$session`. `spent (hash)`:
/// the nonce of `$address`, spent, if `allowed` has a row, it fits, and it was not spent before. Stands behind `moment` and an
/// `allowed` of at most one row.
///
/// The insert decides: of equal messages at the same moment one gets the row, and the others wait for it and then get
/// none.
macro_rules! spend_nonce {
    (
        address: $address:literal, hash: $hash:literal, remember_until: $remember_until:literal,
        must_be_issued: $must_be_issued:literal, purpose: $purpose:literal, session: $session:literal
    ) => {
        concat!(
            ",
nonce_record as materialized (
  select n.purpose = ",
            $purpose,
            " and n.session_id is not distinct from ",
            $session,
            "::uuid as fits
  from auth.issued_nonces n
  where n.hash = ",
            $hash,
            "
),
issued as (
  delete from auth.issued_nonces n
  using moment, allowed, nonce_record
  where ",
            $must_be_issued,
            " and nonce_record.fits and n.hash = ",
            $hash,
            " and n.expires_at > moment.now
  returning n.hash
),
spent as (
  insert into auth.spent_nonces (address, hash, expires_at)
  select ",
            $address,
            ", ",
            $hash,
            ", ",
            $remember_until,
            "
  from allowed
  where case when ",
            $must_be_issued,
            " then exists (select from issued) else not exists (select from nonce_record where not fits) end
  on conflict do nothing
  returning hash
)"
        )
    };
}

pub(super) use spend_nonce;

pub(super) const ISSUE: &str = "
insert into auth.issued_nonces (hash, expires_at, purpose, session_id)
values ($2, clock_timestamp() + make_interval(secs => $1::double precision + $3::double precision), $4, $5)
returning expires_at";

impl Db {
    /// Remembers a nonce by its SHA-256 and returns when it stops being good. One for another purpose than signing in belongs
    /// to a session.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn issue_nonce(
        &self,
        hash: [u8; 32],
        life: Duration,
        purpose: Purpose,
        session_id: Option<Uuid>,
    ) -> Result<OffsetDateTime, Error> {
        let row = self
            .query_one(
                ISSUE,
                &[
                    &self.clock_offset(),
                    &hash.as_slice(),
                    &life.as_secs_f64(),
                    &purpose.as_str(),
                    &session_id,
                ],
            )
            .await?;
        Ok(row.get("expires_at"))
    }
}
