//! How a statement finds whom an operator means, written once.

/// The beginning of such a statement: `moment (now)` and `person (user_id)`, which is empty where there
/// is no such account. Takes the clock's offset as `$1`, address and chain as `$2` and `$3`, or a user's
/// id as `$4`; see [`crate::model::Whose`].
macro_rules! named_person {
    () => {
        "
with moment as materialized (
  select clock_timestamp() + make_interval(secs => $1) as now
),
person as materialized (
  select user_id from auth.wallets where address = $2 and chain = $3
  union all
  select id from auth.users where id = $4
)"
    };
}

pub(super) use named_person;
