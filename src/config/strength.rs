//! Is this text fit to be a secret?
//!
//! It refuses what is short, what is printed in tutorials, and what has too few different
//! characters to be random. It cannot tell a good secret from one that was published elsewhere.

/// Pieces of secrets that tutorials print. Compared without case and punctuation.
const PRINTED_ELSEWHERE: &[&str] = &[
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
    "yoursecret",
    "yourjwtsecret",
    "yourverylongsecret",
    "your256bitsecret",
    "mysecret",
    "supersecret",
    "topsecret",
    "secretkey",
    "myadminsecretkey",
    "jwtsecret",
    "hasurasecret",
    "password",
    "insecure",
    "notsosecret",
    "atleast32",
    "3ef8oipu9tusc5tenmk5eezyfgsilm2p",
    "0123456789abcdef",
    "abcdefghijklmnop",
    "1234567890",
];

/// Fewer different characters than this are no product of a generator at 32 characters or more.
const DISTINCT: usize = 10;

/// What is wrong with `secret` as a key of at least `minimum` bytes, as the end of a sentence that
/// begins with the variable's name.
pub fn weakness(secret: &str, minimum: usize) -> Option<String> {
    if secret.len() < minimum {
        return Some(format!(
            "is {} bytes long and needs at least {minimum}: run `make env`, or `openssl rand -hex 32`",
            secret.len()
        ));
    }
    let letters: String = secret
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if PRINTED_ELSEWHERE.iter().any(|known| letters.contains(known)) {
        return Some("looks like an example from a tutorial: run `make env` for a fresh one".to_owned());
    }
    let mut distinct: Vec<char> = secret.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < DISTINCT {
        return Some(
            "has too few different characters to be random: run `make env` for a fresh one".to_owned(),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::weakness;

    #[test]
    fn a_random_secret_is_taken_and_weak_ones_are_named() {
        assert_eq!(weakness("9fK2mQx7Rw3TzLp8Vb5Nc1Yd6Hj4Gs0A", 32), None);
        assert!(weakness("", 32).unwrap().contains("0 bytes"));
        assert!(weakness("short", 32).unwrap().contains("at least 32"));
        assert!(
            weakness("change-me-change-me-change-me-now-please", 32)
                .unwrap()
                .contains("tutorial")
        );
        assert!(
            weakness("3EF8oiPu9TUSC5teNMK5EeZYfgSIlM2P", 32)
                .unwrap()
                .contains("tutorial")
        );
        assert!(weakness(&"ab".repeat(40), 32).unwrap().contains("too few"));
    }
}
