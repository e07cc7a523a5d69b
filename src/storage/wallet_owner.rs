//! Whose is this wallet: found, or made with its first log-in. Written once for every flow in which a
//! wallet signs.
//!
//! Without arguments the macros mean a private key, whose address is one person on every chain: chain 0. A contract's
//! address may be another's on another chain, so its chain is a parameter.

/// `owner (user_id, disabled)` of the wallet `$12` on `$chain`, if it is known, and the `limited` of its address: a
/// hundred log-ins at once, then one in two seconds. Only a good signature comes this far, so nobody uses up somebody
/// else's. Stands behind `moment` and `sign_up`: a new wallet that may not sign up leaves no row here either.
macro_rules! owner_of_wallet {
    () => {
        $crate::storage::wallet_owner::owner_of_wallet!("0")
    };
    ($chain:literal) => {
        concat!(
            $crate::storage::limits::limited!(
                "limited",
                "'wallet:' || encode($12::bytea, 'hex')",
                "interval '2 seconds'",
                "interval '198 seconds'",
                "(select allowed from sign_up)"
            ),
            $crate::storage::limits::wait_of_limited!(
                "'wallet:' || encode($12::bytea, 'hex')",
                "interval '198 seconds'"
            ),
            ",
owner as materialized (
  select w.user_id, u.disabled_at is not null as disabled
  from auth.wallets w
  join auth.users u on u.id = w.user_id
  where w.address = $12::bytea and w.chain = ",
            $chain,
            "::bigint
    -- First the row of the limit, then these: two log-ins of one wallet take them in the same order.
    and exists (select from limited)
  -- Held until the session is there: whoever takes the wallet or the account away comes before this or after it. They
  -- take the user first, and so does this.
  for key share of u, w
)"
        )
    };
}

/// `person (user_id, address, wallet_chain, is_deployed)`: the owner, or a new user with the id `$13`, where `spent`
/// has a row. Stands behind `owner` and a `spent` of at most one row, which is whatever proves the wallet and cannot be
/// used twice.
///
/// `person` may be somebody else's new row when two first log-ins of one address race; its roles are then
/// read by the next refresh.
macro_rules! person_of_wallet {
    () => {
        $crate::storage::wallet_owner::person_of_wallet!("0", "false")
    };
    ($chain:literal, $is_deployed:literal) => {
        concat!(
            ",
claimed as (
  insert into auth.wallets (address, chain, user_id, created_at)
  select $12, ",
            $chain,
            "::bigint, $13::uuid, moment.now
  from spent, moment
  where not exists (select from owner)
  on conflict (address, chain) do update set created_at = wallets.created_at
  returning user_id
),
made as (
  insert into auth.users (id, created_at)
  select user_id, moment.now
  from claimed, moment
  where user_id = $13
  returning id
),
person as materialized (
  select user_id, $12 as address, ",
            $chain,
            "::bigint as wallet_chain, ",
            $is_deployed,
            "::boolean as is_deployed from owner, spent
  union all
  select user_id, $12, ",
            $chain,
            "::bigint, ",
            $is_deployed,
            "::boolean from claimed
)"
        )
    };
}

pub(super) use {owner_of_wallet, person_of_wallet};
