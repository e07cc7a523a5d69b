-- Contract wallets sign in on the chains whose nodes are configured. Their address is somebody only together with its
-- chain, so a session says which of the two kinds of wallet opened it. The old binary opens sessions of keys alone,
-- and the default is theirs.
alter table auth.sessions
  -- The chain of the contract that signed in; 0 for a private key, and where no wallet did.
  add column wallet_chain bigint not null default 0 check (wallet_chain >= 0),
  -- When somebody last looked whether the contract's code is still there; null where there is nothing to look for: a
  -- key, or a contract that was not deployed yet.
  add column checked_at timestamptz;
