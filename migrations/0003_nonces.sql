-- Nonces that the service gave out (SIWE_NONCES=server), as SHA-256.
create table auth.issued_nonces (
  hash bytea primary key check (octet_length(hash) = 32),
  expires_at timestamptz not null
);
create index issued_nonces_expiry on auth.issued_nonces (expires_at);

-- Nonces that were used, kept until no message that carries them could still pass.
create table auth.spent_nonces (
  address bytea not null check (octet_length(address) = 20),
  hash bytea not null check (octet_length(hash) = 32),
  expires_at timestamptz not null,
  primary key (address, hash)
);
create index spent_nonces_expiry on auth.spent_nonces (expires_at);
