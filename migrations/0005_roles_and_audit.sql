-- Roles that an operator may grant. `user` and `guest` need no row: everybody has them, or nobody.
create table auth.roles (
  name text primary key check (name ~ '^[A-Za-z_][A-Za-z0-9_-]{0,63}$' and name not in ('user', 'guest')),
  created_at timestamptz not null
);
insert into auth.roles (name, created_at)
select name, now()
from (select 'admin' as name union select role from auth.user_roles) as known;
alter table auth.user_roles add foreign key (role) references auth.roles (name);

-- What Hasura shows its admin of the audit log. A view is read with its owner's rights, so Hasura's
-- role needs none in `auth`.
create view public.audit as
select id, at, action, result, user_id, actor, session_id,
       '0x' || encode(address, 'hex') as address,
       host(ip) as ip,
       request_id, detail
from auth.audit_log;
comment on view public.audit is 'Who did what, from where, with which result. For admins.';
