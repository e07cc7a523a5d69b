//! Everything that is kept about a person, as one JSON document, for the person. No secret is among it: no hash of a
//! password, of a token or of a nonce.

use serde_json::Value;
use uuid::Uuid;

use super::opening::moment;
use super::{Db, Error};

// One statement, so that it is the account as it stood at one moment. It names its columns one by one: a column that comes
// later is not told before somebody has thought about it.
pub(super) const EXPORT: &str = concat!(
    moment!(),
    ",
noted as (
  insert into auth.audit_log (at, action, result, user_id, actor)
  select now, 'export_account', 'ok', u.id, 'operator'
  from auth.users u, moment
  where u.id = $2
)
select json_build_object(
  'user_id', u.id,
  'created_at', u.created_at,
  'disabled_at', u.disabled_at,
  'name', u.name,
  'avatar', u.avatar,
  'tanx_uid', (select t.uid from auth.tanx_uids t where t.user_id = u.id),
  'password', (
    select json_build_object('email', c.email, 'username', c.username, 'password_set_at', c.password_set_at)
    from auth.credentials c where c.user_id = u.id
  ),
  'wallets', (
    select coalesce(json_agg(json_build_object(
      'address', '0x' || encode(w.address, 'hex'), 'chain', w.chain, 'created_at', w.created_at
    ) order by w.chain, w.address), '[]')
    from auth.wallets w where w.user_id = u.id
  ),
  'accounts', (
    select coalesce(json_agg(json_build_object(
      'network', a.network, 'address', a.address, 'name', a.name, 'created_at', a.created_at, 'updated_at', a.updated_at
    ) order by a.network, a.address), '[]')
    from public.accounts a where a.user_id = u.id
  ),
  'roles', (
    select coalesce(json_agg(json_build_object('role', r.role, 'granted_at', r.granted_at) order by r.role), '[]')
    from auth.user_roles r where r.user_id = u.id
  ),
  'claims', (
    select coalesce(json_object_agg(c.name, c.value order by c.name), '{}')
    from auth.custom_claims c where c.user_id = u.id
  ),
  'sessions', (
    select coalesce(json_agg(json_build_object(
      'id', s.id, 'flow', s.flow, 'address', '0x' || encode(s.address, 'hex'), 'chain', s.wallet_chain,
      'created_at', s.created_at, 'last_used_at', s.last_used_at, 'ends_at', least(s.ends_at, s.last_used_at + s.idle),
      'ended_at', s.ended_at, 'reason', s.reason, 'user_agent', s.user_agent, 'ip', host(s.ip),
      'refresh_tokens', (select count(*) from auth.refresh_tokens t where t.session_id = s.id)
    ) order by s.created_at), '[]')
    from auth.sessions s where s.user_id = u.id
  ),
  'challenges', (
    select coalesce(json_agg(json_build_object(
      'flow', c.flow, 'address', '0x' || encode(c.address, 'hex'), 'text', c.text, 'created_at', c.created_at,
      'expires_at', c.expires_at
    ) order by c.created_at), '[]')
    from auth.challenges c join auth.wallets w on w.address = c.address and w.chain = 0
    where w.user_id = u.id
  ),
  'spent_nonces', (
    select coalesce(json_agg(json_build_object(
      'address', '0x' || encode(n.address, 'hex'), 'expires_at', n.expires_at
    ) order by n.expires_at), '[]')
    from auth.spent_nonces n
    where n.address in (select w.address from auth.wallets w where w.user_id = u.id)
  ),
  'password_tries', (
    select coalesce(json_agg(json_build_object(
      'client', nullif(g.client, ''), 'misses', g.misses, 'free_at', g.free_at, 'last_at', g.last_at
    ) order by g.last_at), '[]')
    from auth.guesses g
    where g.name in (
      select sha256(convert_to('user ' || u.id, 'UTF8'))
      union all
      select sha256(convert_to(name, 'UTF8'))
      from auth.credentials c, unnest(array[c.email, c.username]) as name
      where c.user_id = u.id and name is not null
    )
  ),
  'limits', (
    select coalesce(json_agg(json_build_object('subject', l.subject, 'used_until', l.used_until) order by l.subject), '[]')
    from auth.limits l
    where l.subject = 'user:' || u.id
      or l.subject in (select 'wallet:' || encode(w.address, 'hex') from auth.wallets w where w.user_id = u.id)
  ),
  'audit', (
    select coalesce(json_agg(json_build_object(
      'id', a.id, 'at', a.at, 'action', a.action, 'result', a.result, 'actor', a.actor, 'session_id', a.session_id,
      'address', '0x' || encode(a.address, 'hex'), 'ip', host(a.ip), 'request_id', a.request_id, 'detail', a.detail
    ) order by a.id), '[]')
    from auth.audit_log a where a.user_id = u.id
  )
) as export
from auth.users u
where u.id = $2"
);

impl Db {
    /// Everything about a person, addresses in lower case; the audit log says that somebody asked. `None` when there is no
    /// such user.
    ///
    /// # Errors
    /// [`Error`] when the database gave no answer.
    pub async fn export(&self, user_id: Uuid) -> Result<Option<Value>, Error> {
        let row = self.query_opt(EXPORT, &[&self.clock_offset(), &user_id]).await?;
        Ok(row.map(|row| row.get("export")))
    }
}
