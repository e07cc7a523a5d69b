//! Which variables a command reads, told at the end of its help. What each holds is in docs/configuration.md.

use clap::Command;
use clap::builder::StyledStr;

/// By command: what it cannot do without, and what it reads besides. The longest beginning counts; a test runs each command without
/// any and holds its complaint against this.
const NEEDS: &[(&str, &str)] = &[
    (
        "serve",
        "DATABASE_URL, ACTIONS_SECRET, HASURA_GRAPHQL_JWT_SECRET, SIWE_ORIGINS; KEYS_ENCRYPTION_KEY with a jwk_url",
    ),
    (
        "local",
        "no variable that must be set: it draws secrets of its own; those of the service count where they are",
    ),
    (
        "engine",
        "Hasura's own: HASURA_GRAPHQL_METADATA_DIR, HASURA_GRAPHQL_ADMIN_SECRET, HASURA_GRAPHQL_SERVER_PORT and others; what the metadata names, such as PG_DATABASE_URL; and HASURA_DB_STATEMENT_TIMEOUT",
    ),
    (
        "migrate",
        "DATABASE_URL; PG_DATABASE_URL, to let Hasura's role in",
    ),
    (
        "metadata check",
        "what the metadata names, such as PG_DATABASE_URL and ACTIONS_BASE_URL",
    ),
    (
        "metadata apply",
        "HASURA_ENDPOINT or --endpoint, and HASURA_GRAPHQL_ADMIN_SECRET",
    ),
    (
        "metadata remove",
        "HASURA_ENDPOINT or --endpoint, and HASURA_GRAPHQL_ADMIN_SECRET",
    ),
    (
        "metadata diff",
        "HASURA_ENDPOINT or --endpoint, and HASURA_GRAPHQL_ADMIN_SECRET",
    ),
    (
        "account",
        "DATABASE_URL; ADMIN_ADDRESSES and PASSWORD_MIN_LENGTH count as they do for the service",
    ),
    ("role", "DATABASE_URL"),
    ("network", "DATABASE_URL"),
    ("audit", "DATABASE_URL"),
    ("epoch", "DATABASE_URL"),
    ("keys", "DATABASE_URL"),
    ("keys generate", "DATABASE_URL, KEYS_ENCRYPTION_KEY"),
    ("token inspect", "no variable"),
    (
        "token",
        "DATABASE_URL, ACTIONS_SECRET, HASURA_GRAPHQL_JWT_SECRET, SIWE_ORIGINS: the service's whole environment",
    ),
    ("health", "LISTEN_ADDR, where it is not 127.0.0.1:4000"),
    (
        "doctor",
        "the service's whole environment; HASURA_ENDPOINT or --endpoint; ACTIONS_BASE_URL; HASURA_GRAPHQL_ADMIN_SECRET for the metadata alone",
    ),
];

/// The command line with what each command needs at the end of its help.
pub(super) fn told(command: Command) -> Command {
    tell(command, "")
}

fn tell(command: Command, path: &str) -> Command {
    let help = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let command = match of(path).filter(|_| !command.has_subcommands()) {
        Some(needs) => {
            let above = if help.is_empty() { "" } else { "\n\n" };
            let told = format!("{help}{above}Reads {needs}.{}", where_to_look(needs));
            command.after_help(StyledStr::from(told))
        }
        None => command,
    };
    command.mut_subcommands(|inner| {
        let path = format!("{path} {}", inner.get_name());
        tell(inner, path.trim_start())
    })
}

fn where_to_look(needs: &str) -> &'static str {
    if needs.starts_with("no variable") {
        ""
    } else {
        "\ndocs/configuration.md says what each holds, and which may come from a file."
    }
}

fn of(path: &str) -> Option<&'static str> {
    NEEDS
        .iter()
        .filter(|(command, _)| {
            path.strip_prefix(command)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
        .max_by_key(|(command, _)| command.len())
        .map(|(_, needs)| *needs)
}
