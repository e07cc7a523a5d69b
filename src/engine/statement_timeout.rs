//! How long a statement of the engine may run, as PostgreSQL writes a duration.

use std::fmt;

/// The variable that sets it. Hasura has none of its own for this; compose gives the same one to deploy/postgres/init.sh.
pub const STATEMENT_TIMEOUT: &str = "HASURA_DB_STATEMENT_TIMEOUT";
const DEFAULT: &str = "5s";
/// PostgreSQL's units of time; a number without one is in milliseconds.
const UNITS: [&str; 7] = ["", "us", "ms", "s", "min", "h", "d"];

/// A limit that PostgreSQL accepts for `statement_timeout`; `0` is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementTimeout(String);

impl StatementTimeout {
    /// Reads the variable's text; the default if there is none.
    ///
    /// # Errors
    /// A sentence that names the variable, if PostgreSQL would refuse the text.
    pub fn read(text: Option<&str>) -> Result<Self, String> {
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        let text = text.unwrap_or(DEFAULT);
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = &text[..text.len() - unit.len()];
        // Nine digits of days are refused by PostgreSQL itself.
        if (1..=9).contains(&number.len()) && UNITS.contains(&unit.trim()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "{STATEMENT_TIMEOUT} is {text:?}, expected a number with a unit of PostgreSQL's, such as 5s, 500ms or 1min"
            ))
        }
    }
}

impl Default for StatementTimeout {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

impl fmt::Display for StatementTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Issue 14, item 1.
    #[test]
    fn a_timeout_is_a_number_with_a_unit_and_nothing_else() {
        let read = |text| StatementTimeout::read(Some(text)).map(|timeout| timeout.to_string());
        for good in ["0", "5s", "250ms", "5 min", "1h", "5000"] {
            assert_eq!(read(good).as_deref(), Ok(good));
        }
        for absent in [None, Some(""), Some("  ")] {
            assert_eq!(StatementTimeout::read(absent), Ok(StatementTimeout::default()));
        }
        for bad in ["s", "five", "-1s", "5 weeks", "5s'; drop", "5S", "1234567890"] {
            let refused = read(bad).unwrap_err();
            assert!(
                refused.starts_with("HASURA_DB_STATEMENT_TIMEOUT is "),
                "{refused}"
            );
        }
    }
}
