//! Changes of somebody's ways to sign in, one after the other.
//!
//! A proof is checked some time before it is used, and a log-in may be under way while the way in is taken away. So such a
//! change takes the user's row for itself first, looks afresh whether the proof still holds, and changes then: each is
//! a statement with a snapshot of its own. A log-in holds the row for as long as it takes to open its session, so it is
//! either seen here and ended, or finds the way in gone.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::statements::Transaction;
use super::{Db, Error};

/// Who changes, and what must still hold when it is their turn.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// Whose ways in.
    pub user_id: Uuid,
    /// The session that the change comes from; it must not have ended meanwhile.
    pub session_id: Option<Uuid>,
    /// The hash that the password given as a proof was held against; it must still be the account's.
    pub password_hash: Option<&'a str>,
    /// An operator changes disabled accounts too.
    pub by_operator: bool,
}

/// What came of it.
pub(super) enum Turned {
    /// What had been proved holds no longer; nothing was written.
    Overtaken,
    /// The statement's row, if it returned one.
    Done(Option<Row>),
}

pub(super) const LOCK: &str = "
select from auth.users where id = $1 for update";

pub(super) const STILL_HOLDS: &str = "
select
  exists (select from auth.users u where u.id = $1 and ($4 or u.disabled_at is null))
  and ($2::uuid is null or exists (
    select from auth.sessions s where s.id = $2 and s.user_id = $1 and s.ended_at is null
  ))
  and ($3::text is null or exists (
    select from auth.credentials c where c.user_id = $1 and c.password_hash = $3
  )) as holds";

impl Turn<'_> {
    /// Takes the user's row, and then looks afresh whether what was proved still holds.
    pub(super) async fn take(&self, transaction: &Transaction<'_>) -> Result<bool, Error> {
        transaction.query_opt(LOCK, &[&self.user_id]).await?;
        let holds = transaction
            .query_opt(
                STILL_HOLDS,
                &[
                    &self.user_id,
                    &self.session_id,
                    &self.password_hash,
                    &self.by_operator,
                ],
            )
            .await?;
        Ok(holds.is_some_and(|row| row.get("holds")))
    }
}

impl Db {
    /// Runs a statement of at most one row in its turn.
    pub(super) async fn in_turn(
        &self,
        turn: &Turn<'_>,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Turned, Error> {
        self.repeated(|| self.in_turn_once(turn, sql, values)).await
    }

    async fn in_turn_once(
        &self,
        turn: &Turn<'_>,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Turned, Error> {
        let mut connection = self.transactional(&[LOCK, STILL_HOLDS, sql]).await?;
        let transaction = connection.begin().await?;
        if !turn.take(&transaction).await? {
            return Ok(Turned::Overtaken);
        }
        let row = transaction.query_opt(sql, values).await?;
        transaction.commit().await?;
        Ok(Turned::Done(row))
    }
}
