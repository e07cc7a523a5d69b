-- A trigger's function runs with the rights of whoever made the change: with a search path of its own it
-- calls nothing that somebody else put into `public`.
alter function auth.announce_session() set search_path = pg_catalog, pg_temp;
alter function auth.announce_user() set search_path = pg_catalog, pg_temp;
alter function auth.announce_disabled() set search_path = pg_catalog, pg_temp;
alter function auth.announce_keys() set search_path = pg_catalog, pg_temp;
