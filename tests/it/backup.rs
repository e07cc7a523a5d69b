//! Backup and restore by the commands of docs/operations.md, on a database that init.sh made and in which three roles own something.

use std::path::{Path, PathBuf};
use std::process::Output;

use hasura_siwe::cli::wallet::Wallet;
use hasura_siwe::clock::Clock;
use hasura_siwe::config::Variables;
use hasura_siwe::local::{Postgres, Start, find_programs};
use serde_json::json;
use tokio::process::Command;

use crate::own_tables::blocks;
use crate::repository::{between, read, root};
use crate::support::app::variables;
use crate::support::db::{TestDb, connect};
use crate::support::process::{Process, run};
use crate::support::{Reply, nonce, origin, wallet};

/// A cluster of one's own, and a shell beside it in which a superuser types.
struct Machine {
    folder: tempfile::TempDir,
    postgres: Postgres,
}

impl Machine {
    async fn start() -> Self {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(
            env!("CARGO_BIN_EXE_hasura-siwe"),
            folder.path().join("hasura-siwe"),
        )
        .unwrap();
        let start = Start {
            folder: folder.path().to_owned(),
            settings: vec!["fsync=off".to_owned()],
        };
        let postgres = Postgres::start(start).await.unwrap();
        Self { folder, postgres }
    }

    /// What the service and `migrate` are given.
    async fn variables(&self) -> Variables {
        let mut given = variables(&TestDb::create_empty().await);
        given.set("DATABASE_URL", self.postgres.url("siwe", "siwe"));
        given.set("PG_DATABASE_URL", self.postgres.url("hasura", "siwe"));
        given
    }

    /// Runs these lines in a shell, in the folder of the backup; the first command that fails ends it.
    async fn types(&self, lines: &str, backup: &Path) -> Output {
        #[expect(clippy::disallowed_methods, reason = "PATH is where programs are looked for")]
        let path = std::env::var("PATH").unwrap();
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let programs = find_programs(Path::new("/"), &folders, None).unwrap();
        let mut shell = Command::new("sh");
        shell
            .args(["-e", "-c", lines])
            .current_dir(backup)
            .env_clear()
            .env(
                "PATH",
                format!("{}:{}:{path}", self.folder.path().display(), programs.display()),
            )
            .env("PGHOST", self.folder.path().join("run"))
            .env("PGUSER", "postgres");
        for (name, value) in self.variables().await.iter() {
            shell.env(name, value);
        }
        shell.output().await.unwrap()
    }

    async fn does(&self, lines: &str, backup: &Path) {
        let output = self.types(lines, backup).await;
        assert!(
            output.status.success(),
            "{lines}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The roles, the databases and the schema as a deployment has them, with the tables of docs/own-tables.md and one of Hasura's.
    async fn deploy(&self) {
        let init = format!(
            "SIWE_DB_PASSWORD=a HASURA_DB_PASSWORD=b sh {}",
            root().join("deploy/postgres/init.sh").display()
        );
        self.does(&init, self.folder.path()).await;
        let migrated = run(&["migrate"], &self.variables().await, "").await;
        assert!(migrated.status.success(), "{migrated:?}");
        let hasura = connect(&self.postgres.url("hasura", "siwe")).await;
        hasura
            .batch_execute(
                "create table hdb_catalog.event_log (id int primary key);
                 insert into hdb_catalog.event_log values (1)",
            )
            .await
            .unwrap();
        for part in [
            "create role app",
            "create table app.notes",
            "create table app.profiles",
            "create trigger welcome",
        ] {
            let block = blocks("sql")
                .into_iter()
                .find(|block| block.contains(part))
                .unwrap();
            let role = if block.starts_with("-- as app") {
                "app"
            } else {
                "postgres"
            };
            let client = connect(&self.postgres.url(role, "siwe")).await;
            client.batch_execute(&block).await.unwrap();
        }
    }

    async fn note(&self, body: &str) {
        let client = connect(&self.postgres.url("postgres", "siwe")).await;
        let insert = "insert into app.notes (user_id, body) select id, $1 from auth.users limit 1";
        assert_eq!(client.execute(insert, &[&body]).await.unwrap(), 1);
    }

    /// What a dump could lose or mix: rows, owners, rights and settings.
    async fn state(&self) -> Vec<String> {
        let client = connect(&self.postgres.url("postgres", "siwe")).await;
        let rows = client
            .query(
                "select 'note ' || body from app.notes
                 union all select 'profile ' || user_id from app.profiles
                 union all select 'event ' || id from hdb_catalog.event_log
                 union all select 'wallet ' || encode(address, 'hex') from auth.wallets
                 union all select 'audit ' || id || ' ' || action from auth.audit_log where action <> 'end_before' and action <> 'end_session'
                 union all select format('table %s of %s: %s', oid::regclass, relowner::regrole,
                     (select string_agg(a::text, ',' order by a::text) from unnest(relacl) a))
                   from pg_class where relnamespace::regnamespace::text in ('app', 'auth', 'public', 'hdb_catalog') and relkind in ('r', 'v')
                 union all select format('schema %s of %s: %s', nspname, nspowner::regrole,
                     (select string_agg(a::text, ',' order by a::text) from unnest(nspacl) a))
                   from pg_namespace where nspname in ('app', 'auth', 'public', 'hdb_catalog')
                 union all select format('function %s of %s', oid::regprocedure, proowner::regrole)
                   from pg_proc where pronamespace::regnamespace::text in ('app', 'auth', 'public', 'hdb_catalog')
                 union all select format('trigger %s on %s', tgname, tgrelid::regclass) from pg_trigger where not tgisinternal
                 union all select format('database %s of %s: %s', datname, datdba::regrole,
                     (select string_agg(a::text, ',' order by a::text) from unnest(datacl) a))
                   from pg_database where datname = current_database()
                 union all select format('setting %s %s', setrole::regrole, setconfig)
                   from pg_db_role_setting where setdatabase = (select oid from pg_database where datname = current_database())
                 union all select format('role %s: %s connections', rolname, rolconnlimit) from pg_roles where rolname in ('siwe', 'hasura', 'app')
                 order by 1",
                &[],
            )
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let pid = std::fs::read_to_string(self.folder.path().join("postgres/postmaster.pid"));
        if let Some(pid) = pid.ok().as_deref().and_then(|text| text.lines().next()) {
            // A test that failed has not stopped it.
            let _ = std::process::Command::new("kill").args(["-QUIT", pid]).status();
        }
    }
}

/// The block of the section that begins with this comment.
fn commands(begin: &str) -> String {
    let document = read("docs/operations.md");
    let section = between(&document, "\n## Backup and restore\n", "\n## ");
    let (_, rest) = section.split_once(&format!("# {begin}")).unwrap();
    rest.split("```")
        .next()
        .unwrap()
        .lines()
        .skip(1)
        .collect::<Vec<_>>()
        .join("\n")
}

async fn log_in(service: &Process, own: &Wallet) -> Reply {
    let signed = own.log_in(&origin(), 1, &nonce(), Clock::system().now());
    let input = json!({"session": {"message": signed.message, "signature": signed.signature}});
    service
        .call(&reqwest::Client::new(), "/actions/login", "v1Login", &input)
        .await
}

async fn restore_session(service: &Process, token: &str) -> Reply {
    let input = json!({"session": {"refreshToken": token}});
    service
        .call(
            &reqwest::Client::new(),
            "/actions/restore-session",
            "v1RestoreSession",
            &input,
        )
        .await
}

// Issue 14, item 16.
#[tokio::test]
async fn the_printed_commands_back_a_database_with_own_tables_up_and_restore_all_of_it() {
    let machine = Machine::start().await;
    machine.deploy().await;
    let backup = machine.folder.path().join("backup");
    std::fs::create_dir(&backup).unwrap();
    let service = Process::serve(machine.variables().await).await;
    let alice = wallet();
    let session = log_in(&service, &alice).await.assert_ok().refresh_token();
    machine.note("before the backup").await;

    // What the service's own role cannot do, and was once documented.
    let refused = machine
        .types(
            r#"pg_dump --format=custom --file=refused.dump "$DATABASE_URL""#,
            &backup,
        )
        .await;
    assert!(!refused.status.success());
    machine.does(&commands("backup, "), &backup).await;
    let saved = machine.state().await;
    assert!(
        saved
            .iter()
            .any(|line| line.starts_with("setting hasura") && line.contains("statement_timeout=5s")),
        "{saved:#?}"
    );

    machine.note("after the backup").await;
    log_in(&service, &wallet()).await.assert_ok();
    assert_ne!(machine.state().await, saved);
    assert!(service.stop().await.0.success());

    machine.does(&commands("restore, "), &backup).await;
    assert_eq!(
        machine.state().await,
        saved,
        "all of the backup, and nothing since"
    );
    let service = Process::serve(machine.variables().await).await;
    restore_session(&service, &session)
        .await
        .assert_error(401, "refresh_token_invalid");
    log_in(&service, &alice).await.assert_ok();
    let hasura = connect(&machine.postgres.url("hasura", "siwe")).await;
    hasura
        .query("select from app.notes, public.accounts", &[])
        .await
        .unwrap();
    hasura.query("select from auth.users", &[]).await.unwrap_err();
    assert!(service.stop().await.0.success());

    // Another machine, with nothing of it.
    let other = Machine::start().await;
    other.does(&commands("restore of the roles"), &backup).await;
    let restore = commands("restore, ");
    let (first, others) = restore.split_once('\n').unwrap();
    assert!(first.contains("alter database siwe rename"), "{first}");
    other.does(others, &backup).await;
    assert_eq!(other.state().await, saved);
    let service = Process::serve(other.variables().await).await;
    log_in(&service, &alice).await.assert_ok();
    assert!(service.stop().await.0.success());
    other.postgres.stop().await.unwrap();
    machine.postgres.stop().await.unwrap();
}
