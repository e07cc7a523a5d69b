//! The lines of a message, and which one is being read.
//!
//! It knows labels and counts lines for the refusals. Which line comes when is `message.rs`, and what
//! a value may hold is `grammar.rs`.

use super::fault::{Fault, Found};
use super::grammar::instant;
use super::message::{LABELS, Timestamp};

/// The lines of a text, and which one is being read.
pub(super) struct Lines<'a> {
    ahead: std::str::Split<'a, char>,
    current: &'a str,
    read: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            ahead: text.split('\n'),
            current: "",
            read: 0,
        }
    }

    pub(super) fn peek(&self) -> Option<&'a str> {
        self.ahead.clone().next()
    }

    pub(super) fn peek_second(&self) -> Option<&'a str> {
        self.ahead.clone().nth(1)
    }

    /// The next line; past the end it is blank, and no required field is.
    pub(super) fn next(&mut self) -> &'a str {
        self.read += 1;
        self.current = self.ahead.next().unwrap_or_default();
        self.current
    }

    /// The line just read is not `wanted`.
    pub(super) fn fault(&self, wanted: &'static str) -> Fault {
        Fault {
            line: self.read,
            wanted,
            found: None,
        }
    }

    /// The line just read is not `wanted`, because of the character at byte `at` of its end `value`.
    pub(super) fn fault_at(&self, wanted: &'static str, value: &str, at: Option<usize>) -> Fault {
        let place = at.map(|at| self.current.len() - value.len() + at);
        let found = place.and_then(|place| {
            let character = self.current.get(place..)?.chars().next()?;
            Some(Found::Character {
                character,
                place: 1 + self.current[..place].chars().count(),
            })
        });
        Fault {
            found,
            ..self.fault(wanted)
        }
    }

    /// The line after it is not `wanted`.
    pub(super) fn fault_ahead(&self, wanted: &'static str) -> Fault {
        Fault {
            line: self.read + 1,
            ..self.fault(wanted)
        }
    }

    pub(super) fn label(&mut self, index: usize, wanted: &'static str) -> Result<&'a str, Fault> {
        self.next().strip_prefix(LABELS[index]).ok_or(self.fault(wanted))
    }

    pub(super) fn field(
        &mut self,
        index: usize,
        wanted: &'static str,
        rule: impl Fn(&str) -> bool,
        offender: impl Fn(&str) -> Option<usize>,
    ) -> Result<&'a str, Fault> {
        let value = self.label(index, wanted)?;
        if rule(value) {
            Ok(value)
        } else {
            Err(self.fault_at(wanted, value, offender(value)))
        }
    }

    /// The value of an optional field, if the next line is its own.
    pub(super) fn optional(&mut self, index: usize) -> Option<&'a str> {
        let value = self.peek()?.strip_prefix(LABELS[index])?;
        self.next();
        Some(value)
    }

    pub(super) fn timestamp(&mut self, index: usize) -> Result<Option<Timestamp<'a>>, Fault> {
        let Some(text) = self.optional(index) else {
            return Ok(None);
        };
        let at = instant(text).ok_or(self.fault("an RFC 3339 time such as 2026-01-31T12:00:00Z"))?;
        Ok(Some(Timestamp { text, at }))
    }

    pub(super) fn end(&self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault_ahead(
                "the end of the text: each field stands once, in the order of ERC-4361, no blank line after",
            )),
        }
    }
}
