//! The service behind a real PgBouncer in transaction mode, with fewer connections to PostgreSQL than there are requests
//! at once: a statement never meets the connection that the last one had.

use std::process::Stdio;
use std::time::{Duration, Instant};

use hasura_siwe::local::{Postgres, Start};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::support::app::{guest, variables};
use crate::support::db::{TestDb, connect};
use crate::support::process::{Process, run};
use crate::support::{TestApp, wallet};
use hasura_siwe::clock::Clock;

/// A PgBouncer before a cluster of the test's own.
struct Pooled {
    _folder: tempfile::TempDir,
    postgres: Postgres,
    _bouncer: Child,
    pooled_url: String,
    direct_url: String,
}

/// Where Debian puts it is not on everybody's PATH.
fn pgbouncer() -> &'static str {
    match std::path::Path::new("/usr/sbin/pgbouncer").exists() {
        true => "/usr/sbin/pgbouncer",
        false => "pgbouncer",
    }
}

impl Pooled {
    async fn start() -> Self {
        Self::with("").await
    }

    /// With this line in its settings.
    async fn with(line: &str) -> Self {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let postgres = Postgres::start(Start {
            folder: folder.path().to_owned(),
            settings: Vec::new(),
        })
        .await
        .unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let sockets = folder.path().canonicalize().unwrap().join("run");
        let users = folder.path().join("users.txt");
        std::fs::write(&users, "\"postgres\" \"\"\n").unwrap();
        let settings = format!(
            "[databases]\n* = host={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 200\n{line}\n",
            sockets.display(),
            users.display()
        );
        let path = folder.path().join("pgbouncer.ini");
        std::fs::write(&path, settings).unwrap();
        let mut command = Command::new(pgbouncer());
        if nix::unistd::geteuid().is_root() {
            // It refuses to run as root, and only the cluster's owner may enter the folder of its socket.
            command.args(["-u", "postgres"]);
        }
        let bouncer = command
            .arg("-q")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("pgbouncer does not run ({error}): run `make test-deps`"));
        let pooled_url = format!("postgresql://postgres@127.0.0.1:{port}/postgres");
        let begun = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "pgbouncer listens");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self {
            direct_url: postgres.url("postgres", "postgres"),
            _folder: folder,
            postgres,
            _bouncer: bouncer,
            pooled_url,
        }
    }
}

#[tokio::test]
async fn everything_works_behind_a_pooler_that_gives_connections_away() {
    let pooled = Pooled::start().await;
    let settings = [
        ("DATABASE_URL", pooled.pooled_url.as_str()),
        ("DATABASE_DIRECT_URL", pooled.direct_url.as_str()),
        ("DATABASE_POOLER", "transaction"),
        ("DATABASE_POOL_SIZE", "16"),
        ("REGISTRATION", "open"),
    ];
    let db = TestDb::create_empty().await;
    let mut given = variables(&db);
    for (name, value) in settings {
        given.set(name, value);
    }
    let migrated = run(&["migrate"], &given, "").await;
    assert!(migrated.status.success(), "{migrated:?}");
    let app = TestApp::on(db, Clock::system(), &settings).await;

    // Sixteen at once over two connections, each with a story of its own.
    let stories = (0..16).map(|_| async {
        let alice = wallet();
        let mut token = app.log_in(&alice).await;
        for _ in 0..10 {
            token = app.restore(&token).await.assert_ok().refresh_token();
        }
        let signed = app.message(&alice);
        app.log_in_with(&signed).await.assert_ok();
        app.log_in_with(&signed).await.assert_error(401, "nonce_invalid");
    });
    futures_util::future::join_all(stories).await;
    let input = json!({"email": "anna@mail.com", "password": crate::support::people::PASSWORD});
    app.call("/actions/register", "register", guest(), input.clone())
        .await
        .assert_ok();
    app.call("/actions/email-login", "login", guest(), input)
        .await
        .assert_ok();
    app.app_service.sweep().await.unwrap();

    // What a connection begins with comes from the role.
    let client = connect(&pooled.pooled_url.clone()).await;
    let rows = client.simple_query("show statement_timeout").await.unwrap();
    let shown = rows.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    assert_eq!(shown.as_deref(), Some("5s"));
    drop(client);
    pooled.postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_pooler_without_a_way_past_it_is_refused_at_the_start() {
    let mut given = variables(&TestDb::create_empty().await);
    given.set("DATABASE_POOLER", "transaction");
    let output = run(&["serve"], &given, "").await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && said.contains("DATABASE_DIRECT_URL"),
        "{said}"
    );
}

/// What a command says, wherever it says it.
fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

// Field report D01.
#[tokio::test]
async fn an_undeclared_pooler_that_takes_no_options_is_named() {
    let pooled = Pooled::start().await;
    let mut direct = variables(&TestDb::create_empty().await);
    direct.set("DATABASE_URL", &pooled.direct_url);
    assert!(run(&["migrate"], &direct, "").await.status.success());
    let mut given = direct.clone();
    given.set("DATABASE_URL", &pooled.pooled_url);
    for command in [&["migrate"][..], &["role", "list"], &["doctor"]] {
        let output = run(command, &given, "").await;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        for word in [
            "startup parameter",
            "DATABASE_POOLER=transaction",
            "DATABASE_DIRECT_URL",
        ] {
            assert!(said.contains(word), "{command:?} does not say {word:?}: {said}");
        }
    }
    let process = Process::serve(given).await;
    assert_eq!(process.status("/readyz").await, 503);
    let (_, log) = process.stop().await;
    assert!(log.contains("DATABASE_POOLER=transaction"), "{log}");
    pooled.postgres.stop().await.unwrap();
}

// Field report D01.
#[tokio::test]
async fn an_undeclared_pooler_that_shares_connections_is_named() {
    let pooled = Pooled::with("ignore_startup_parameters = options\nverbose = 0").await;
    let mut direct = variables(&TestDb::create_empty().await);
    direct.set("DATABASE_URL", &pooled.direct_url);
    assert!(run(&["migrate"], &direct, "").await.status.success());
    let mut given = direct.clone();
    given.set("DATABASE_URL", &pooled.pooled_url);
    // Each process numbers its statements from the beginning, and the connection to PostgreSQL is the one of the last.
    let mut last = run(&["role", "list"], &given, "").await;
    for _ in 0..4 {
        if !last.status.success() {
            break;
        }
        last = run(&["role", "list"], &given, "").await;
    }
    for command in [&["role", "list"][..], &["migrate"], &["doctor"]] {
        let output = run(command, &given, "").await;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        for word in [
            "prepared statement",
            "DATABASE_POOLER=transaction",
            "DATABASE_DIRECT_URL",
        ] {
            assert!(said.contains(word), "{command:?} does not say {word:?}: {said}");
        }
    }
    // Some statements meet the connection on which they were prepared, and some do not.
    given.set("SIWE_NONCES", "server");
    let process = Process::serve(given).await;
    let client = reqwest::Client::new();
    let input = json!({});
    let mut refused = 0;
    for _ in 0..20 {
        let all = (0..16).map(|_| process.call(&client, "/actions/nonce", "v1Nonce", &input));
        let replies = futures_util::future::join_all(all).await;
        refused += replies.iter().filter(|reply| reply.status != 200).count();
        if refused > 0 {
            break;
        }
    }
    assert!(refused > 0, "every statement met its own connection");
    let (_, log) = process.stop().await;
    assert!(log.contains("DATABASE_POOLER=transaction"), "{log}");
    pooled.postgres.stop().await.unwrap();
}
