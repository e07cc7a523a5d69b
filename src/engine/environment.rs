//! The environment as a value.
//!
//! The engine never reads the process's own: whoever starts it hands the variables over, so that
//! two engines in one process can differ.

use std::collections::BTreeMap;

/// Environment variables: Hasura's own and those that the metadata names.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names of all variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Replaces each `{{NAME}}` in a text; the names that are not set, if there are any.
    pub(crate) fn fill(&self, template: &str) -> Result<String, Vec<String>> {
        let mut filled = String::new();
        let mut missing = Vec::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((name, tail)) = after.split_once("}}") else {
                break;
            };
            filled.push_str(before);
            match self.get(name.trim()) {
                Some(value) => filled.push_str(value),
                None => missing.push(name.trim().to_owned()),
            }
            rest = tail;
        }
        filled.push_str(rest);
        if missing.is_empty() {
            Ok(filled)
        } else {
            Err(missing)
        }
    }
}

impl<I: IntoIterator<Item = (String, String)>> From<I> for Environment {
    fn from(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

// Values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_anywhere_in_a_text() {
        let environment =
            Environment::from([("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())]);
        assert_eq!(
            environment.fill("{{A}}/x/{{ B }}?{{A}}").as_deref(),
            Ok("1/x/2?1")
        );
        assert_eq!(environment.fill("plain {{ open").as_deref(), Ok("plain {{ open"));
        assert_eq!(
            environment.fill("{{C}}{{A}}{{D}}"),
            Err(vec!["C".to_owned(), "D".to_owned()])
        );
    }
}
