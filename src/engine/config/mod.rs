//! The settings, from Hasura's own environment variables.
//!
//! A combination that Hasura refuses is refused here in its words, and a variable that would change
//! an answer but is not supported is refused by name. What only matters to a server in
//! production (logs, telemetry, the console) is let pass.

mod auth;

use std::path::PathBuf;

use super::auth::AuthMode;
use super::environment::Environment;
use super::http::CorsDomains;
use super::statement_timeout::{STATEMENT_TIMEOUT, StatementTimeout};

/// Where the metadata comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataSource {
    /// A directory on disk.
    Directory(PathBuf),
    /// The one in the binary.
    Embedded,
}

/// The valid settings of an engine.
#[derive(Debug)]
pub struct Config {
    /// Where the metadata comes from.
    pub metadata: MetadataSource,
    /// Whether to leave out metadata that the local engine does not support, instead of refusing it. Default: no.
    pub ignores_unsupported: bool,
    /// Whether others than this machine reach the engine. Then it has no metadata API. Default: no.
    pub is_exposed: bool,
    pub(crate) auth: AuthMode,
    pub(crate) dev_mode: bool,
    pub(crate) admin_internal_errors: bool,
    pub(crate) apis: Vec<String>,
    pub(crate) configured_header_precedence: bool,
    pub(crate) stringify_numeric_types: bool,
    pub(crate) cors: CorsDomains,
    pub(crate) statement_timeout: StatementTimeout,
}

const SUPPORTED: [&str; 15] = [
    "METADATA_DIR",
    "ADMIN_SECRET",
    "JWT_SECRET",
    "UNAUTHORIZED_ROLE",
    "AUTH_HOOK",
    "AUTH_HOOK_MODE",
    "AUTH_HOOK_TYPE",
    "AUTH_HOOK_SEND_REQUEST_BODY",
    "DEV_MODE",
    "ADMIN_INTERNAL_ERRORS",
    "ENABLED_APIS",
    "CONFIGURED_HEADER_PRECEDENCE",
    "STRINGIFY_NUMERIC_TYPES",
    "CORS_DOMAIN",
    "DISABLE_CORS",
];

/// Known to Hasura and without any influence on what a client is answered.
const HARMLESS: [&str; 17] = [
    "CLI_ENVIRONMENT",
    "CONSOLE_ASSETS_DIR",
    "DATABASE_URL",
    "ENABLED_LOG_TYPES",
    "ENABLE_CONSOLE",
    "ENABLE_TELEMETRY",
    "GRACEFUL_SHUTDOWN_TIMEOUT",
    "LOG_LEVEL",
    "METADATA_DATABASE_URL",
    "MIGRATIONS_DIR",
    "MIGRATIONS_SERVER_PORT",
    "MIGRATIONS_SERVER_TIMEOUT",
    "PG_CONNECTIONS",
    "PG_TIMEOUT",
    "SERVER_HOST",
    "SERVER_PORT",
    "UNIX_SOCKET",
];

const APIS: [&str; 6] = ["metadata", "graphql", "pgdump", "config", "developer", "metrics"];
const DEFAULT_APIS: &str = "metadata,graphql,pgdump,config";

impl Config {
    /// Reads the settings; every reason to refuse them is given, not the first alone.
    pub fn read(environment: &Environment) -> Result<Config, Vec<String>> {
        let mut reader = Reader {
            environment,
            problems: Vec::new(),
        };
        reader.refuse_strangers();
        let config = Config {
            metadata: match reader.text("METADATA_DIR") {
                Some(path) => MetadataSource::Directory(path.into()),
                None => MetadataSource::Embedded,
            },
            ignores_unsupported: false,
            is_exposed: false,
            auth: reader.auth(),
            dev_mode: reader.boolean("DEV_MODE", false),
            admin_internal_errors: reader.boolean("ADMIN_INTERNAL_ERRORS", true),
            apis: reader.apis(),
            configured_header_precedence: reader.boolean("CONFIGURED_HEADER_PRECEDENCE", false),
            stringify_numeric_types: reader.boolean("STRINGIFY_NUMERIC_TYPES", false),
            cors: reader.cors(),
            statement_timeout: reader.statement_timeout(),
        };
        if reader.problems.is_empty() {
            Ok(config)
        } else {
            Err(reader.problems)
        }
    }
}

struct Reader<'e> {
    environment: &'e Environment,
    problems: Vec<String>,
}

impl<'e> Reader<'e> {
    fn refuse_strangers(&mut self) {
        for name in self.environment.names() {
            let Some(short) = name.strip_prefix("HASURA_GRAPHQL_") else {
                continue;
            };
            if !SUPPORTED.contains(&short) && !HARMLESS.contains(&short) {
                self.problems
                    .push(format!("{name} is not supported by the local engine"));
            }
        }
    }

    /// A variable's text; an empty one counts as absent.
    fn text(&self, short: &str) -> Option<&'e str> {
        self.environment
            .get(&format!("HASURA_GRAPHQL_{short}"))
            .filter(|text| !text.is_empty())
    }

    fn boolean(&mut self, short: &str, default: bool) -> bool {
        let Some(text) = self.text(short) else {
            return default;
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" => true,
            "false" | "f" | "no" | "n" => false,
            _ => {
                self.problems.push(format!(
                    "HASURA_GRAPHQL_{short}: Not a valid boolean text. True values are \
                     [\"true\",\"t\",\"yes\",\"y\"] and  False values are [\"false\",\"f\",\"no\",\"n\"]. \
                     All values are case insensitive"
                ));
                default
            }
        }
    }

    fn apis(&mut self) -> Vec<String> {
        let text = self.text("ENABLED_APIS").unwrap_or(DEFAULT_APIS);
        let apis: Vec<String> = text
            .split(',')
            .map(|api| api.trim().to_ascii_lowercase())
            .collect();
        for api in &apis {
            if !APIS.contains(&api.as_str()) {
                self.problems.push(format!(
                    "HASURA_GRAPHQL_ENABLED_APIS: Only expecting list of comma separated API types \
                     metadata,graphql,pgdump,developer,config,metrics, but found {api}"
                ));
            }
        }
        apis
    }

    fn statement_timeout(&mut self) -> StatementTimeout {
        StatementTimeout::read(self.environment.get(STATEMENT_TIMEOUT)).unwrap_or_else(|problem| {
            self.problems.push(problem);
            StatementTimeout::default()
        })
    }

    fn cors(&mut self) -> CorsDomains {
        if self.boolean("DISABLE_CORS", false) {
            return CorsDomains::none();
        }
        CorsDomains::parse(self.text("CORS_DOMAIN").unwrap_or("*")).unwrap_or_else(|problem| {
            self.problems
                .push(format!("HASURA_GRAPHQL_CORS_DOMAIN: {problem}"));
            CorsDomains::none()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn problems(pairs: &[(&str, &str)]) -> Vec<String> {
        let environment = Environment::from(
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        Config::read(&environment).err().unwrap_or_default()
    }

    #[test]
    fn nothing_set_is_valid() {
        assert_eq!(problems(&[]), Vec::<String>::new());
    }

    // Issue 14, item 1.
    #[test]
    fn a_statement_timeout_that_postgresql_would_refuse_is_named() {
        assert_eq!(problems(&[("HASURA_DB_STATEMENT_TIMEOUT", "2s")]), [""; 0]);
        let found = problems(&[("HASURA_DB_STATEMENT_TIMEOUT", "soon")]);
        assert!(
            found.len() == 1 && found[0].starts_with("HASURA_DB_STATEMENT_TIMEOUT is \"soon\""),
            "{found:?}"
        );
    }

    #[test]
    fn unsupported_variables_are_refused_by_name() {
        let found = problems(&[
            ("HASURA_GRAPHQL_ENABLE_ALLOWLIST", "true"),
            ("HASURA_GRAPHQL_LOG_LEVEL", "debug"),
        ]);
        assert_eq!(
            found,
            ["HASURA_GRAPHQL_ENABLE_ALLOWLIST is not supported by the local engine"]
        );
    }
}
