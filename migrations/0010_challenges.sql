-- Texts that the service gave out for a wallet to sign (Lens, tanX), until they are used or expire. They
-- are no secret: whoever asks for an address's challenge is shown it. The key is what bounds the table:
-- whatever a stranger asks for, an address has one row a minute in each flow.
create table auth.challenges (
  flow text not null check (flow in ('lens', 'tanx')),
  address bytea not null check (octet_length(address) = 20),
  -- Whole minutes since 1970 at which it was given out.
  minute bigint not null,
  text text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (flow, address, minute)
);
create index challenges_expiry on auth.challenges (expires_at);

-- The name that the tanX flow shows for a user: drawn with the first log-in, and the same from then on.
create table auth.tanx_uids (
  user_id uuid primary key references auth.users on delete cascade,
  uid text not null unique check (uid ~ '^ID[0-9A-F]{10}$')
);
