-- Processes keep live sessions in memory and drop them when the database says so: `s:` and a session's
-- id when it ends, `u:` and a user's id when what its tokens may do has changed. A notification is
-- sent with the commit of what it announces, whoever makes the change.
create function auth.announce_session() returns trigger language plpgsql as $$
begin
  perform pg_notify('hasura_siwe', 's:' || old.id);
  return null;
end
$$;

create function auth.announce_user() returns trigger language plpgsql as $$
begin
  perform pg_notify('hasura_siwe', 'u:' || case when tg_op = 'INSERT' then new.user_id else old.user_id end);
  return null;
end
$$;

create function auth.announce_disabled() returns trigger language plpgsql as $$
begin
  perform pg_notify('hasura_siwe', 'u:' || old.id);
  return null;
end
$$;

-- A rotation names ended_at too, but does not change it: the condition keeps the trigger from running.
create trigger announce_end
after update of ended_at on auth.sessions
for each row when (old.ended_at is null and new.ended_at is not null)
execute function auth.announce_session();

create trigger announce_removal
after delete on auth.sessions
for each row when (old.ended_at is null)
execute function auth.announce_session();

create trigger announce_roles
after insert or update or delete on auth.user_roles
for each row execute function auth.announce_user();

create trigger announce_claims
after insert or update or delete on auth.custom_claims
for each row execute function auth.announce_user();

create trigger announce_disabled
after update of disabled_at on auth.users
for each row when (old.disabled_at is distinct from new.disabled_at)
execute function auth.announce_disabled();
