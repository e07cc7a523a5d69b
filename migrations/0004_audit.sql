-- Who did what, with which result. No token, nonce, signature or message text.
create table auth.audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  action text not null,
  result text not null,
  -- The user who acted; null for an operator (see actor).
  user_id uuid,
  -- 'user', 'admin-secret', 'operator' or 'environment'.
  actor text not null,
  session_id uuid,
  address bytea,
  ip inet,
  request_id text,
  detail jsonb not null default '{}'
);
create index audit_log_user on auth.audit_log (user_id, at);
