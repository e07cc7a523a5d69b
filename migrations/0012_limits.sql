-- What may be done how often, counted for all processes at once. A row says up to when its subject has used its
-- share (generic cell rate algorithm); one that lies in the past means the same as none.
create table auth.limits (
  -- The kind and its subject: 'wallet:' and an address, 'asker:' and a client's address, 'user:' and an id.
  subject text primary key check (char_length(subject) <= 100),
  used_until timestamptz not null
) with (fillfactor = 50);
create index limits_age on auth.limits (used_until);

-- The same for the restores of one session, in its row, which every restore writes anyway.
alter table auth.sessions add column restores_used_until timestamptz not null default '-infinity';
