//! Where a text leaves the grammar: the line, what should stand there, and what does, if that can be named.
//!
//! What is repeated of the input is short and printable: one character, or one word.

use std::fmt;

/// Where a text leaves the grammar, what should stand there, and what does, if that can be named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wanted}{}", .found.as_ref().map(|found| format!("; {found}")).unwrap_or_default())]
pub struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    /// What should stand there.
    pub wanted: &'static str,
    /// What stands there.
    pub found: Option<Found>,
}

/// What stands where something else should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A character that is not allowed at its place.
    Character {
        /// The character.
        character: char,
        /// Its place in the line, counted from 1.
        place: usize,
    },
    /// Another word than the one that belongs there. Short, and of letters, digits, blanks, hyphens and dots.
    Word(String),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character { character, place } => {
                write!(f, "character {place} of the line is {}", Shown(*character))
            }
            Self::Word(word) => write!(f, "the line says `{word}` instead"),
        }
    }
}

/// A character of the input, fit for a terminal and a page: itself where it is printable ASCII, else its code point.
pub(super) struct Shown(pub(super) char);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ' ' => f.write_str("a blank"),
            graphic if graphic.is_ascii_graphic() => write!(f, "`{graphic}`"),
            other => write!(f, "U+{:04X}", u32::from(other)),
        }
    }
}
