//! What the whole run logged and answered with errors, and every secret that it used, each in a file below
//! target/tmp: `make test` looks for the ones in the others when the run is over (scripts/scan-log.sh).

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::Value;
use tracing_subscriber::EnvFilter;

/// Under these names a reply holds a token.
const TOKENS: &[&str] = &[
    "accessToken",
    "refreshToken",
    "access_token",
    "refresh_token",
    "token",
    "access",
    "refresh",
];

struct Files {
    log: File,
    secrets: File,
    noted: HashSet<String>,
}

static FILES: LazyLock<Mutex<Files>> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str| File::create(folder.join(name)).unwrap();
    Mutex::new(Files {
        log: file("run.log"),
        secrets: file("run.secrets"),
        noted: HashSet::new(),
    })
});

static LOGGING: LazyLock<()> = LazyLock::new(|| {
    let filter = EnvFilter::new("info,hasura_siwe=trace");
    let logging = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(|| Log)
        .try_init();
    drop(logging);
});

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        lock().log.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn lock() -> std::sync::MutexGuard<'static, Files> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on everything that this process logs is kept.
pub fn start() {
    LazyLock::force(&LOGGING);
    secret(super::app::ACTIONS_SECRET);
    secret("9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A");
    secret(super::people::PASSWORD);
}

/// A text that no log and no error may hold.
pub fn secret(text: &str) {
    let mut files = lock();
    // Shorter ones would be found by chance.
    if text.len() >= 12 && !text.contains('\n') && files.noted.insert(text.to_owned()) {
        writeln!(files.secrets, "{text}").unwrap();
    }
}

/// Notes the tokens of the cookies that an answer sets.
pub fn cookies(headers: &reqwest::header::HeaderMap) {
    for cookie in headers.get_all("set-cookie") {
        let pair = cookie.to_str().unwrap_or_default().split(';').next();
        if let Some((_, value)) = pair.and_then(|pair| pair.split_once('=')) {
            secret(value);
        }
    }
}

/// What a program of ours logged.
pub fn log(text: &str) {
    writeln!(lock().log, "{text}").unwrap();
}

/// Notes the tokens of an answer; one that is an error is kept as if it had been logged.
pub fn answer(text: &str) {
    let Ok(body) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let is_error = body.get("errors").is_some() || body.get("code").is_some();
    if is_error {
        log(text);
    } else {
        tokens(&body);
    }
}

fn tokens(value: &Value) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if TOKENS.contains(&name.as_str()) => secret(text),
                    other => tokens(other),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(tokens),
        _ => {}
    }
}
