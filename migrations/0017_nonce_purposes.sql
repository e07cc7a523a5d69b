-- A nonce may be issued for one purpose other than signing in. Then it belongs to the session that asked for it. No foreign key: a
-- row lives for minutes, and a session that ended makes its nonces useless.
--
-- Rolling update: the old binary inserts sign-in nonces (the defaults) and ignores both columns. While it still serves, it accepts
-- any message as a proof and any issued nonce for signing in, as it did before.
alter table auth.issued_nonces
  add column purpose text not null default 'sign-in',
  add column session_id uuid,
  add check ((purpose = 'sign-in') = (session_id is null));
