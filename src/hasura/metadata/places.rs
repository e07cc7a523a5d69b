//! Where in a directory something stands that only its name is known of.
//!
//! Whoever builds a schema speaks of actions, tables and roles, not of lines. Hasura's reasons quote the
//! names that matter from the outside in, so each leads one step further into the tree.

use std::collections::BTreeMap;

use super::actions::FILE as ACTIONS;
use super::node::{Content, Key, Node, Place};
use super::sdl::{FILE as SDL, Lines};
use super::{Problem, sources};

/// Words that say what kind of thing the next one names. They are keys as well.
const KINDS: [&str; 4] = ["source", "table", "role", "relationship"];

/// Where things stand in a directory.
#[derive(Debug)]
pub struct Places {
    documents: BTreeMap<String, Node>,
    lines: Lines,
}

impl Places {
    pub(super) fn new(documents: BTreeMap<String, Node>, lines: Lines) -> Self {
        Self { documents, lines }
    }

    /// An object that Hasura would call inconsistent, as a problem of the file and line that its reason is
    /// about.
    pub fn problem(&self, kind: &str, name: &str, reason: &str) -> Problem {
        let place = self.in_sdl(kind, name, reason).or_else(|| {
            let file = match kind {
                "action" | "custom_types" => ACTIONS,
                "rest_endpoint" => "rest_endpoints.yaml",
                "query_collection" => "query_collections.yaml",
                "inherited_role" => "inherited_roles.yaml",
                _ => sources::FILE,
            };
            let root = self.documents.get(file)?;
            let mut words = vec![name.to_owned()];
            words.extend(quoted(reason));
            words.extend(listed(reason));
            Some(follow(root, &words).clone())
        });
        match place {
            Some(place) => Problem::at(&place, reason),
            None => Problem::new(ACTIONS, reason),
        }
    }

    /// What a reason is about, in a file or in one that it includes, where its words lead anywhere.
    pub(super) fn of_problem(&self, file: &str, reason: &str) -> Option<Place> {
        let root = self.documents.get(file)?;
        let words: Vec<String> = reason
            .split([' ', ':', ','])
            .map(|word| word.trim_matches(['"', '\'']))
            .filter(|word| !word.is_empty() && !KINDS.contains(word))
            .map(str::to_owned)
            .collect();
        let place = follow(root, &words);
        (*place != root.place).then(|| place.clone())
    }

    /// Types are of actions.graphql.
    fn in_sdl(&self, kind: &str, name: &str, reason: &str) -> Option<Place> {
        let words = quoted(reason);
        let line = match kind {
            "action" if reason.contains("the type: ") => {
                self.lines.of_use(name, words.last()?).or(self.lines.of(name))?
            }
            "custom_types" => {
                let (used, owner) = (words.first()?, words.last()?);
                self.lines.of_use(owner, used).or(self.lines.of(owner))?
            }
            _ => return None,
        };
        Some(Place {
            file: SDL.into(),
            line,
        })
    }
}

/// What stands in quotation marks, single or double.
fn quoted(reason: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = reason;
    while let Some(at) = rest.find(['"', '\'']) {
        let (mark, behind) = rest[at..].split_at(1);
        let Some((word, tail)) = behind.split_once(mark) else {
            break;
        };
        words.push(word.to_owned());
        rest = tail;
    }
    words
}

/// What stands behind the last colon, with commas between.
fn listed(reason: &str) -> Vec<String> {
    let (_, list) = reason.rsplit_once(": ").unwrap_or_default();
    list.split(", ").map(str::to_owned).collect()
}

/// As far into the tree as the words lead, each taken in its turn or passed over.
fn follow<'n>(root: &'n Node, words: &[String]) -> &'n Place {
    let (mut node, mut place) = (root, &root.place);
    for word in words {
        if let Some(found) = below(node, word) {
            place = found.place;
            node = found.node.unwrap_or(node);
        }
    }
    place
}

struct Found<'n> {
    place: &'n Place,
    /// Where to look for the next word; a text has nothing below it.
    node: Option<&'n Node>,
}

/// The first thing below a node that is called so: an item, a key or a text.
fn below<'n>(node: &'n Node, word: &str) -> Option<Found<'n>> {
    match &node.content {
        Content::Scalar(value) => {
            let text = value.as_str()?;
            let is_it = text == word || text.contains(&format!("{{{{{word}}}}}"));
            is_it.then_some(Found {
                place: &node.place,
                node: None,
            })
        }
        Content::Include(_) => None,
        Content::List(items) => items
            .iter()
            .find(|item| is_called(item, word))
            .map(|item| Found {
                place: &item.place,
                node: Some(item),
            })
            .or_else(|| items.iter().find_map(|item| below(item, word))),
        Content::Map(fields) => fields.iter().find_map(|field| below_field(field, word)),
    }
}

fn below_field<'n>((key, value): &'n (Key, Node), word: &str) -> Option<Found<'n>> {
    if key.name == word {
        return Some(Found {
            place: &key.place,
            node: Some(value),
        });
    }
    below(value, word)
}

/// Hasura leaves `public` out.
fn is_called(item: &Node, word: &str) -> bool {
    item.identity()
        .is_some_and(|identity| identity == word || identity.strip_prefix("public.") == Some(word))
}
