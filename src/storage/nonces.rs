//! Nonces: those that the service gives out, and how one is spent. Spending is part of the statement that it is
//! good for.

use std::time::Duration;

use time::OffsetDateTime;

use super::{Db, Error};

/// The nonce of a message that was verified.
#[derive(Clone, Copy, Debug)]
pub struct ProofNonce {
    /// Its SHA-256.
    pub hash: [u8; 32],
    /// Whether it must be one that the service issued.
    pub must_be_issued: bool,
    /// Until when it is remembered as spent: no message that carries it could pass any more.
    pub remember_until: OffsetDateTime,
}

/// `spent (hash)`: the nonce `$hash` of `$address`, spent, if `allowed` has a row and it was not spent before.
/// Stands behind `moment` and an `allowed` of at most one row.
///
/// The insert decides: of equal messages at the same moment one gets the row, and the others wait for it and then get
/// none.
macro_rules! spend_nonce {
    ($address:literal, $hash:literal, $must_be_issued:literal, $remember_until:literal) => {
        concat!(
            ",
issued as (
  delete from auth.issued_nonces n
  using moment, allowed
  where ",
            $must_be_issued,
            " and n.hash = ",
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
  where not ",
            $must_be_issued,
            " or exists (select from issued)
  on conflict do nothing
  returning hash
)"
        )
    };
}

pub(super) use spend_nonce;

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
