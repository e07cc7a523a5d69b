//! Gives a flattened message its line breaks back.
//!
//! Documents and chat windows show a message with every line break turned into a space, and that is
//! how people paste it. Only a text without any line break is touched. Nothing new is accepted by
//! this: the restored text is what is parsed and hashed, so a wallet must have signed exactly that.

use std::borrow::Cow;

use super::message::{LABELS, PREAMBLE, RESOURCES};

/// `text` with its line breaks restored, or `text` itself where it has some already.
///
/// Each space before a field label, before the address and after it was a line break; after
/// `Resources:`, so was the one before each `- `. A label out of its order stands inside the
/// statement or is forged; then nothing is restored and the grammar refuses the text. Who needs such
/// a statement sends it with its line breaks.
pub fn restore(text: &str) -> Cow<'_, str> {
    if text.contains(['\n', '\r']) {
        return Cow::Borrowed(text);
    }
    let Some(begin) = text.find(PREAMBLE).map(|at| at + PREAMBLE.len()) else {
        return Cow::Borrowed(text);
    };
    let mut restored = String::with_capacity(text.len());
    restored.push_str(&text[..begin]);
    let mut rest = break_here(&text[begin..], &mut restored);
    let (address, after) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
    restored.push_str(address);
    rest = break_here(after, &mut restored);

    // Each turn is a line, from its label to its end. The first is the statement or has the first label.
    let mut expected = 0;
    loop {
        if let Some(items) = rest.strip_prefix(RESOURCES) {
            restored.push_str(RESOURCES);
            restored.push_str(&items.replace(" - ", "\n- "));
            return Cow::Owned(restored);
        }
        // The space that ends a label is a part of it: an empty Request ID keeps its own.
        if let Some(index) = LABELS.iter().position(|label| rest.starts_with(label)) {
            if index < expected {
                return Cow::Borrowed(text);
            }
            expected = index + 1;
            restored.push_str(LABELS[index]);
            rest = &rest[LABELS[index].len()..];
        }
        let (line, after) = rest.split_at(line_end(rest));
        restored.push_str(line);
        if after.is_empty() {
            return Cow::Owned(restored);
        }
        rest = break_here(after, &mut restored);
    }
}

/// Where the spaces before the next label begin, or the end of the text.
fn line_end(rest: &str) -> usize {
    let before_label = |at: &usize| {
        let after = &rest[at + 1..];
        after.starts_with(RESOURCES) || LABELS.iter().any(|label| after.starts_with(label))
    };
    let last_space = rest.match_indices(' ').map(|(at, _)| at).find(before_label);
    last_space.map_or(rest.len(), |at| rest[..=at].trim_end_matches(' ').len())
}

/// Writes a line feed for each leading space of `rest`; what follows them is returned.
fn break_here<'a>(rest: &'a str, restored: &mut String) -> &'a str {
    let after = rest.trim_start_matches(' ');
    restored.extend(std::iter::repeat_n('\n', rest.len() - after.len()));
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "https://a.example wants you to sign in with your Ethereum account:\n\
                        0x4a62316623ad457F02cDC5D997deD67a383EC569\n\n";
    const FIELDS: &str = "URI: https://a.example\nVersion: 1\nChain ID: 1\nNonce: 12345678\n\
                          Issued At: 2026-01-01T00:00:00Z";

    fn comes_back(text: &str) {
        assert_eq!(restore(&text.replace('\n', " ")), text);
        assert_eq!(restore(text), text, "a text with line breaks is left alone");
    }

    #[test]
    fn a_flattened_message_comes_back_as_it_was() {
        comes_back(&format!("{HEAD}A statement with  two spaces.\n\n{FIELDS}"));
        comes_back(&format!("{HEAD}\n{FIELDS}"));
        comes_back(&format!("{HEAD}\n\n{FIELDS}"));
        comes_back(&format!(
            "{HEAD}\n{FIELDS}\nRequest ID: \nResources:\n- uri:a\n- uri:b"
        ));
        comes_back(&format!("{HEAD}\n{FIELDS}\nRequest ID: Resources:1\nResources:"));
        comes_back(&format!(
            "{HEAD}\n{FIELDS}\nExpiration Time: x\nNot Before: y\nRequest ID: "
        ));
    }

    #[test]
    fn a_label_in_the_statement_fails_closed() {
        for statement in [
            "See the Resources: page",
            "Our URI: is short",
            "Nonce: is my name",
            "URI: uri:",
        ] {
            let text = format!("{HEAD}{statement}\n\n{FIELDS}");
            let restored = restore(&text.replace('\n', " ")).into_owned();
            assert!(super::super::Message::parse(&text).is_ok(), "{text}");
            assert!(super::super::Message::parse(&restored).is_err(), "{restored}");
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in [
            "",
            " ",
            "foobarbaz",
            "URI: https://a.example",
            PREAMBLE,
            "é wants you to sign in",
        ] {
            assert_eq!(restore(text), text);
        }
        let broken_elsewhere = format!("{HEAD}\n{FIELDS}")
            .replace('\n', " ")
            .replacen(' ', "\r", 1);
        assert_eq!(restore(&broken_elsewhere), broken_elsewhere);
    }
}
