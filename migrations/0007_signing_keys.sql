-- Keys that sign access tokens where HASURA_GRAPHQL_JWT_SECRET names a jwk_url. A key is made as `next`
-- and published, becomes `current` and signs, stays published as `retiring` until the last token that
-- it signed must have expired, and ends as `retired`.
create table auth.signing_keys (
  -- RFC 7638 thumbprint of the public key.
  kid text primary key check (char_length(kid) between 1 and 64),
  algorithm text not null check (algorithm in ('EdDSA', 'ES256', 'ES384', 'RS256', 'RS384', 'RS512')),
  -- What is published. The members that only a private key has may not be in it.
  public jsonb not null check (public ? 'kty' and not public ?| array['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']),
  -- The private key under KEYS_ENCRYPTION_KEY. A key that will never sign again has none, so that
  -- no backup of later holds it.
  sealed bytea,
  state text not null check (state in ('next', 'current', 'retiring', 'retired')),
  created_at timestamptz not null,
  published_at timestamptz not null,
  activated_at timestamptz,
  -- When it stopped signing, and until when it is published after that.
  retiring_at timestamptz,
  retires_at timestamptz,
  retired_at timestamptz,
  check ((sealed is not null) = (state in ('next', 'current'))),
  check ((retires_at is not null) = (state = 'retiring'))
);

-- At most one key signs, and at most one waits, whatever two operators do at once.
create unique index signing_keys_one on auth.signing_keys (state) where state in ('current', 'next');

-- All processes read the keys again: `k:`, with nothing behind it.
create function auth.announce_keys() returns trigger language plpgsql as $$
begin
  perform pg_notify('hasura_siwe', 'k:');
  return null;
end
$$;

create trigger announce_keys
after insert or update or delete on auth.signing_keys
for each row execute function auth.announce_keys();
