//! What each command says of a database that it cannot use: where it looked, why it failed and what to do, and never the password.

use std::process::Stdio;

use hasura_siwe::config::Variables;
use hasura_siwe::storage::latest_version;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::support::app::variables;
use crate::support::cluster::Cluster;
use crate::support::db::TestDb;
use crate::support::line::Line;
use crate::support::process::{Process, command, run};

const USER: &str = "d1789988-2406-4937-bc3d-2f9e039e7e1b";
const ADDRESS: &str = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045";
const KEY: (&str, &str) = (
    "KEYS_ENCRYPTION_KEY",
    "4f1d9ab27c6e8035f2b1c4d7e9a6308b5d2f7c1e9a4b8063d7f5e2c1a9b40836",
);

/// Every command that opens the database, but for `migrate`, `serve` and `doctor`.
const COMMANDS: &[&[&str]] = &[
    &["account", "list"],
    &["account", "show", ADDRESS],
    &["account", "create", "--email", "anna@mail.com"],
    &["account", "unlock", ADDRESS],
    &["account", "grant", ADDRESS, "admin"],
    &["account", "revoke", ADDRESS, "admin"],
    &["account", "disable", ADDRESS],
    &["account", "enable", ADDRESS],
    &["account", "logout", ADDRESS],
    &["account", "claim", ADDRESS, "x-hasura-team", "blue"],
    &["account", "export", ADDRESS],
    &["account", "delete", ADDRESS],
    &["role", "list"],
    &["role", "add", "editor"],
    &["role", "remove", "editor"],
    &["network", "list"],
    &["network", "add", "gnosis", "100"],
    &["network", "enable", "sepolia"],
    &["audit"],
    &["audit", "--follow"],
    &["epoch"],
    &["keys", "list"],
    &["keys", "generate"],
    &["keys", "rotate"],
    &["keys", "retire", "kid"],
    &["token", "mint", "--user", USER, "--role", "user", "--ttl", "5m"],
];

fn with_url(url: &str) -> Variables {
    let mut given: Variables = [
        ("ACTIONS_SECRET", crate::support::app::ACTIONS_SECRET),
        ("HASURA_GRAPHQL_JWT_SECRET", crate::support::app::JWT_SECRET),
        ("SIWE_ORIGINS", "https://app.example.com"),
        ("LISTEN_ADDR", "127.0.0.1:0"),
        KEY,
    ]
    .into_iter()
    .collect();
    given.set("DATABASE_URL", url);
    given
}

/// What a command that must fail says, which is one line.
async fn refusal(command: &[&str], given: &Variables) -> String {
    let output = run(command, given, "").await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{command:?}: {said}");
    said
}

#[track_caller]
fn assert_holds(said: &str, words: &[&str], command: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{command:?} does not say {word:?}: {said}");
    }
    for raw in ["new object", "db error", "does not exist\"", "a-password"] {
        assert!(!said.contains(raw), "{command:?} says {raw:?}: {said}");
    }
}

// Issue 14, item 20.
#[tokio::test]
async fn before_the_migrations_each_command_says_to_run_them() {
    let empty = with_url(&TestDb::create_empty().await.url());
    let old = TestDb::create().await;
    let client = old.connect().await;
    client
        .execute(
            "delete from auth.migrations where version = $1",
            &[&latest_version()],
        )
        .await
        .unwrap();
    let old = with_url(&old.url());
    for command in COMMANDS {
        let said = refusal(command, &empty).await;
        assert_holds(&said, &["was never migrated: run `hasura-siwe migrate`"], command);
        let said = refusal(command, &old).await;
        let lacks = format!("lacks {:04}_", latest_version());
        assert_holds(
            &said,
            &["older than this program", &lacks, "run `hasura-siwe migrate`"],
            command,
        );
    }
}

// Issue 14, item 20.
#[tokio::test]
async fn a_newer_schema_is_used_and_told() {
    let db = TestDb::create().await;
    let client = db.connect().await;
    let newer = "insert into auth.migrations (version, name, applied_on, checksum) values (9999, 'of_tomorrow', '', '1')";
    client.batch_execute(newer).await.unwrap();
    let output = run(&["role", "list", "--json"], &with_url(&db.url()), "").await;
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("newer than this program, it has 9999: use the newer program"),
        "{said}"
    );
    assert!(output.stdout.starts_with(b"["));
}

// Issue 14, item 20.
#[tokio::test]
async fn a_database_that_is_down_is_named_by_host_and_port() {
    let given = with_url("postgres://anna:a-password@127.0.0.1:1/siwe");
    let words = [
        "127.0.0.1:1 (database siwe, user anna)",
        "Connection refused",
        "start PostgreSQL",
        "DATABASE_URL",
    ];
    for command in COMMANDS.iter().chain(&[&["migrate"][..]]) {
        assert_holds(&refusal(command, &given).await, &words, command);
    }
    let mut apart = given.clone();
    apart.set(
        "DATABASE_DIRECT_URL",
        "postgres://anna:a-password@127.0.0.1:2/siwe",
    );
    let said = refusal(&["migrate"], &apart).await;
    assert_holds(&said, &["127.0.0.1:2", "DATABASE_DIRECT_URL"], &["migrate"]);

    let process = Process::serve(given.clone()).await;
    assert_eq!(process.status("/readyz").await, 503);
    let (status, log) = process.stop().await;
    assert!(status.success());
    assert_holds(&log, &["cannot connect to PostgreSQL at 127.0.0.1:1"], &["serve"]);

    let output = run(&["doctor"], &given, "").await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert_holds(&said, &["127.0.0.1:1 (database siwe, user anna)"], &["doctor"]);
}

// Issue 14, item 20.
#[tokio::test]
async fn the_local_engine_names_the_place_of_a_database_that_is_down() {
    let given: Variables = [
        ("HASURA_GRAPHQL_SERVER_PORT", "0"),
        ("HASURA_GRAPHQL_ADMIN_SECRET", "an-admin-secret-of-the-tests"),
        ("PG_DATABASE_URL", "postgres://hasura:a-password@127.0.0.1:1/siwe"),
        ("ACTIONS_BASE_URL", "http://127.0.0.1:1"),
        ("ACTIONS_SECRET", crate::support::app::ACTIONS_SECRET),
    ]
    .into_iter()
    .collect();
    // Its log goes to standard error.
    let mut engine = command(&["engine"], &given)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(engine.stderr.take().unwrap()).lines();
    let log = lines.next_line().await.unwrap().unwrap();
    engine.kill().await.unwrap();
    let words = [
        "connection error: Connection refused",
        "PostgreSQL at 127.0.0.1:1",
    ];
    assert_holds(&log, &words, &["engine"]);
}

// Issue 14, item 20.
#[tokio::test]
async fn a_refused_connection_says_what_is_wrong_with_the_url() {
    let cluster = Cluster::start(&["password_encryption=scram-sha-256"]).await;
    let client = cluster.client().await;
    client
        .batch_execute("create role anna login password 'another'")
        .await
        .unwrap();
    cluster
        .authenticates(&["local all postgres trust", "local all all scram-sha-256"])
        .await;
    let as_anna = |password: &str| {
        cluster
            .url
            .replacen("//postgres@", &format!("//anna{password}@"), 1)
    };
    let missing = cluster
        .url
        .replace("/postgres", "/nowhere")
        .replace("//nowhere", "//postgres");
    for (url, words) in [
        (
            as_anna(":a-password"),
            &["28P01", "user anna", "correct the user and the password"][..],
        ),
        (
            as_anna(""),
            &["password missing", "add the password to DATABASE_URL"],
        ),
        (missing, &["3D000", "database nowhere", "create the database"]),
        (
            "postgres://anna@nowhere.invalid/siwe".to_owned(),
            &["nowhere.invalid:5432", "correct the host"],
        ),
    ] {
        let given = with_url(&url);
        for command in [&["role", "list"][..], &["migrate"]] {
            assert_holds(&refusal(command, &given).await, words, command);
        }
    }

    let db = TestDb::create().await;
    let line = Line::to(&db).await;
    let given = with_url(&format!("{}?sslmode=verify-full", line.url(&db)));
    for command in [&["role", "list"][..], &["migrate"]] {
        let words = [
            "does not support TLS",
            "turn TLS on in PostgreSQL",
            "sslmode=require",
        ];
        assert_holds(&refusal(command, &given).await, &words, command);
    }
}

#[tokio::test]
async fn the_list_of_commands_is_whole() {
    // Without a database each of them asks for one.
    let given = variables(&TestDb::create_empty().await);
    let mut without = given.clone();
    without.set("DATABASE_URL", "");
    for command in COMMANDS {
        let said = refusal_of_configuration(command, &without).await;
        assert!(said.contains("DATABASE_URL is not set"), "{command:?}: {said}");
    }
}

async fn refusal_of_configuration(command: &[&str], given: &Variables) -> String {
    let output = run(command, given, "").await;
    assert_eq!(output.status.code(), Some(1), "{command:?}");
    String::from_utf8(output.stderr).unwrap()
}
