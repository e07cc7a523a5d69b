//! Whether a password is among the first that a guesser tries. It is not a measure of strength and asks
//! for no mixture of characters: it takes away what costs a guesser nothing (a common password, a word
//! that stands beside the account, a repetition, a walk over the keyboard) and counts what is left.
//!
//! The list of common passwords alone would be idle where fifteen characters are asked for: two dozen of its
//! entries are that long. People get there by doubling `password` or by adding `1234567`.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::{Policy, common};

/// Three free characters are under a million guesses, which is no work for whoever stole the hashes.
const ENOUGH: usize = 4;

/// A walk counts from this many characters on: below, half of all words would begin with one.
const WALK: usize = 3;

/// What a walk goes along, in either direction, round the end to the beginning.
const ROWS: [&str; 8] = [
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "!@#$%^&*()",
];

/// Text in NFKC and lower case.
type Folded = Zeroizing<Vec<char>>;

fn fold(text: &str) -> Folded {
    Zeroizing::new(text.nfkc().flat_map(char::to_lowercase).collect())
}

/// Whether fewer than four characters of `text` are free, taken whole or as a middle that begins and
/// ends with a letter and what stands around it (`!!password2025`).
pub(super) fn is_guessable(text: &str, known: &[&str]) -> bool {
    let text = fold(text);
    let known: Vec<Folded> = known.iter().map(|word| fold(word)).collect();
    let begin = text.iter().position(|c| c.is_alphabetic()).unwrap_or(0);
    let end = text
        .iter()
        .rposition(|c| c.is_alphabetic())
        .map_or(0, |last| last + 1);
    let parts = [&text[..begin], &text[begin..end], &text[end..]];
    free(&text, &known) < ENOUGH || parts.iter().map(|part| free(part, &known)).sum::<usize>() < ENOUGH
}

/// How many characters of `text` neither a list nor a rule yields.
fn free(text: &[char], known: &[Folded]) -> usize {
    let listed = |text: &[char]| {
        known.iter().any(|word| word.as_slice() == text)
            || common::contains(&Zeroizing::new(text.iter().collect::<String>()))
    };
    // A repetition is worth its unit, and a unit below the floor would be no password anywhere.
    let repeats = |unit: &[char]| unit.len() < Policy::FLOOR || listed(unit);
    if text.is_empty() || listed(text) || unit(text).is_some_and(repeats) {
        return 0;
    }
    let (mut at, mut free) = (0, 0);
    while at < text.len() {
        match walk(&text[at..]) {
            length if length >= WALK => at += length,
            _ => (at, free) = (at + 1, free + 1),
        }
    }
    free
}

/// The shortest beginning that makes up all of `text` when it is repeated, the last time perhaps in part.
fn unit(text: &[char]) -> Option<&[char]> {
    (1..=text.len() / 2)
        .find(|length| text[*length..] == text[..text.len() - length])
        .map(|length| &text[..length])
}

/// How many characters at the beginning of `text` go along one row, or are one character again and again.
fn walk(text: &[char]) -> usize {
    let along = |follows: &dyn Fn(char, char) -> bool| {
        1 + text
            .windows(2)
            .take_while(|pair| follows(pair[0], pair[1]))
            .count()
    };
    ROWS.iter()
        .flat_map(|row| {
            [
                along(&|one, next| follows(row, one, next)),
                along(&|one, next| follows(row, next, one)),
            ]
        })
        .max()
        .unwrap_or(0)
        .max(along(&|one, next| one == next))
}

/// Whether `next` stands behind `one` in `row`. The rows are ASCII, so a place is a byte.
fn follows(row: &str, one: char, next: char) -> bool {
    row.find(one)
        .is_some_and(|at| char::from(row.as_bytes()[(at + 1) % row.len()]) == next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_all_guessable(texts: &[&str], known: &[&str]) {
        for text in texts {
            assert!(is_guessable(text, known), "{text}");
        }
    }

    #[test]
    fn common_passwords_and_their_repetitions_are_guessable_in_any_letter_case() {
        assert_all_guessable(
            &[
                "password",
                "PassWord",
                "manchesterunited",
                "passwordpassword",
                "PasswordpassworD",
                "iloveyouiloveyouilove",
                "ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ",
                "ПарольПарольПароль",
            ],
            &[],
        );
    }

    #[test]
    fn a_repeated_unit_is_guessable_when_it_would_be_no_password_itself() {
        assert_all_guessable(
            &[
                "aaaaaaaaaaaaaaa",
                "abcabcabcabcabc",
                "x7!x7!x7!x7!x7!x",
                "kT7!pq2kT7!pq2k",
            ],
            &[],
        );
        assert!(!is_guessable("tY7!pqa2tY7!pqa2", &[]));
    }

    #[test]
    fn walks_over_the_keyboard_the_alphabet_and_the_digits_are_guessable() {
        assert_all_guessable(
            &[
                "abcdefghijklmnopqrstuvwxyz",
                "zyxwvutsrqponmlk",
                "1234567890123456",
                "qwertyuiopasdfghjkl",
                "QWERTZUIOPasdfghjkl",
                "1qaz2wsx3edc4rfv5tgb",
                "!@#$%^&*()!@#$%^",
                "qwe123asd456zxc789",
                "111222333444555",
                "qwertyuiop1234567890",
                "qwertyuiopasdfgh!Z7",
            ],
            &[],
        );
    }

    #[test]
    fn a_common_password_with_idle_padding_is_guessable_and_with_four_free_characters_it_is_not() {
        assert_all_guessable(
            &[
                "password1234567",
                "!!!!football!!!!",
                "passwordpassword1",
                "password20252025",
                "1Manchesterunited99",
            ],
            &[],
        );
        assert!(!is_guessable("password83610275", &[]));
    }

    #[test]
    fn what_stands_beside_the_account_is_guessable() {
        let known = ["anna.meier@example.org", "anna.meier", "Anna-Meier", ""];
        assert_all_guessable(
            &[
                "anna.meier@example.org",
                "ANNA.MEIER@EXAMPLE.ORG",
                "anna.meieranna.meier",
                "anna-meieranna-meier",
                "anna.meier1234567",
            ],
            &known,
        );
        assert!(!is_guessable("anna.meier rides a camel", &known));
    }

    #[test]
    fn phrases_and_random_texts_are_not_guessable() {
        for text in [
            "correct horse battery staple",
            "monkey dragon football",
            "my dog ate 3 of them",
            "дом у моря стоит давно",
            "vT9#kq2LmZ81xwRe",
            "2947201847362910",
            "kX8!vQ2p",
            "were we there before",
        ] {
            assert!(!is_guessable(text, &[]), "{text}");
        }
    }
}
