//! The blank lines between the address and the URI, and the statement among them.
//!
//! This is where libraries differ, and a wallet shows no difference: so each way to have a blank line too few or too
//! many has its own sentence.

use super::fault::Fault;
use super::grammar::is_statement;
use super::lines::Lines;
use super::message::LABELS;

const NONE_AND_NO_BLANK: &str =
    "two blank lines between the address and `URI: `, since there is no statement; there is none";
const NONE_AND_ONE_BLANK: &str =
    "a second blank line between the address and `URI: `, since there is no statement; there is one";
const NO_BLANK_BEFORE: &str = "one blank line between the address and the statement; there is none";
const TWO_BLANKS_BEFORE: &str =
    "the statement: one blank line stands between the address and the statement, and there are two";
const NO_BLANK_AFTER: &str = "one blank line between the statement and `URI: `; there is none";
const TWO_LINES: &str = "a blank line, since a statement is one line";
const TOO_MANY_AFTER: &str =
    "`URI: `: one blank line stands before it, or two where there is no statement, and there are more";

/// `LF [statement LF] LF` between address and URI: two blank lines are no statement, three are an
/// empty one, and a single one is no message (some libraries used to send that).
pub(super) fn read<'a>(lines: &mut Lines<'a>) -> Result<Option<&'a str>, Fault> {
    let is_uri = |line: Option<&str>| line.is_some_and(|line| line.starts_with(LABELS[0]));
    let after_address = lines.next();
    if !after_address.is_empty() {
        return Err(lines.fault(match is_uri(Some(after_address)) {
            true => NONE_AND_NO_BLANK,
            false => NO_BLANK_BEFORE,
        }));
    }
    if lines.peek() == Some("") && is_uri(lines.peek_second()) {
        lines.next();
        return Ok(None);
    }
    let statement = lines.next();
    if !is_statement(statement) {
        return Err(lines.fault("a statement of printable ASCII"));
    }
    let follower = lines.peek().unwrap_or_default();
    if !follower.is_empty() {
        return Err(if statement.is_empty() {
            lines.fault(TWO_BLANKS_BEFORE)
        } else if is_uri(Some(statement)) {
            lines.fault(NONE_AND_ONE_BLANK)
        } else {
            lines.fault_ahead(match is_uri(Some(follower)) {
                true => NO_BLANK_AFTER,
                false => TWO_LINES,
            })
        });
    }
    lines.next();
    if lines.peek() == Some("") {
        return Err(lines.fault_ahead(TOO_MANY_AFTER));
    }
    Ok(Some(statement))
}

#[cfg(test)]
mod tests {
    use super::super::{Message, Refusal};
    use super::*;

    // Issue 14, item 22: field report W10.
    #[test]
    fn each_wrong_number_of_blank_lines_has_its_sentence_and_its_line() {
        let fault = |between: &str| {
            let text = format!(
                "https://a.example wants you to sign in with your Ethereum account:\n\
                 0x4a62316623ad457F02cDC5D997deD67a383EC569\n{between}URI: https://a.example\nVersion: 1\nChain ID: 1\n\
                 Nonce: 12345678\nIssued At: 2026-01-01T00:00:00Z"
            );
            match Message::parse(&text) {
                Ok(_) => None,
                Err(Refusal::MessageMalformed(fault)) => Some((fault.line, fault.wanted)),
                Err(refusal) => panic!("{refusal}"),
            }
        };
        for (between, wanted) in [
            ("\n\n", None),
            ("\n\n\n", None),
            ("\nHello.\n\n", None),
            ("\nURI: is my name\n\n", None),
            ("", Some((3, NONE_AND_NO_BLANK))),
            ("\n", Some((4, NONE_AND_ONE_BLANK))),
            ("\n\n\n\n", Some((6, TOO_MANY_AFTER))),
            ("Hello.\n\n", Some((3, NO_BLANK_BEFORE))),
            ("Hello.\n", Some((3, NO_BLANK_BEFORE))),
            ("\n\nHello.\n\n", Some((4, TWO_BLANKS_BEFORE))),
            ("\nHello.\n", Some((5, NO_BLANK_AFTER))),
            ("\nHello.\nWorld.\n\n", Some((5, TWO_LINES))),
            ("\nHello.\n\n\n", Some((6, TOO_MANY_AFTER))),
        ] {
            assert_eq!(fault(between), wanted, "{between:?}");
        }
    }
}
