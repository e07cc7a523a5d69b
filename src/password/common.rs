//! The passwords that everybody guesses first: 18,000 of them, embedded, so that no stranger's password
//! is sent anywhere to be judged. COMMON.md says where the list comes from and under which licence.

use std::sync::LazyLock;

/// One entry a line: lower case, NFKC, at least six characters, sorted by bytes.
const TEXT: &str = include_str!("common.txt");

static LIST: LazyLock<Vec<&str>> = LazyLock::new(|| TEXT.lines().collect());

/// Whether the list has `folded`, a text in NFKC and lower case.
pub(super) fn contains(folded: &str) -> bool {
    LIST.binary_search(&folded).is_ok()
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    #[test]
    fn the_list_is_sorted_and_each_entry_stands_once() {
        for pair in LIST.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
        assert_eq!(LIST.len(), 18_046);
    }

    #[test]
    fn every_entry_is_folded_and_worth_its_place() {
        for entry in LIST.iter() {
            assert!(entry.chars().count() >= 6, "{entry}");
            assert_eq!(entry.nfkc().collect::<String>().to_lowercase(), *entry);
            assert!(
                !entry.chars().any(|c| c.is_control() || c == '\u{fffd}'),
                "{entry:?}"
            );
        }
    }

    #[test]
    fn well_known_passwords_are_in_it() {
        for common in ["123456", "password", "qwerty123", "1qaz2wsx3edc4rfv", "пароль"] {
            assert!(contains(common), "{common}");
        }
        assert!(!contains("correct horse battery staple"));
        assert!(!contains(""));
    }
}
