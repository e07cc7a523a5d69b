-- Accounts with a password: what they sign in with. One row an account, so that changing the password changes
-- it for both names.
create table auth.credentials (
  user_id uuid primary key references auth.users (id) on delete cascade,
  -- Canonical forms, made before they come here: equal names are equal bytes.
  email text unique check (char_length(email) between 3 and 254 and position('@' in email) > 1),
  username text unique check (username ~ '^[a-z0-9][a-z0-9._-]{2,31}$'),
  -- argon2id in PHC form, with its salt and its parameters.
  password_hash text not null check (password_hash like '$argon2id$%'),
  password_set_at timestamptz not null,
  check (email is not null or username is not null)
);

-- What `myProfile` shows. Not what others see: that is public.accounts.name.
alter table auth.users
  add column name text check (char_length(name) between 1 and 64),
  add column avatar text check (char_length(avatar) <= 2048);

-- Passwords that were tried. A name stands for itself whether or not an account has it, so that nobody learns
-- which; a row is forgotten a week after the last try.
create table auth.guesses (
  -- SHA-256 of the name that was tried; empty in a row that counts one client's tries on all names.
  name bytea not null check (octet_length(name) in (0, 32)),
  -- The client's address; empty in a row that counts all clients from which the account was never used.
  client text not null,
  misses integer not null,
  -- Before this no further try is looked at.
  free_at timestamptz not null,
  last_at timestamptz not null,
  primary key (name, client),
  check (octet_length(name) = 32 or client <> '')
);
create index guesses_age on auth.guesses (last_at);

-- After how many misses in a row how long nobody may try: ten for nothing, then from a second to a quarter of an
-- hour, and after a hundred (NIST SP 800-63B-4 section 3.2.2) for as long as the row is kept.
create function auth.guess_delay(misses integer) returns interval
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when misses < 10 then interval '0'
    when misses < 100 then least(make_interval(secs => power(2, least(misses - 10, 20))), interval '15 minutes')
    else interval '7 days'
  end
$$;
