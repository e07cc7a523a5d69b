//! What was typed into the environment, as shells, secret stores and providers leave it there: bytes that are no text, line ends,
//! quotation marks, URLs of other drivers.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::process::Output;

use hasura_siwe::config::Variables;
use serde_json::json;

use crate::support::app::{ACTIONS_SECRET, JWT_SECRET, variables};
use crate::support::db::TestDb;
use crate::support::process::{Process, command, run};

/// Runs a command with one variable more, whose value is not UTF-8.
async fn with_bytes(arguments: &[&str], given: &Variables, name: &[u8]) -> Output {
    let name = OsString::from_vec(name.to_vec());
    let value = OsString::from_vec(b"caf\xe9\xff".to_vec());
    command(arguments, given).env(name, value).output().await.unwrap()
}

// Field report C01.
#[tokio::test]
async fn a_variable_that_is_no_text_is_passed_over_or_named_and_never_a_panic() {
    let given = variables(&TestDb::create().await);
    let metadata = format!("{}/hasura/metadata", env!("CARGO_MANIFEST_DIR"));
    for foreign in [&b"BADVAR"[..], b"PWD", b"LS_COLORS", b"BAD\xff"] {
        for arguments in [
            &["role", "list"][..],
            &["migrate"],
            &["openapi"],
            &["metadata", "build", "--dir", &metadata],
        ] {
            let output = with_bytes(arguments, &given, foreign).await;
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{arguments:?}: {said}");
        }
    }
    for (own, arguments) in [
        (&b"SIWE_ORIGINS"[..], &["serve"][..]),
        (b"ACTIONS_SECRET", &["serve"]),
        (b"DATABASE_URL_FILE", &["migrate"]),
        (b"ADMIN_ADDRESSES", &["account", "list"]),
        (b"HASURA_ENDPOINT", &["metadata", "diff"]),
        (b"PG_DATABASE_URL", &["migrate"]),
        (b"LISTEN_ADDR", &["health"]),
        (b"HASURA_GRAPHQL_ADMIN_SECRET", &["engine"]),
        (b"FLOWS", &["local"]),
        (b"FLOWS", &["doctor"]),
    ] {
        let output = with_bytes(arguments, &given, own).await;
        let said = String::from_utf8(output.stderr).unwrap();
        let name = std::str::from_utf8(own).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(
            said,
            format!("hasura-siwe: {name} is not UTF-8 text: set it again\n")
        );
    }
    let output = with_bytes(&["openapi"], &given, b"SIWE_ORIGINS").await;
    assert!(output.status.success(), "it reads no variable");
}

/// Whether a service with these variables signs in what Hasura sends with the secret as it was meant.
async fn works(given: Variables) {
    let process = Process::serve(given).await;
    let reply = process
        .call(&reqwest::Client::new(), "/actions/nonce", "v1Nonce", &json!({}))
        .await;
    reply.assert_ok();
    assert_eq!(process.status("/readyz").await, 200);
    assert!(process.stop().await.0.success());
}

// Field report C04.
#[tokio::test]
async fn white_space_around_a_secret_is_not_part_of_it() {
    let db = TestDb::create().await;
    let good = {
        let mut good = variables(&db);
        good.set("KEYS_ENCRYPTION_KEY", crate::support::app::WITH_OWN_KEYS[1].1);
        good.set("ETH_RPC_URLS", "31337=http://127.0.0.1:1/key");
        good.set("DATABASE_DIRECT_URL", db.url());
        good
    };
    let secrets = [
        "DATABASE_URL",
        "DATABASE_DIRECT_URL",
        "ACTIONS_SECRET",
        "HASURA_GRAPHQL_JWT_SECRET",
        "KEYS_ENCRYPTION_KEY",
        "ETH_RPC_URLS",
    ];
    let mut padded = good.clone();
    let folder = tempfile::tempdir().unwrap();
    let mut in_files = good.clone();
    for name in secrets {
        let value = format!(" {}\r\n\n", good.text(name).unwrap());
        let path = folder.path().join(name);
        std::fs::write(&path, &value).unwrap();
        in_files.set(name, "");
        in_files.set(&format!("{name}_FILE"), path.to_str().unwrap());
        padded.set(name, value);
    }
    works(padded).await;
    works(in_files).await;
}

// Field report C04.
#[tokio::test]
async fn quotation_marks_around_a_secret_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let good = variables(&TestDb::create().await);
    for name in [
        "DATABASE_URL",
        "DATABASE_DIRECT_URL",
        "ACTIONS_SECRET",
        "HASURA_GRAPHQL_JWT_SECRET",
        "KEYS_ENCRYPTION_KEY",
        "ETH_RPC_URLS",
        "OTEL_EXPORTER_OTLP_HEADERS",
    ] {
        for mark in ['"', '\''] {
            let value = format!("{mark}{}{mark}\n", good.text(name).unwrap_or("a-value"));
            let mut quoted = good.clone();
            quoted.set(name, &value);
            let path = folder.path().join(name);
            std::fs::write(&path, &value).unwrap();
            let mut in_a_file = good.clone();
            in_a_file.set(name, "");
            in_a_file.set(&format!("{name}_FILE"), path.to_str().unwrap());
            for (given, named) in [(quoted, name.to_owned()), (in_a_file, format!("{name}_FILE"))] {
                let output = run(&["serve"], &given, "").await;
                let said = String::from_utf8(output.stderr).unwrap();
                assert_eq!(output.status.code(), Some(1), "{said}");
                assert!(said.contains(&format!("{named} has quotation marks")), "{said}");
                assert!(!said.contains(ACTIONS_SECRET) && !said.contains("9fK2"), "{said}");
            }
        }
    }
    for secrets in [
        format!("\"{ACTIONS_SECRET}\",Zt4Hd9Wq2Lx7Vb1Ns6Kc3Rm8Py5Jf0Ga"),
        format!("{ACTIONS_SECRET},Zt4Hd9Wq2Lx7Vb1Ns6Kc3Rm8Py5Jf0Ga'"),
        format!("{ACTIONS_SECRET}\nZt4Hd9Wq2Lx7Vb1Ns6Kc3Rm8Py5Jf0Ga"),
    ] {
        let mut given = good.clone();
        given.set("ACTIONS_SECRET", secrets);
        let output = run(&["serve"], &given, "").await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("ACTIONS_SECRET h") && !said.contains(ACTIONS_SECRET),
            "{said}"
        );
    }
    // What is a part of the JSON is none around it.
    let mut given = good.clone();
    given.set("HASURA_GRAPHQL_JWT_SECRET", format!("\n{JWT_SECRET}\n"));
    works(given).await;
}

// Field reports C02 and C03.
#[tokio::test]
async fn urls_of_providers_are_read_or_refused_by_the_parameter() {
    let db = TestDb::create().await;
    let good = variables(&db);
    let with = |name: &str, url: &str| {
        let mut given = good.clone();
        given.set(name, url);
        given
    };
    // Over a socket there is no TLS to verify.
    for mode in ["verify-full", "verify-ca"] {
        let url = format!("{}?sslmode={mode}", db.url());
        let output = run(&["migrate"], &with("DATABASE_URL", &url), "").await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("not a PostgreSQL URL"), "{said}");
    }
    for (parameter, word) in [
        (
            "sslrootcert=a-secret",
            "has the parameter sslrootcert: use DATABASE_CA_FILE",
        ),
        (
            "pgbouncer=true",
            "has the parameter pgbouncer: use DATABASE_POOLER=transaction",
        ),
        ("schema=public", "has the parameter schema: leave it out"),
        ("sslmode=allow", "sslmode that is not supported: use"),
        ("target_session_attrs=primary", "use read-write"),
        ("gssencmode=disable", "has the parameter gssencmode: leave it out"),
    ] {
        let url = format!("postgres://u:a-secret@127.0.0.1:1/d?{parameter}");
        for (name, command) in [
            ("DATABASE_URL", "serve"),
            ("DATABASE_URL", "migrate"),
            ("DATABASE_DIRECT_URL", "migrate"),
        ] {
            let output = run(&[command], &with(name, &url), "").await;
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(
                said.contains(name) && said.contains(word) && !said.contains("a-secret"),
                "{said}"
            );
        }
        // Hasura reads these, and of this URL only the user counts here.
        let hasura = format!("postgres://hasura:p@127.0.0.1:1/d?{parameter}");
        let output = run(&["migrate"], &with("PG_DATABASE_URL", &hasura), "").await;
        assert!(output.status.success(), "{output:?}");
    }
    for name in ["DATABASE_URL", "DATABASE_DIRECT_URL", "PG_DATABASE_URL"] {
        let url = "postgres://u:p@a-secret@127.0.0.1:1/db";
        let output = run(&["migrate"], &with(name, url), "").await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(name) && said.contains("%40") && !said.contains("a-secret"),
            "{said}"
        );
    }
}
