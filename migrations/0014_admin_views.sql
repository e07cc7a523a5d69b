-- What Hasura shows its admin of sessions and signing keys, as `public.audit` does of the log: a view is read with its owner's
-- rights, so Hasura's role needs none in `auth`. No hash, salt or private key is among the columns.
create view public.sessions as
select id, user_id, flow,
       '0x' || encode(address, 'hex') as address,
       created_at, last_used_at,
       least(ends_at, last_used_at + idle) as ends_at,
       ended_at, reason, user_agent,
       host(ip) as ip
from auth.sessions;
comment on view public.sessions is 'Who is signed in, since when, and when that is over unless it is restored. For admins.';

create view public.signing_keys as
select kid, algorithm, state, created_at, published_at, activated_at, retiring_at, retires_at, retired_at
from auth.signing_keys;
comment on view public.signing_keys is 'Keys of the service''s own that sign access tokens, without the keys. For admins.';
