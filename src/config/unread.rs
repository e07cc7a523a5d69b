//! Variables that look like ours and that nothing reads: most often a misspelt name, whose value is then quietly the default.
//!
//! Names alone are judged and told, never values. Whatever could be somebody else's is let pass: an environment holds a great deal.

use super::{VARIABLES, Variables};

/// Read by single commands, by compose or by Hasura, and so no mistake.
const READ_ELSEWHERE: &[&str] = &[
    "ACTIONS_BASE_URL",
    "AUTH_MODE",
    "HASURA_ACTIONS_SECRET",
    "HASURA_DB_PASSWORD",
    "HASURA_ENDPOINT",
    "HASURA_PORT",
    "HTTP_BIND",
    "HTTP_PORT",
    "PG_DATABASE_URL",
    "PG_DATABASE_URL_FILE",
    "SIWE_DB_PASSWORD",
];

/// Nobody else's names begin like this. `ACTIONS_` (GitHub's too), `DATABASE_`, `EMAIL_` and others of our beginnings are everybody's.
const OURS: &[&str] = &[
    "ETH_RPC_URL",
    "KEYS_ENCRYPTION",
    "LENS_",
    "REFRESH_",
    "SESSIONS_PER",
    "SIWE_",
    "TANX_",
];

/// Hasura's own, which are many, and which it judges itself.
const HASURAS: &str = "HASURA_GRAPHQL_";

/// How many letters may be wrong in a name that is still taken for one of ours.
const LETTERS: usize = 2;

/// Shorter names differ from each other by little more than that.
const SHORTEST: usize = 8;

/// A variable that nothing reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is set, and nothing reads it{}", hint(.name, .nearest))]
pub struct Unread {
    /// Its name, fit to be shown.
    pub name: String,
    /// What was meant, where a name is near.
    pub nearest: Option<&'static str>,
}

fn hint(name: &str, nearest: &Option<&'static str>) -> String {
    match *nearest {
        Some(known) if name.strip_suffix("_FILE") == Some(known) => {
            format!(": {known} is no secret, and is not read from a file")
        }
        Some(known) => format!(": did you mean {known}?"),
        None => ": docs/configuration.md lists what is read".to_owned(),
    }
}

/// Every variable that has a value, looks like one of ours, and is read by nothing.
pub fn unread(variables: &Variables) -> Vec<Unread> {
    variables
        .iter()
        .filter(|(name, value)| !value.trim().is_empty() && !is_read(name))
        .filter_map(|(name, _)| {
            let (known, letters) = nearest(name);
            let is_near = letters <= LETTERS && name.len() >= SHORTEST;
            let is_ours = OURS.iter().any(|beginning| name.starts_with(beginning));
            (is_near || is_ours).then(|| Unread {
                name: name.chars().map(shown).collect(),
                // Beyond half of the name it is a guess, and no help.
                nearest: (letters * 2 <= known.len()).then_some(known),
            })
        })
        .collect()
}

/// A sentence for each variable that is read and whose value is not UTF-8. Others may hold what they like.
pub fn unreadable(variables: &Variables) -> Vec<String> {
    variables
        .unreadable()
        .filter(|name| is_read(name))
        .map(|name| {
            format!(
                "{} is not UTF-8 text: set it again",
                name.chars().map(shown).collect::<String>()
            )
        })
        .collect()
}

fn shown(c: char) -> char {
    if c.is_control() { '\u{fffd}' } else { c }
}

fn is_read(name: &str) -> bool {
    let plain = name.strip_suffix("_FILE");
    name.starts_with(HASURAS)
        || READ_ELSEWHERE.contains(&name)
        || VARIABLES
            .iter()
            .any(|known| known.name == name || known.secret && plain == Some(known.name))
}

/// The name of ours that is nearest, and by how many letters it differs.
fn nearest(name: &str) -> (&'static str, usize) {
    VARIABLES
        .iter()
        .map(|known| known.name)
        .chain(READ_ELSEWHERE.iter().copied())
        .map(|known| {
            let plain = name.strip_suffix("_FILE").unwrap_or(name);
            (known, distance(name, known).min(distance(plain, known)))
        })
        .min_by_key(|(_, letters)| *letters)
        .expect("there are variables")
}

/// Letters to add, drop, replace or swap with their neighbour (the optimal string alignment distance).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (row[j] + usize::from(a != b))
                .min(row[j + 1] + 1)
                .min(next[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(names: &[&str]) -> Vec<String> {
        let variables: Variables = names.iter().map(|name| (*name, "a value")).collect();
        unread(&variables).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_misspelt_name_is_told_with_the_one_that_was_meant_and_without_its_value() {
        for (name, meant) in [
            ("SIWE_ORIGNS", "SIWE_ORIGINS"),
            ("SIWE_ORIGIN", "SIWE_ORIGINS"),
            ("ADMIN_ADRESSES", "ADMIN_ADDRESSES"),
            ("DATABSE_URL", "DATABASE_URL"),
            ("REFRESH_IDEL_TTL", "REFRESH_IDLE_TTL"),
            ("ETH_RPC_URL", "ETH_RPC_URLS"),
            ("ACTION_SECRET", "ACTIONS_SECRET"),
            ("ACTIONS_SECERT_FILE", "ACTIONS_SECRET"),
            ("ACCESS_TOKEN_TTL_", "ACCESS_TOKEN_TTL"),
        ] {
            let said = said(&[name]);
            assert_eq!(said.len(), 1, "{name}");
            assert!(
                said[0].starts_with(&format!(
                    "{name} is set, and nothing reads it: did you mean {meant}"
                )),
                "{said:?}"
            );
            assert!(!said[0].contains("a value"), "{said:?}");
        }
        assert_eq!(
            said(&["SIWE_ORIGINS_FILE"]),
            [
                "SIWE_ORIGINS_FILE is set, and nothing reads it: SIWE_ORIGINS is no secret, and is not read from a file"
            ]
        );
        assert_eq!(
            said(&["LENS_HUB_CONTRACT_OF_OURS"]),
            [
                "LENS_HUB_CONTRACT_OF_OURS is set, and nothing reads it: docs/configuration.md lists what is read"
            ]
        );
        assert!(!said(&["SIWE_\u{1b}[31m"])[0].contains('\u{1b}'));
    }

    #[test]
    fn what_is_read_or_somebody_elses_is_let_pass() {
        let read: Vec<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
        assert_eq!(said(&read), [""; 0]);
        for name in [
            "ACTIONS_SECRET_FILE",
            "PG_DATABASE_URL",
            "HASURA_GRAPHQL_JWT_SECRETS",
            "DATABASE_HOST",
            "DATABASE_NAME",
            "EMAIL_HOST",
            "USERNAME",
            "LOG_LEVEL",
            "RUST_LOG",
            "PATH",
            "HOME",
            "AUTH_MODE",
            "LANG",
            "METRICS_PORT",
            "ACTIONS_RUNTIME_TOKEN",
        ] {
            assert_eq!(said(&[name]), [""; 0], "{name}");
        }
        let mut empty = Variables::default();
        empty.set("SIWE_ORIGNS", " ");
        assert_eq!(unread(&empty), []);
    }

    #[test]
    fn a_distance_counts_letters_and_neighbours_that_changed_places() {
        for (one, other, letters) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "ab", 0),
            ("ab", "ba", 1),
            ("abc", "axc", 1),
            ("abcd", "acbd", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), letters, "{one} {other}");
        }
    }
}
