//! The limits of the PostgreSQL roles that Hasura uses: how long a statement may run, and how many connections there may be.
//!
//! Guests choose what Hasura's queries filter by, and a regular expression can run for hours. The limits are set by a superuser:
//! deploy/postgres/init.sh does it for a new cluster, and for others the SQL is printed and never run.

use tokio_postgres::Client;

use super::Error;
use super::grants::quote;

/// The defaults of deploy/postgres/init.sh; a test compares them.
const STATEMENT_TIMEOUT: &str = "5s";
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "10s";
const CONNECTION_LIMIT: i32 = 70;

/// What holds for one role in this database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleLimits {
    /// The role.
    pub role: String,
    /// The database that was looked at.
    pub database: String,
    /// `None` if nothing sets it, or sets it to none.
    pub statement_timeout: Option<String>,
    /// The same.
    pub idle_in_transaction_timeout: Option<String>,
    /// Over all databases; `None` if there is no limit, or one that the server's own makes void.
    pub connection_limit: Option<i32>,
    /// The server's own limit.
    pub max_connections: i32,
}

// `migrate` grants `public.sessions` to the role of Hasura. Of several settings PostgreSQL takes that of the role
// in the database, then of the role, then of the database, then of all. The server's own is known if this connection has it.
pub(super) const HASURA_LIMITS: &str = "
with settings as (
  select s.setrole, s.setdatabase, split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value
  from pg_db_role_setting s
  cross join lateral unnest(s.setconfig) c
  where s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
),
of_server as (
  select name, setting || 'ms' as value
  from pg_settings
  where source in ('configuration file', 'command line', 'environment variable')
)
select r.rolname::text as role,
  current_database()::text as database,
  r.rolconnlimit as connection_limit,
  current_setting('max_connections')::int as max_connections,
  coalesce(
    (select s.value from settings s where s.name = 'statement_timeout' and s.setrole in (0, r.oid)
      order by s.setrole = 0, s.setdatabase = 0 limit 1),
    (select s.value from of_server s where s.name = 'statement_timeout')) as statement_timeout,
  coalesce(
    (select s.value from settings s where s.name = 'idle_in_transaction_session_timeout' and s.setrole in (0, r.oid)
      order by s.setrole = 0, s.setdatabase = 0 limit 1),
    (select s.value from of_server s where s.name = 'idle_in_transaction_session_timeout')) as idle_in_transaction_timeout
from pg_roles r
where r.rolcanlogin
  and exists (
    select from pg_class c
    cross join lateral aclexplode(c.relacl) a
    where c.oid = to_regclass('public.sessions')
      and a.grantee = r.oid
      and a.grantee <> c.relowner
      and a.privilege_type = 'SELECT')
order by r.rolname";

/// The limits of each role that `migrate` let in.
///
/// # Errors
/// [`Error`] when the database gave no answer.
pub async fn hasura_limits(client: &Client) -> Result<Vec<RoleLimits>, Error> {
    let rows = client.query(HASURA_LIMITS, &[]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let max_connections = row.get("max_connections");
            RoleLimits {
                role: row.get("role"),
                database: row.get("database"),
                statement_timeout: timeout(row.get("statement_timeout")),
                idle_in_transaction_timeout: timeout(row.get("idle_in_transaction_timeout")),
                connection_limit: Some(row.get("connection_limit"))
                    .filter(|limit| (0..max_connections).contains(limit)),
                max_connections,
            }
        })
        .collect())
}

/// A time-out of zero, whatever its unit, is none.
fn timeout(value: Option<String>) -> Option<String> {
    value.filter(|value| value.bytes().any(|byte| (b'1'..=b'9').contains(&byte)))
}

impl RoleLimits {
    /// Those of a role that was just created.
    pub(super) fn none(role: &str, database: &str) -> Self {
        Self {
            role: role.to_owned(),
            database: database.to_owned(),
            statement_timeout: None,
            idle_in_transaction_timeout: None,
            connection_limit: None,
            max_connections: 0,
        }
    }

    /// The SQL that sets what is missing, for a superuser; `None` if nothing is.
    pub fn missing(&self) -> Option<String> {
        let (role, database) = (quote(&self.role), quote(&self.database));
        let mut sql = Vec::new();
        for (name, has, value) in [
            ("statement_timeout", &self.statement_timeout, STATEMENT_TIMEOUT),
            (
                "idle_in_transaction_session_timeout",
                &self.idle_in_transaction_timeout,
                IDLE_IN_TRANSACTION_TIMEOUT,
            ),
        ] {
            if has.is_none() {
                sql.push(format!(
                    "alter role {role} in database {database} set {name} = '{value}';"
                ));
            }
        }
        if self.connection_limit.is_none() {
            sql.push(format!("alter role {role} connection limit {CONNECTION_LIMIT};"));
        }
        (!sql.is_empty()).then(|| sql.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Issue 14, item 1.
    #[test]
    fn only_what_is_missing_is_in_the_sql() {
        let mut limits = RoleLimits::none("hasura", "my \"app\"");
        assert_eq!(
            limits.missing().as_deref(),
            Some(
                "alter role \"hasura\" in database \"my \"\"app\"\"\" set statement_timeout = '5s'; \
                 alter role \"hasura\" in database \"my \"\"app\"\"\" set idle_in_transaction_session_timeout = '10s'; \
                 alter role \"hasura\" connection limit 70;"
            )
        );
        limits.statement_timeout = Some("3s".to_owned());
        limits.idle_in_transaction_timeout = Some("1min".to_owned());
        assert_eq!(
            limits.missing().as_deref(),
            Some("alter role \"hasura\" connection limit 70;")
        );
        limits.connection_limit = Some(20);
        assert_eq!(limits.missing(), None);
    }

    #[test]
    fn a_timeout_of_zero_is_none() {
        for none in ["0", "0s", "0 min"] {
            assert_eq!(timeout(Some(none.to_owned())), None);
        }
        assert_eq!(timeout(Some("10s".to_owned())).as_deref(), Some("10s"));
    }
}
