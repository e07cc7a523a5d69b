//! A YAML document as a tree whose every node knows where it stands.
//!
//! Values are those of JSON, which is what the metadata API takes in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use granit_parser::{Event, Parser, ScanError, Span, Tag};
use serde_json::{Map, Value};

use super::{Problem, scalar};

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
    /// The path of a file whose content stands here; after reading, one that could not be included.
    Include(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Document {
    /// The first document; `None` if it is empty.
    pub(crate) root: Option<Node>,
    /// Where a second document begins, which the CLI does not read.
    pub(crate) second: Option<Place>,
}

/// Deeper than any metadata, and shallow enough for the stack of a thread.
const MAX_DEPTH: usize = 40;
/// Nodes of a file, aliases expanded.
const MAX_NODES: usize = 1_000_000;

const INCLUDE: &str = "!include";

impl Node {
    /// Reads a file.
    ///
    /// # Errors
    /// The first problem of its YAML.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Document, Problem> {
        let mut builder = Builder {
            file: Arc::from(file),
            events: Parser::new_from_str(text),
            anchors: BTreeMap::new(),
            nodes: 0,
        };
        builder.document()
    }

    /// What the metadata API would be told.
    pub(crate) fn to_value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::Include(path) => format!("{INCLUDE} {path}").into(),
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
            Content::Include(_) => true,
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

/// Makes a tree of a parser's events.
struct Builder<'i> {
    file: Arc<str>,
    events: Parser<'i, granit_parser::StrInput<'i>>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

impl<'i> Builder<'i> {
    fn document(&mut self) -> Result<Document, Problem> {
        let mut document = Document {
            root: None,
            second: None,
        };
        let mut documents = 0;
        loop {
            let (event, span) = match self.next() {
                Ok(next) => next,
                // The CLI reads the first document alone.
                Err(_) if documents > 1 => return Ok(document),
                Err(problem) => return Err(problem),
            };
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        document.second = Some(self.place(&span));
                        break;
                    }
                }
                event if event.is_node() => document.root = Some(self.node(event, &span, 0)?),
                _ => {}
            }
        }
        let is_null = |node: &Node| matches!(node.content, Content::Scalar(Value::Null));
        document.root = document.root.filter(|root| !is_null(root));
        Ok(document)
    }

    fn next(&mut self) -> Result<(Event<'i>, Span), Problem> {
        match self.events.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn syntax(&self, error: &ScanError) -> Problem {
        Problem::on_line(&self.file, Some(error.marker().line() as u64), error.info())
    }

    fn place(&self, span: &Span) -> Place {
        Place {
            file: Arc::clone(&self.file),
            line: span.start.line() as u64,
        }
    }

    fn node(&mut self, event: Event<'i>, span: &Span, depth: usize) -> Result<Node, Problem> {
        let place = self.place(span);
        self.count(&place, 1)?;
        if depth > MAX_DEPTH {
            return Err(Problem::at(
                &place,
                format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        let anchor = event.anchor_id();
        let content = match event {
            Event::Scalar(text, _, _, tag) if is_include(tag.as_deref()) => {
                Content::Include(text.trim().to_owned())
            }
            Event::Scalar(text, style, _, tag) => {
                let value = scalar::value(&text, style, tag.as_deref())
                    .map_err(|reason| Problem::at(&place, reason))?;
                match value
                    .as_str()
                    .and_then(|text| text.strip_prefix(INCLUDE)?.strip_prefix(' '))
                {
                    Some(path) => Content::Include(path.trim().trim_matches('"').to_owned()),
                    None => Content::Scalar(value),
                }
            }
            Event::SequenceStart(_, _, tag) => {
                self.expect_tag(tag.as_deref(), "seq", &place)?;
                Content::List(self.items(depth)?)
            }
            Event::MappingStart(_, _, tag) => {
                self.expect_tag(tag.as_deref(), "map", &place)?;
                Content::Map(self.fields(depth)?)
            }
            Event::Alias(id) => {
                let Some(node) = self.anchors.get(&id).cloned() else {
                    return Err(Problem::at(&place, "an alias inside of its own anchor"));
                };
                self.count(&place, size(&node))?;
                if depth + height(&node) > MAX_DEPTH {
                    return Err(Problem::at(
                        &place,
                        format!("nested deeper than {MAX_DEPTH} levels"),
                    ));
                }
                return Ok(Node { place, ..node });
            }
            other => return Err(Problem::at(&place, format!("unexpected {other:?}"))),
        };
        let node = Node { place, content };
        if let Some(id) = anchor {
            self.anchors.insert(id, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, place: &Place, nodes: usize) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            return Err(Problem::at(
                place,
                format!("the file has more than {MAX_NODES} nodes"),
            ));
        }
        Ok(())
    }

    fn expect_tag(&self, tag: Option<&Tag>, kind: &str, place: &Place) -> Result<(), Problem> {
        match tag {
            Some(tag) if tag.core_suffix() != Some(kind) => Err(Problem::at(
                place,
                format!("unsupported tag `{}`", tag.original()),
            )),
            _ => Ok(()),
        }
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Node>, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd | Event::StreamEnd, _) => return Ok(items),
                (event, span) if event.is_node() => items.push(self.node(event, &span, depth + 1)?),
                _ => {}
            }
        }
    }

    fn fields(&mut self, depth: usize) -> Result<Vec<(Key, Node)>, Problem> {
        let mut fields: Vec<(Key, Node)> = Vec::new();
        let mut names = BTreeSet::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = match self.next()? {
                (Event::MappingEnd | Event::StreamEnd, _) => break,
                (event, span) if event.is_node() => (event, span),
                _ => continue,
            };
            let place = self.place(&span);
            let name = match event.scalar() {
                Some((text, _)) => text.to_owned(),
                None => return Err(Problem::at(&place, "a key that is not a text")),
            };
            let is_merge = name == "<<";
            if !is_merge && !names.insert(name.clone()) {
                return Err(Problem::at(&place, format!("duplicate mapping key: {name}")));
            }
            let (event, span) = loop {
                match self.next()? {
                    (event, span) if event.is_node() => break (event, span),
                    (Event::StreamEnd | Event::MappingEnd, span) => {
                        return Err(Problem::at(&self.place(&span), "a key without a value"));
                    }
                    _ => {}
                }
            };
            let value = self.node(event, &span, depth + 1)?;
            if is_merge {
                merged.push(value);
            } else {
                fields.push((Key { name, place }, value));
            }
        }
        for node in merged {
            merge(node, &mut fields, &mut names)?;
        }
        Ok(fields)
    }
}

fn is_include(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.original() == INCLUDE)
}

/// How many levels lie below a node.
fn height(node: &Node) -> usize {
    let below = match &node.content {
        Content::Scalar(_) | Content::Include(_) => return 0,
        Content::List(items) => items.iter().map(height).max(),
        Content::Map(fields) => fields.iter().map(|(_, value)| height(value)).max(),
    };
    1 + below.unwrap_or(0)
}

fn size(node: &Node) -> usize {
    match &node.content {
        Content::Scalar(_) | Content::Include(_) => 1,
        Content::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Content::Map(fields) => 1 + fields.iter().map(|(_, value)| size(value)).sum::<usize>(),
    }
}

/// The merge key of YAML 1.1: the fields of another map, or of several, that the map itself does not have.
fn merge(node: Node, fields: &mut Vec<(Key, Node)>, names: &mut BTreeSet<String>) -> Result<(), Problem> {
    match node.content {
        Content::Map(others) => {
            for (key, value) in others {
                if names.insert(key.name.clone()) {
                    fields.push((key, value));
                }
            }
            Ok(())
        }
        Content::List(items) => items.into_iter().try_for_each(|item| merge(item, fields, names)),
        _ => Err(Problem::at(&node.place, "<< expects a map or a list of maps")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Result<Value, String> {
        match Node::parse("f.yaml", text) {
            Ok(document) => Ok(document.root.map_or(Value::Null, |root| root.to_value())),
            Err(problem) => Err(problem.to_string()),
        }
    }

    #[test]
    fn a_document_is_read_with_anchors_and_merge_keys() {
        assert_eq!(
            value("a: &x {b: 1, c: [2, ~]}\nd: *x\ne: {<<: *x, b: 3}\n4: '5'\nf: |\n  two\n  lines\n"),
            Ok(
                json!({"a": {"b": 1, "c": [2, null]}, "d": {"b": 1, "c": [2, null]}, "e": {"b": 3, "c": [2, null]},
                "4": "5", "f": "two\nlines\n"})
            )
        );
        for empty in ["", "\n# nothing\n", "---\n", "~\n"] {
            assert_eq!(value(empty), Ok(Value::Null), "{empty:?}");
        }
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_line() {
        assert_eq!(
            value("a: 1\na: 2\n"),
            Err("f.yaml:2: duplicate mapping key: a".to_owned())
        );
        assert_eq!(
            value("a: !secret x\n"),
            Err("f.yaml:1: unsupported tag `!secret`".to_owned())
        );
        assert!(value("a: [1\nb: 2\n").unwrap_err().starts_with("f.yaml:2: "));
        assert!(value(&"[".repeat(500)).is_err());
        let deep = format!("{}1{}", "[".repeat(60), "]".repeat(60));
        assert_eq!(
            value(&deep),
            Err("f.yaml:1: nested deeper than 40 levels".to_owned())
        );
    }

    #[test]
    fn aliases_cannot_grow_without_end() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        assert!(value(&text).unwrap_err().contains("more than 1000000 nodes"));
        let mut chain = "a0: &a0 [x]\n".to_owned();
        for level in 1..100 {
            chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
        }
        assert!(
            value(&chain)
                .unwrap_err()
                .contains("nested deeper than 40 levels")
        );
        assert_eq!(
            value("a: &a [*a]\n"),
            Err("f.yaml:1: an alias inside of its own anchor".to_owned())
        );
    }

    #[test]
    fn an_include_is_a_tag_or_a_text() {
        for text in [
            "a: !include b/c.yaml",
            "a: \"!include b/c.yaml\"",
            "a: '!include b/c.yaml'",
        ] {
            let document = Node::parse("f.yaml", text).unwrap();
            let node = document.root.unwrap().get("a").unwrap().clone();
            assert!(
                matches!(node.content, Content::Include(path) if path == "b/c.yaml"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_second_document_is_not_read() {
        let document = Node::parse("f.yaml", "a: 1\n---\nb: [\n").unwrap();
        assert_eq!(document.root.unwrap().to_value(), json!({"a": 1}));
        assert_eq!(document.second.unwrap().line, 2);
    }
}
