//! How many new wallets may sign up: each is a user, a wallet and an account for good. A part of the statements in which a
//! wallet signs in; a wallet that is known is not counted.

use std::time::Duration;

use tokio_postgres::Row;

use super::limits::{self, Rate, Subject};

/// The limits that a wallet which is new counts against: its client's, then its process's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignUpLimits {
    /// The client's, where its address is known and it has one.
    pub of_client: Option<(Subject, Rate)>,
    /// The process's, if it has one.
    pub of_process: Option<(Subject, Rate)>,
}

/// `known (known)` and `sign_up (allowed, is_due)` of the wallet `$12` on `$chain`: it is known, or may sign up and was
/// counted. Stands behind `moment`, in front of `owner_of_wallet`. `$proof` is true where the rest of the statement
/// would accept what the wallet signed. The other parameters are those of [`SignUpLimits::values`].
///
/// What is full already is looked at first, so that a refused sign-up counts neither for its client nor for the process,
/// and writes no row. Only of sign-ups at the same moment may one be refused and have been counted for its client.
macro_rules! sign_up {
    ($chain:literal, $proof:literal, $client:literal, $client_cost:literal, $client_ahead:literal,
     $process:literal, $process_cost:literal, $process_ahead:literal) => {
        concat!(
            ",
known as materialized (
  select exists (select from auth.wallets w where w.address = $12::bytea and w.chain = ",
            $chain,
            "::bigint) as known
),
sign_up_waits as materialized (
  select l.used_until - make_interval(secs => ",
            $client_ahead,
            ") as until
  from auth.limits l, known
  where l.subject = ",
            $client,
            "::text and not known
  union all
  select l.used_until - make_interval(secs => ",
            $process_ahead,
            ")
  from auth.limits l, known
  where l.subject = ",
            $process,
            "::text and not known
),
asked as materialized (
  select not known and ",
            $proof,
            " as is_due
  from known
),
free as materialized (
  select is_due and not exists (select from sign_up_waits, moment where until > now) as free
  from asked
)",
            $crate::storage::limits::limited!(
                "of_client",
                $client,
                concat!("make_interval(secs => ", $client_cost, ")"),
                concat!("make_interval(secs => ", $client_ahead, ")"),
                concat!($client, "::text is not null and (select free from free)")
            ),
            $crate::storage::limits::limited!(
                "of_process",
                $process,
                concat!("make_interval(secs => ", $process_cost, ")"),
                concat!("make_interval(secs => ", $process_ahead, ")"),
                concat!(
                    $process,
                    "::text is not null and (select free from free)
    and (",
                    $client,
                    "::text is null or exists (select from of_client))"
                )
            ),
            ",
sign_up as materialized (
  select is_due, known or free
    and (",
            $client,
            "::text is null or exists (select from of_client))
    and (",
            $process,
            "::text is null or exists (select from of_process)) as allowed
  from known, asked, free
)"
        )
    };
}

/// What [`SignUp::read`] reads, among the columns of a statement.
macro_rules! sign_up_columns {
    () => {
        "(select known from known) as known, (select is_due from sign_up) as sign_up_is_due,
  (select allowed from sign_up) as sign_up_allowed,
  (select extract(epoch from max(until) - (select now from moment))::double precision from sign_up_waits) as sign_up_wait"
    };
}

pub(super) use {sign_up, sign_up_columns};

/// The six values of [`SignUpLimits`], in a form that the driver takes.
pub(super) struct Values {
    pub(super) client: Option<String>,
    pub(super) client_cost: f64,
    pub(super) client_ahead: f64,
    pub(super) process: Option<String>,
    pub(super) process_cost: f64,
    pub(super) process_ahead: f64,
}

impl SignUpLimits {
    pub(super) fn values(&self) -> Values {
        let seconds = |limit: Option<(Subject, Rate)>| {
            limit.map_or((0.0, 0.0), |(_, rate)| {
                (rate.cost.as_secs_f64(), rate.ahead().as_secs_f64())
            })
        };
        let (client_cost, client_ahead) = seconds(self.of_client);
        let (process_cost, process_ahead) = seconds(self.of_process);
        Values {
            client: self.of_client.map(|(client, _)| client.key()),
            client_cost,
            client_ahead,
            process: self.of_process.map(|(process, _)| process.key()),
            process_cost,
            process_ahead,
        }
    }
}

/// Whether the wallet was known, and if not, whether it could sign up.
pub(super) enum SignUp {
    /// The wallet is known, or could sign up.
    Allowed,
    /// The wallet is new, and what it signed is good for nothing.
    NotDue,
    /// Too many wallets signed up.
    TooMany(Duration),
}

impl SignUp {
    /// Reads [`sign_up_columns`].
    pub(super) fn read(row: &Row) -> Self {
        if row.get("sign_up_allowed") {
            Self::Allowed
        } else if row.get("sign_up_is_due") {
            Self::TooMany(limits::wait(row.get("sign_up_wait")))
        } else {
            Self::NotDue
        }
    }
}
