//! Whose is this wallet: found, or made with its first log-in. Written once for every flow in which a
//! wallet signs.

/// `owner (user_id, disabled)` of the externally owned account `$12`, if it is known, and the `limited` of that
/// address: a hundred log-ins at once, then one in two seconds. Only a good signature comes this far, so nobody uses up
/// somebody else's. Stands behind `moment`.
macro_rules! owner_of_wallet {
    () => {
        concat!(
            limited!(
                "'wallet:' || encode($12::bytea, 'hex')",
                "interval '2 seconds'",
                "interval '198 seconds'"
            ),
            ",
owner as materialized (
  select w.user_id, u.disabled_at is not null as disabled
  from auth.wallets w
  join auth.users u on u.id = w.user_id
  where w.address = $12::bytea and w.chain = 0
)"
        )
    };
}

/// `person (user_id, address)`: the owner, or a new user with the id `$13`, where `spent` has a row. Stands
/// behind `owner` and a `spent` of at most one row, which is whatever proves the wallet and cannot be used
/// twice.
///
/// `person` may be somebody else's new row when two first log-ins of one address race; its roles are then
/// read by the next refresh.
macro_rules! person_of_wallet {
    () => {
        ",
claimed as (
  insert into auth.wallets (address, chain, user_id, created_at)
  select $12, 0, $13::uuid, moment.now
  from spent, moment
  where not exists (select from owner)
  on conflict (address, chain) do update set address = excluded.address
  returning user_id
),
made as (
  insert into auth.users (id, created_at)
  select user_id, moment.now
  from claimed, moment
  where user_id = $13
),
person as materialized (
  select user_id, $12 as address from owner, spent
  union all
  select user_id, $12 from claimed
)"
    };
}

pub(super) use {owner_of_wallet, person_of_wallet};
