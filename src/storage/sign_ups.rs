//! How many new wallets may sign up: each is a user, a wallet and an account for good. A part of the statements in which a
//! wallet signs in; a wallet that is known is not counted.

use std::time::Duration;

use tokio_postgres::Row;

use super::limits::{self, Rate, Subject};

/// What a wallet counts against that is new.
#[derive(Clone, Copy, Debug)]
pub struct SignUpLimits {
    /// Its client's limit, where the client's address is known and there is one.
    pub of_client: Option<(Subject, Rate)>,
    /// Whether the process, which counts by itself, has a place for it.
    pub has_place: bool,
}

/// `known (known)` and `sign_up (is_due, is_free, allowed)` of the wallet `$12` on `$chain`: it is known, or may sign up
/// and was counted for its client. Stands behind `moment`, in front of `owner_of_wallet`. `$proof` is true where the rest
/// of the statement would accept what the wallet signed. The other parameters are those of [`SignUpLimits::values`].
///
/// What is full already is looked at first, so that a sign-up that is refused, or has no place yet, writes no row and
/// waits for none.
macro_rules! sign_up {
    ($chain:literal, $proof:literal, $client:literal, $cost:literal, $ahead:literal, $has_place:literal) => {
        concat!(
            ",
known as materialized (
  select exists (select from auth.wallets w where w.address = $12::bytea and w.chain = ",
            $chain,
            "::bigint) as known
),
sign_up_wait as materialized (
  select l.used_until - make_interval(secs => ",
            $ahead,
            ") as until
  from auth.limits l, known
  where l.subject = ",
            $client,
            "::text and not known
),
asked as materialized (
  select not known and ",
            $proof,
            " as is_due
  from known
),
free as materialized (
  select is_due and not exists (select from sign_up_wait, moment where until > now) as is_free
  from asked
)",
            $crate::storage::limits::limited!(
                "of_client",
                $client,
                concat!("make_interval(secs => ", $cost, ")"),
                concat!("make_interval(secs => ", $ahead, ")"),
                concat!(
                    $client,
                    "::text is not null and ",
                    $has_place,
                    "::boolean and (select is_free from free)"
                )
            ),
            ",
sign_up as materialized (
  select is_due, is_free, known or is_free and ",
            $has_place,
            "::boolean and (",
            $client,
            "::text is null or exists (select from of_client)) as allowed
  from known, asked, free
)"
        )
    };
}

/// What [`SignUp::read`] reads, among the columns of a statement. Stands behind `person_of_wallet`.
macro_rules! sign_up_columns {
    () => {
        "(select is_due from sign_up) as sign_up_is_due, (select is_free from sign_up) as sign_up_is_free,
  (select allowed from sign_up) as sign_up_allowed, exists (select from made) as is_new,
  (select extract(epoch from until - (select now from moment))::double precision from sign_up_wait) as sign_up_wait"
    };
}

pub(super) use {sign_up, sign_up_columns};

/// The four values of [`SignUpLimits`], in a form that the driver takes.
pub(super) struct Values {
    pub(super) client: Option<String>,
    pub(super) cost: f64,
    pub(super) ahead: f64,
    pub(super) has_place: bool,
}

impl SignUpLimits {
    pub(super) fn values(&self) -> Values {
        let (cost, ahead) = self.of_client.map_or((0.0, 0.0), |(_, rate)| {
            (rate.cost.as_secs_f64(), rate.ahead().as_secs_f64())
        });
        Values {
            client: self.of_client.map(|(client, _)| client.key()),
            cost,
            ahead,
            has_place: self.has_place,
        }
    }
}

/// Whether the wallet was known, and if not, whether it could sign up.
pub(super) enum SignUp {
    /// The wallet is known, or could sign up.
    Allowed,
    /// The wallet is new, and what it signed is good for nothing.
    NotDue,
    /// The wallet is new and may sign up once it has a place.
    WantsPlace,
    /// Too many new wallets of its client signed up.
    TooMany(Duration),
}

impl SignUp {
    /// Reads [`sign_up_columns`] of a statement with these limits.
    pub(super) fn read(row: &Row, limits: &SignUpLimits) -> Self {
        if row.get("sign_up_allowed") {
            Self::Allowed
        } else if !row.get::<_, bool>("sign_up_is_due") {
            Self::NotDue
        } else if row.get("sign_up_is_free") && !limits.has_place {
            Self::WantsPlace
        } else {
            Self::TooMany(limits::wait(row.get("sign_up_wait")))
        }
    }
}
