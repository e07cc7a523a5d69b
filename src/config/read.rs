//! From what was typed to what is valid.
//!
//! Each reader leaves a sentence in the list of faults and goes on, so that one start shows every
//! mistake. No sentence quotes a secret.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use super::strength::weakness;
use super::{
    Config, Faults, JwtKeys, JwtSecret, Lifetimes, Nonces, Operator, Passwords, SignUps, Telemetry,
    Variables, keys_encryption,
};
use crate::model::{AccountName, Address, Flow};
use crate::password::Policy;
use crate::secret::Secret;
use crate::siwe::{LONGEST_AGE, MAX_AGE, Origin};

/// Who asks for more keeps people from having a password at all.
const LONGEST_MIN_LENGTH: usize = 64;

/// Of a client or a process in an hour.
const MAX_SIGN_UPS: u32 = 1_000_000;

pub(super) struct Reader<'a> {
    variables: &'a Variables,
    pub(super) faults: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn of(variables: &'a Variables) -> Self {
        Self {
            variables,
            faults: Vec::new(),
        }
    }

    /// A sentence is one line, and obeyed by no terminal, whatever was typed.
    pub(super) fn fault(&mut self, sentence: String) {
        let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        self.faults.push(sentence.chars().map(shown).collect());
    }

    /// What was typed, where something was.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.variables.text(name).map(str::trim)
    }

    pub(super) fn secret(&mut self, name: &str) -> Option<String> {
        self.variables.secret(name).unwrap_or_else(|sentence| {
            self.fault(sentence);
            None
        })
    }

    pub(super) fn required_secret(&mut self, name: &str, cure: &str) -> Option<String> {
        let before = self.faults.len();
        let value = self.secret(name);
        if value.is_none() && self.faults.len() == before {
            self.fault(format!("{name} is not set: {cure}"));
        }
        value
    }

    /// A switch, off until it is on.
    pub(super) fn is_on(&mut self, name: &str) -> bool {
        match self.text(name) {
            None | Some("off") => false,
            Some("on") => true,
            Some(other) => {
                let sentence = format!("{name} is {other:?}, expected on or off");
                self.fault(sentence);
                false
            }
        }
    }

    pub(super) fn parsed<T: FromStr>(&mut self, name: &str, default: T, expected: &str) -> T
    where
        T::Err: Display,
    {
        let Some(text) = self.variables.text(name) else {
            return default;
        };
        match text.trim().parse() {
            Ok(value) => value,
            Err(error) => {
                let sentence = format!("{name} is {text:?}, expected {expected}: {error}");
                self.fault(sentence);
                default
            }
        }
    }

    fn listed<T: FromStr>(&mut self, name: &str) -> Vec<T>
    where
        T::Err: Display,
    {
        let text = self.variables.text(name).unwrap_or_default().to_owned();
        let mut values = Vec::new();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            match item.parse() {
                Ok(value) => values.push(value),
                Err(error) => self.fault(format!("{name} holds {item:?}: {error}")),
            }
        }
        values
    }

    pub(super) fn duration(
        &mut self,
        name: &str,
        default: Duration,
        (least, most): (Duration, Duration),
    ) -> Duration {
        let Some(text) = self.variables.text(name) else {
            return default;
        };
        match humantime::parse_duration(text.trim()) {
            Ok(value) if (least..=most).contains(&value) => value,
            Ok(_) => {
                let sentence = format!(
                    "{name} is {text}, and must lie between {} and {}",
                    humantime::format_duration(least),
                    humantime::format_duration(most)
                );
                self.fault(sentence);
                default
            }
            Err(_) => {
                let sentence = format!(
                    "{name} is {text:?}, expected a duration with its unit, such as 30s, 60m, 12h or 14d"
                );
                self.fault(sentence);
                default
            }
        }
    }
}

impl Config {
    /// Reads and judges the configuration.
    ///
    /// # Errors
    /// Every fault found, a sentence each that says what to do; none quotes a secret.
    pub fn read(variables: &Variables) -> Result<Self, Faults> {
        let mut reader = Reader::of(variables);
        let database = reader.database();
        let actions_secrets = reader.actions_secrets();
        let jwt = reader.jwt();
        if let (Some(jwt), true) = (&jwt, !actions_secrets.is_empty())
            && actions_secrets.iter().any(|secret| jwt.keys.is_key(secret))
        {
            reader.fault("ACTIONS_SECRET and the key of HASURA_GRAPHQL_JWT_SECRET are the same: whoever may call an action could mint tokens, so make them differ".into());
        }
        let is_published = jwt
            .as_ref()
            .is_some_and(|jwt| matches!(jwt.keys, JwtKeys::Published));
        let keys_encryption_key = match keys_encryption::optional(variables) {
            Ok(None) if is_published => Err(keys_encryption::absent()),
            read => read,
        };
        let keys_encryption_key = keys_encryption_key.unwrap_or_else(|fault| {
            reader.fault(fault);
            None
        });
        let origins: Vec<Origin> = reader.listed("SIWE_ORIGINS");
        if variables.text("SIWE_ORIGINS").is_none() {
            reader.fault("SIWE_ORIGINS is not set: list the origins of your front ends, such as https://app.example.com,http://localhost:3000".into());
        }
        let nonces = match variables.text("SIWE_NONCES").map(str::trim) {
            None | Some("client") => Nonces::Client,
            Some("server") => Nonces::Server,
            Some(other) => {
                reader.fault(format!("SIWE_NONCES is {other:?}, expected client or server"));
                Nonces::Client
            }
        };
        let ages = [MAX_AGE, LONGEST_AGE].map(|age| age.unsigned_abs());
        let contract_max_age = reader.duration("SIWE_CONTRACT_MAX_AGE", ages[0], ages.into());
        let refresh_cookie = reader.is_on("REFRESH_COOKIE");
        let flows = reader.flows();
        let rpc_urls = reader.rpc_urls();
        let app_name = reader.app_name(&origins);
        let passwords = reader.passwords();
        let sign_ups = reader.sign_ups();
        let lifetimes = Lifetimes::read(&mut reader);
        let admins: Vec<Address> = reader.listed("ADMIN_ADDRESSES");
        let listen = reader.parsed(
            "LISTEN_ADDR",
            SocketAddr::from(([127, 0, 0, 1], 4000)),
            "an address and port such as 127.0.0.1:4000",
        );
        let trusted_hops = reader.parsed("TRUSTED_HOPS", 0_usize, "a number of proxies");
        let web = reader.web();
        let Telemetry { metrics, traces, log } = reader.telemetry();
        match (database, jwt) {
            (Some(database), Some(jwt)) if reader.faults.is_empty() => Ok(Self {
                database,
                listen,
                actions_secrets,
                origins,
                refresh_cookie,
                nonces,
                contract_max_age,
                flows,
                rpc_urls,
                app_name,
                passwords,
                sign_ups,
                lifetimes,
                admins: admins.into_iter().collect(),
                jwt,
                keys_encryption_key,
                trusted_hops,
                web,
                metrics,
                traces,
                log,
            }),
            _ => Err(Faults(reader.faults)),
        }
    }
}

impl Operator {
    /// Reads what the commands about accounts need. None of the service's secrets is among it.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn read(variables: &Variables) -> Result<Self, Faults> {
        let mut reader = Reader::of(variables);
        let database = reader.database();
        let policy = reader.passwords().policy;
        let admins: Vec<Address> = reader.listed("ADMIN_ADDRESSES");
        match database {
            Some(database) if reader.faults.is_empty() => Ok(Self {
                database,
                admins: admins.into_iter().collect(),
                policy,
            }),
            _ => Err(Faults(reader.faults)),
        }
    }
}

impl Reader<'_> {
    fn flows(&mut self) -> BTreeSet<Flow> {
        if self.variables.text("FLOWS").is_none() {
            return Flow::DEFAULT.into();
        }
        let flows: BTreeSet<Flow> = self.listed("FLOWS").into_iter().collect();
        if flows.is_empty() {
            self.fault(
                "FLOWS names no way to sign in: list some of siwe, lens, email, username, tanx".into(),
            );
        }
        flows
    }

    /// It stands in a text that people sign, so it may not play tricks with the rest of that text.
    fn app_name(&mut self, origins: &[Origin]) -> String {
        match self.variables.text("APP_NAME").map(AccountName::parse) {
            Some(Ok(name)) => name.as_str().trim().to_owned(),
            Some(Err(fault)) => {
                self.fault(format!("APP_NAME: {fault}"));
                String::new()
            }
            None => origins
                .first()
                .map(|origin| origin.host().to_owned())
                .unwrap_or_default(),
        }
    }

    fn passwords(&mut self) -> Passwords {
        let registration_is_open = match self.variables.text("REGISTRATION").map(str::trim) {
            None | Some("closed") => false,
            Some("open") => true,
            Some(other) => {
                self.fault(format!("REGISTRATION is {other:?}, expected open or closed"));
                false
            }
        };
        let least = self.parsed("PASSWORD_MIN_LENGTH", Policy::DEFAULT, "a number of characters");
        let policy = (least <= LONGEST_MIN_LENGTH)
            .then(|| Policy::new(least))
            .flatten();
        if policy.is_none() {
            self.fault(format!(
                "PASSWORD_MIN_LENGTH is {least}, and must lie between {} and {LONGEST_MIN_LENGTH}",
                Policy::FLOOR
            ));
        }
        Passwords {
            registration_is_open,
            policy: policy.unwrap_or_default(),
        }
    }

    fn sign_ups(&mut self) -> SignUps {
        let mut an_hour = |name, default| {
            let number: u32 = self.parsed(name, default, "a number of new wallets an hour");
            if number > MAX_SIGN_UPS {
                self.fault(format!(
                    "{name} is {number}, and must lie between 0 (no limit) and {MAX_SIGN_UPS}"
                ));
            }
            number
        };
        SignUps {
            per_client: an_hour("SIGN_UPS_PER_CLIENT", 100),
            per_process: an_hour("SIGN_UPS_PER_PROCESS", 3600),
        }
    }

    fn actions_secrets(&mut self) -> Vec<Secret<String>> {
        let Some(text) =
            self.required_secret("ACTIONS_SECRET", "run `make env`, and give Hasura the same value")
        else {
            return Vec::new();
        };
        let secrets: Vec<&str> = text.split(',').map(str::trim).collect();
        if secrets.len() > 2 {
            self.fault("ACTIONS_SECRET holds more than two secrets: one, or the new and the old with a comma between while you rotate".into());
        }
        for secret in &secrets {
            if secret.starts_with(['"', '\'']) || secret.ends_with(['"', '\'']) {
                self.fault(
                    "ACTIONS_SECRET has quotation marks around one of its secrets: take them away".into(),
                );
            }
            if secret.contains(char::is_control) {
                self.fault("ACTIONS_SECRET holds a line end or another control character, which no header can carry: run `make env` for a fresh one".into());
            }
            if let Some(weakness) = weakness(secret, 32) {
                self.fault(format!("ACTIONS_SECRET {weakness}"));
            }
        }
        secrets
            .into_iter()
            .map(|secret| Secret::new(secret.to_owned()))
            .collect()
    }

    fn jwt(&mut self) -> Option<JwtSecret> {
        let name = "HASURA_GRAPHQL_JWT_SECRET";
        let json = self.required_secret(name, "run `make env`, or copy it from your Hasura")?;
        JwtSecret::parse(&json)
            .map_err(|end| self.fault(format!("{name} {end}")))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Variables {
        [
            ("DATABASE_URL", "postgres://u:p@localhost/d"),
            ("ACTIONS_SECRET", "Qm3Xv8Lk1Rt6Zp0Wb5Ny9Hc2Jd7Fs4Ga"),
            (
                "HASURA_GRAPHQL_JWT_SECRET",
                r#"{"type":"HS256","key":"9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A"}"#,
            ),
            ("SIWE_ORIGINS", "https://app.example.com, http://localhost:3000"),
        ]
        .into_iter()
        .collect()
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let config = Config::read(&good()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:4000");
        assert_eq!(config.origins.len(), 2);
        assert_eq!(config.nonces, Nonces::Client);
        assert_eq!(config.flows, Flow::DEFAULT.into());
        assert_eq!(config.lifetimes.of(Flow::Siwe).access, Duration::from_secs(3600));
        assert_eq!(config.lifetimes.grace, Duration::from_secs(30));
        assert_eq!(config.trusted_hops, 0);
        assert!(config.metrics.is_none());
        let shown = format!("{config:?}");
        assert!(
            !shown.contains("9fK2") && !shown.contains("Qm3X") && !shown.contains("u:p@"),
            "{shown}"
        );
    }

    #[test]
    fn every_fault_is_said_at_once_and_none_quotes_a_secret() {
        let Faults(all) = Config::read(&Variables::default()).unwrap_err();
        for name in [
            "DATABASE_URL",
            "ACTIONS_SECRET",
            "HASURA_GRAPHQL_JWT_SECRET",
            "SIWE_ORIGINS",
        ] {
            assert!(
                all.iter()
                    .any(|fault| fault.starts_with(&format!("{name} is not set: "))),
                "{name}: {all:?}"
            );
        }
        for (name, value, word) in [
            ("ACCESS_TOKEN_TTL", "60", "with its unit"),
            ("ACCESS_TOKEN_TTL", "1s", "between"),
            ("REFRESH_GRACE", "5m", "between"),
            ("REFRESH_IDLE_TTL", "200d", "REFRESH_ABSOLUTE_TTL"),
            ("SIWE_ORIGINS", "app.example.com", "app.example.com"),
            ("SIWE_NONCES", "both", "client or server"),
            ("REFRESH_COOKIE", "yes", "on or off"),
            ("ADMIN_ADDRESSES", "vitalik.eth", "vitalik.eth"),
            ("LISTEN_ADDR", "4000", "127.0.0.1:4000"),
            ("ACTIONS_SECRET", "short", "at least 32"),
            (
                "ACTIONS_SECRET",
                "9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A",
                "make them differ",
            ),
            ("DATABASE_URL", "mysql://secretpassword@x", "PostgreSQL URL"),
        ] {
            let mut variables = good();
            variables.set(name, value);
            let Faults(faults) = Config::read(&variables).unwrap_err();
            assert!(
                faults.iter().any(|fault| fault.contains(word)),
                "{name}={value}: {faults:?}"
            );
            assert!(
                !faults
                    .iter()
                    .any(|f| f.contains("secretpassword") || f.contains("9fK2")),
                "{faults:?}"
            );
        }
    }

    #[test]
    fn j06_keys_of_our_own_need_a_random_key_to_seal_them() {
        let key = "4f1d9ab27c6e8035f2b1c4d7e9a6308b5d2f7c1e9a4b8063d7f5e2c1a9b40836";
        let mut variables = good();
        variables.set(
            "HASURA_GRAPHQL_JWT_SECRET",
            r#"{"jwk_url":"http://service:4000/.well-known/jwks.json"}"#,
        );
        let said = |variables: &Variables| Config::read(variables).unwrap_err().to_string();
        assert!(said(&variables).contains("KEYS_ENCRYPTION_KEY is not set"));
        for weak in [
            "changeme",
            &key[2..],
            &"0".repeat(64),
            &"0123456789abcdef".repeat(4),
            &format!("{}zz", &key[2..]),
        ] {
            variables.set("KEYS_ENCRYPTION_KEY", weak);
            let said = said(&variables);
            assert!(
                said.contains("KEYS_ENCRYPTION_KEY") && !said.contains(weak),
                "{said}"
            );
        }
        variables.set("KEYS_ENCRYPTION_KEY", key);
        let config = Config::read(&variables).unwrap();
        assert!(config.keys_encryption_key.is_some());
        assert!(!format!("{config:?}").contains("4f1d"));
    }

    #[test]
    fn a_secret_may_come_from_a_file_but_not_from_both() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "Qm3Xv8Lk1Rt6Zp0Wb5Ny9Hc2Jd7Fs4Ga\n").unwrap();
        let mut variables = good();
        variables.set("ACTIONS_SECRET", "");
        variables.set("ACTIONS_SECRET_FILE", path.to_str().unwrap());
        assert!(
            Config::read(&variables).unwrap().actions_secrets[0].matches(b"Qm3Xv8Lk1Rt6Zp0Wb5Ny9Hc2Jd7Fs4Ga")
        );
        variables.set("ACTIONS_SECRET", "Qm3Xv8Lk1Rt6Zp0Wb5Ny9Hc2Jd7Fs4Ga");
        assert!(
            Config::read(&variables)
                .unwrap_err()
                .to_string()
                .contains("both set")
        );
    }
}
