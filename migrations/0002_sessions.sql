-- The columns a rotation changes stay out of every index, and the pages keep room, so that it is a
-- heap-only update.
create table auth.sessions (
  id uuid primary key,
  user_id uuid not null references auth.users (id) on delete cascade,
  flow text not null,
  address bytea check (octet_length(address) = 20),
  generation integer not null default 0,
  -- What the live successor was derived with; wiped when its grace time is over.
  salt bytea check (octet_length(salt) = 32),
  rotated_at timestamptz not null,
  last_used_at timestamptz not null,
  created_at timestamptz not null,
  ends_at timestamptz not null,
  ended_at timestamptz,
  reason text,
  user_agent text,
  ip inet
) with (fillfactor = 70);
create index sessions_user on auth.sessions (user_id);

-- Append-only. SHA-256 of a token; the token itself is never stored.
create table auth.refresh_tokens (
  hash bytea primary key check (octet_length(hash) = 32),
  session_id uuid not null references auth.sessions (id) on delete cascade,
  generation integer not null
);
create index refresh_tokens_session on auth.refresh_tokens (session_id);
