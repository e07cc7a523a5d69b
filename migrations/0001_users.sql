-- Two schemas. `public` holds what Hasura serves; `auth` holds everything secret and belongs to the
-- service's role alone, so not even Hasura's run_sql reaches it.
create schema if not exists auth;
revoke all on schema auth from public;

-- Networks are also the list of chains that may sign in.
create table public.networks (
  name text primary key check (name ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
  chain_id bigint not null unique check (chain_id > 0),
  enabled boolean not null default true
);
comment on table public.networks is 'Chains an account may live on; an enabled one may sign in.';

insert into public.networks (name, chain_id)
values ('ethereum', 1), ('optimism', 10), ('polygon', 137), ('base', 8453), ('arbitrum', 42161), ('sepolia', 11155111);

create table auth.users (
  id uuid primary key,
  created_at timestamptz not null,
  disabled_at timestamptz
);

-- `user` is every account's role and has no row; these are the others.
create table auth.user_roles (
  user_id uuid not null references auth.users (id) on delete cascade,
  role text not null check (role ~ '^[A-Za-z_][A-Za-z0-9_-]{0,63}$' and role not in ('user', 'guest')),
  granted_at timestamptz not null,
  primary key (user_id, role)
);

-- Chain 0 means an externally owned account: one person whichever chain it signs on. A contract
-- is an identity only together with its chain id.
create table auth.wallets (
  address bytea not null check (octet_length(address) = 20),
  chain bigint not null check (chain >= 0),
  user_id uuid not null references auth.users (id) on delete cascade,
  created_at timestamptz not null,
  primary key (address, chain)
);
create index wallets_user on auth.wallets (user_id);

-- All strings, because Hasura refuses a token with any other x-hasura-* claim.
create table auth.custom_claims (
  user_id uuid not null references auth.users (id) on delete cascade,
  name text not null check (name ~ '^x-hasura-[a-z0-9-]{1,64}$'
    and name not in ('x-hasura-role', 'x-hasura-user-id', 'x-hasura-allowed-roles', 'x-hasura-default-role',
                     'x-hasura-address', 'x-hasura-session-id')),
  value text not null check (char_length(value) <= 1024),
  primary key (user_id, name)
);

-- The address is text in EIP-55 form: what people copy, and what a filter compares with.
create table public.accounts (
  network text not null references public.networks (name),
  address text not null check (address ~ '^0x[0-9a-fA-F]{40}$'),
  user_id uuid not null references auth.users (id) on delete cascade,
  name text check (char_length(name) between 1 and 64),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (network, address)
);
create index accounts_user on public.accounts (user_id);
comment on table public.accounts is 'An address on one network; it comes into being when that address first signs in there.';
