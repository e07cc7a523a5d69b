//! A YAML document as a tree whose every node knows where it stands.
//!
//! Values are JSON's, since that is what the metadata API takes in the end.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::Problem;

/// A file and a line of it, counted from one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: Arc<str>,
    pub(crate) line: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) place: Place,
}

impl Node {
    /// Reads a text; `None` when it says nothing.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Option<Self>, Problem> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        // The CLI's parser takes `yes` and `on` for texts. A tag that means something to somebody, such as an
        // include without its quotes, must not be lost. A snippet of the file would need several lines, and a
        // problem is one.
        let options = serde_saphyr::options! {
            with_snippet: false,
            strict_booleans: true,
            reject_unsupported_tags: true,
            // Deeper than any metadata, and shallow enough for the stack of a thread: a level takes 30 KB of it in a debug build.
            budget: serde_saphyr::budget! { max_depth: 40 },
        };
        let spanned: Spanned<Spot> = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let error = error.without_snippet();
            Problem {
                file: file.to_owned(),
                line: error.location().map(|at| at.line()),
                reason: reason(&error.to_string()),
            }
        })?;
        let node = Self::of(&Arc::from(file), spanned);
        Ok(Some(node).filter(|node| !matches!(node.content, Content::Scalar(Value::Null))))
    }

    fn of(file: &Arc<str>, spanned: Spanned<Spot>) -> Self {
        let place = |line| Place {
            file: Arc::clone(file),
            line,
        };
        Self {
            place: place(spanned.referenced.line()),
            content: match spanned.value {
                Spot::Scalar(value) => Content::Scalar(value),
                Spot::List(items) => {
                    Content::List(items.into_iter().map(|item| Self::of(file, item)).collect())
                }
                Spot::Map(fields) => Content::Map(
                    fields
                        .into_iter()
                        .map(|(key, value)| {
                            let key = Key {
                                name: key.value,
                                place: place(key.referenced.line()),
                            };
                            (key, Self::of(file, value))
                        })
                        .collect(),
                ),
            },
        }
    }

    /// What the metadata API would be told.
    pub(crate) fn to_value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Self::to_value).collect(),
            Content::Map(fields) => fields
                .iter()
                .map(|(key, value)| (key.name.clone(), value.to_value()))
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    pub(crate) fn items(&self) -> &[Node] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(fields) => fields
                .iter()
                .find(|(own, _)| own.name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Absent in all but name: null, or empty lists and maps throughout.
    pub(crate) fn says_nothing(&self) -> bool {
        match &self.content {
            Content::Scalar(value) => value.is_null(),
            Content::List(items) => items.is_empty(),
            Content::Map(fields) => fields.iter().all(|(_, value)| value.says_nothing()),
        }
    }

    /// What tells an item of a list from its neighbours, where something does.
    pub(crate) fn identity(&self) -> Option<String> {
        super::identity::of(|key| self.get(key).map(Self::to_value))
    }

    /// The node at the end of a path of keys and, in lists, identities.
    pub(crate) fn find(&self, path: &[&str]) -> Option<&Node> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self);
        };
        let next = match &self.content {
            Content::List(items) => items
                .iter()
                .find(|item| item.identity().as_deref() == Some(*step)),
            _ => self.get(step),
        };
        next?.find(rest)
    }
}

/// The parser's words on one line, without the place, which is told apart, and without its own settings.
fn reason(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.rsplit_once(" at line ").map_or(line, |(reason, _)| reason);
    match line.split_once(", set DuplicateKeyPolicy") {
        Some((duplicate, _)) => duplicate.to_owned(),
        None => line.to_owned(),
    }
}

/// A node as serde meets it, before it is told its file.
enum Spot {
    Scalar(Value),
    List(Vec<Spanned<Spot>>),
    Map(Vec<(Spanned<String>, Spanned<Spot>)>),
}

impl<'de> Deserialize<'de> for Spot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpotVisitor)
    }
}

struct SpotVisitor;

impl<'de> Visitor<'de> for SpotVisitor {
    type Value = Spot;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has as well")
    }

    fn visit_unit<E: Error>(self) -> Result<Spot, E> {
        Ok(Spot::Scalar(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Spot, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Spot, D::Error> {
        Spot::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Spot, E> {
        Ok(Spot::Scalar(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Spot, E> {
        Ok(Spot::Scalar(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Spot, E> {
        Ok(Spot::Scalar(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Spot, E> {
        let number = serde_json::Number::from_f64(value);
        let number = number.ok_or_else(|| E::custom(format!("{value} is no number of JSON")))?;
        Ok(Spot::Scalar(Value::Number(number)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Spot, E> {
        Ok(Spot::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Spot, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Spot::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Spot, A::Error> {
        let mut map = Vec::new();
        while let Some(field) = fields.next_entry()? {
            map.push(field);
        }
        Ok(Spot::Map(map))
    }
}
