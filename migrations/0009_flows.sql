-- Each way to sign in has lifetimes of its own, and a session keeps those it began with. What is open now
-- gets the defaults: how the service was configured is not known here.
alter table auth.sessions
  -- How long its access tokens live.
  add column access_ttl interval not null default interval '60 minutes',
  -- How long its refresh token may lie unused.
  add column refresh_ttl interval not null default interval '14 days';

-- How long a session lives that nobody restores. By the e-mail flow's document access tokens may outlive
-- refresh tokens, and a session is not over while one of its tokens may be good.
alter table auth.sessions
  add column idle interval not null
    generated always as (case flow when 'email' then greatest(refresh_ttl, access_ttl) else refresh_ttl end) stored;
