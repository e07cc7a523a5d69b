//! The keys that sign, as rows: each change of their states is one statement with its audit row.
//!
//! The statements see to it that one key signs at most; when a key may be promoted, and how long a
//! retiring one stays, they are told. What is in `sealed` only `token` can open.

use std::time::Duration;

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::serde::rfc3339;
use tokio_postgres::Row;

use super::{Db, Error};
use crate::token::{KeyState, NewKey, StoredKey};

/// A key with its history.
#[derive(Clone, Debug, Serialize)]
pub struct KeyHistory {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// By its JOSE name.
    pub algorithm: String,
    /// Where it stands.
    #[serde(serialize_with = "by_name")]
    pub state: KeyState,
    /// Since when it is published.
    #[serde(with = "rfc3339")]
    pub published_at: OffsetDateTime,
    /// Since when it signed.
    #[serde(with = "rfc3339::option")]
    pub activated_at: Option<OffsetDateTime>,
    /// Until when it stays published, for one that is retiring.
    #[serde(with = "rfc3339::option")]
    pub retires_at: Option<OffsetDateTime>,
    /// Since when it is good for nothing.
    #[serde(with = "rfc3339::option")]
    pub retired_at: Option<OffsetDateTime>,
}

fn by_name<S: Serializer>(state: &KeyState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.name())
}

/// What became of a retirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// No key has this kid.
    Unknown,
    /// It was retired before.
    Already,
    /// It signs, and nobody insisted.
    Signs,
    /// It is good for nothing from now on.
    Done,
}

pub(super) const LIVE: &str = "
select kid, algorithm, public::text as public, sealed, state, activated_at, retires_at
from auth.signing_keys
where state <> 'retired'
  and (retires_at is null or retires_at > clock_timestamp() + make_interval(secs => $1))
order by array_position(array['current', 'next', 'retiring'], state), published_at desc";

pub(super) const LIST: &str = "
select kid, algorithm, state, published_at, activated_at, retires_at, retired_at
from auth.signing_keys
order by published_at, kid";

pub(super) const ADD: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now,
    not exists (select from auth.signing_keys where state = 'current') as is_first
),
added as (
  insert into auth.signing_keys (kid, algorithm, public, sealed, state, created_at, published_at, activated_at)
  select $2, $3, $4::text::jsonb, $5, case when is_first then 'current' else 'next' end,
    now, now, case when is_first then now end
  from moment
  on conflict do nothing
  returning kid, state
),
noted as (
  insert into auth.audit_log (at, action, result, actor, detail)
  select now, 'generate_key', 'ok', 'operator', jsonb_build_object('kid', kid, 'algorithm', $3::text, 'state', state)
  from added, moment
)
select state from added";

// The count makes the promotion wait for the demotion: the index allows one current key at any time.
pub(super) const PROMOTE: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
successor as materialized (
  select kid
  from auth.signing_keys, moment
  where state = 'next' and published_at + make_interval(secs => $2) <= now
  for update of signing_keys
),
-- Where a flow's tokens live longer than others do, or are presented long after they expired.
tokens as materialized (
  select max(case when s.flow = 'username' then s.ends_at else now + s.access_ttl end) as needed_until
  from auth.sessions s, moment
  where s.ended_at is null and s.ends_at > now
),
demoted as (
  update auth.signing_keys
  set state = 'retiring', sealed = null, retiring_at = now,
    retires_at = greatest(now + make_interval(secs => $3), (select needed_until from tokens))
  from moment
  where state = 'current' and exists (select from successor)
  returning kid
),
promoted as (
  update auth.signing_keys k
  set state = 'current', activated_at = now
  from moment, successor s, (select max(kid) as before, count(*) as keys from demoted) as d
  where k.kid = s.kid and d.keys >= 0
  returning k.kid, d.before
),
noted as (
  insert into auth.audit_log (at, action, result, actor, detail)
  select now, 'rotate_keys', 'ok', 'operator', jsonb_build_object('kid', kid, 'before', before)
  from promoted, moment
)
select kid from promoted";

pub(super) const RETIRE: &str = "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
found as materialized (
  select kid, state from auth.signing_keys where kid = $2 for update
),
retired as (
  update auth.signing_keys k
  set state = 'retired', sealed = null, retires_at = null, retired_at = now
  from found f, moment
  where k.kid = f.kid and f.state <> 'retired' and (f.state <> 'current' or $3)
  returning k.kid
),
noted as (
  insert into auth.audit_log (at, action, result, actor, detail)
  select now, 'retire_key', 'ok', 'operator', jsonb_build_object('kid', r.kid, 'state', f.state)
  from retired r, found f, moment
)
select state, exists (select from retired) as done from found";

pub(super) const RETIRE_EXPIRED: &str = "
update auth.signing_keys
set state = 'retired', retired_at = retires_at, retires_at = null
where state = 'retiring' and retires_at <= clock_timestamp() + make_interval(secs => $1)";

impl Db {
    /// The keys that are published: the current one first.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer or holds a state that this program does not know.
    pub async fn live_keys(&self) -> Result<Vec<StoredKey>, Error> {
        let rows = self.query(LIVE, &[&self.clock_offset()]).await?;
        rows.iter()
            .map(|row| {
                Ok(StoredKey {
                    kid: row.get("kid"),
                    algorithm: row.get("algorithm"),
                    public: row.get("public"),
                    sealed: row.get("sealed"),
                    state: state(row)?,
                    since: row.get("activated_at"),
                    until: row.get("retires_at"),
                })
            })
            .collect()
    }

    /// All keys there ever were, the oldest first.
    ///
    /// # Errors
    /// As [`Db::live_keys`].
    pub async fn list_keys(&self) -> Result<Vec<KeyHistory>, Error> {
        let rows = self.query(LIST, &[]).await?;
        rows.iter()
            .map(|row| {
                Ok(KeyHistory {
                    kid: row.get("kid"),
                    algorithm: row.get("algorithm"),
                    state: state(row)?,
                    published_at: row.get("published_at"),
                    activated_at: row.get("activated_at"),
                    retires_at: row.get("retires_at"),
                    retired_at: row.get("retired_at"),
                })
            })
            .collect()
    }

    /// Adds a key: as the current one where there is none, else as the next. `None` when another
    /// key is the next already, or somebody else was quicker.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn add_key(&self, key: &NewKey) -> Result<Option<KeyState>, Error> {
        let row = self
            .query_opt(
                ADD,
                &[
                    &self.clock_offset(),
                    &key.kid,
                    &key.algorithm,
                    &key.public,
                    &key.sealed,
                ],
            )
            .await?;
        row.as_ref().map(state).transpose()
    }

    /// Makes the next key the current one, if it has been published for `published_for`; the one
    /// before stays published for `keep`. Returns the kid of the new one.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn promote_key(
        &self,
        published_for: Duration,
        keep: Duration,
    ) -> Result<Option<String>, Error> {
        let row = self
            .query_opt(
                PROMOTE,
                &[
                    &self.clock_offset(),
                    &published_for.as_secs_f64(),
                    &keep.as_secs_f64(),
                ],
            )
            .await?;
        Ok(row.map(|row| row.get("kid")))
    }

    /// Retires a key at once; the current one only when `even_current`.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn retire_key(&self, kid: &str, even_current: bool) -> Result<Retired, Error> {
        let row = self
            .query_opt(RETIRE, &[&self.clock_offset(), &kid, &even_current])
            .await?;
        let Some(row) = row else {
            return Ok(Retired::Unknown);
        };
        Ok(match (row.get("done"), state(&row)?) {
            (true, _) => Retired::Done,
            (false, KeyState::Retired) => Retired::Already,
            (false, _) => Retired::Signs,
        })
    }

    /// Marks as retired what is published no longer. The published set does not wait for it.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn retire_expired_keys(&self) -> Result<u64, Error> {
        self.execute(RETIRE_EXPIRED, &[&self.clock_offset()]).await
    }
}

fn state(row: &Row) -> Result<KeyState, Error> {
    KeyState::parse(row.get("state")).ok_or(Error::Content("the state of a signing key"))
}
