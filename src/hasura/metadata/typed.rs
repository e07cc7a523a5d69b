//! From a tree of YAML to a type: a serde deserializer whose errors know their line.
//!
//! A key that a struct does not have is a problem of its own, so that one of them hides no other. It is never an error:
//! Hasura ignores keys that it does not know.

use std::cell::RefCell;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::Problem;
use super::node::{Content, Key, Node, Place};

/// Keys that Hasura knows and this reader does not.
const HASURA_KEYS: [&str; 36] = [
    "apollo_federation_config",
    "array_relationships",
    "backend_only",
    "cleanup_config",
    "column_config",
    "computed_fields",
    "configuration",
    "connection_parameters",
    "connection_template",
    "custom_name",
    "custom_root_fields",
    "customization",
    "delete_permissions",
    "event_triggers",
    "extensions_schema",
    "functions",
    "health_check",
    "insert_permissions",
    "is_enum",
    "logical_models",
    "native_queries",
    "object_relationships",
    "pool_timeout",
    "query_tags",
    "read_replicas",
    "relationships",
    "remote_relationships",
    "request_transform",
    "response_transform",
    "ssl_configuration",
    "stored_procedures",
    "total_max_connections",
    "update_permissions",
    "validate_input",
    "logical_model",
    "virtual_relationships",
];

/// Why a tree is not of a type.
#[derive(Debug)]
pub(super) struct Mismatch {
    place: Option<Place>,
    reason: String,
}

impl Mismatch {
    fn or_at(mut self, place: &Place) -> Self {
        self.place.get_or_insert_with(|| place.clone());
        self
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self {
            place: None,
            reason: reason.to_string(),
        }
    }
}

/// Reads a tree as a type; what stands in the way becomes a problem.
pub(super) fn read<T: de::DeserializeOwned>(node: &Node, problems: &mut Vec<Problem>) -> Option<T> {
    let found = RefCell::new(Vec::new());
    let read = T::deserialize(Tree { node, found: &found }).map_err(|error| error.or_at(&node.place));
    problems.append(&mut found.into_inner());
    match read {
        Ok(read) => Some(read),
        Err(Mismatch { place, reason }) => {
            problems.push(Problem::at(&place.unwrap_or_else(|| node.place.clone()), reason));
            None
        }
    }
}

#[derive(Clone, Copy)]
struct Tree<'n> {
    node: &'n Node,
    found: &'n RefCell<Vec<Problem>>,
}

impl<'de> Deserializer<'de> for Tree<'de> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let read = match &self.node.content {
            Content::Scalar(value) => value.deserialize_any(visitor).map_err(de::Error::custom),
            Content::Include(path) => visitor.visit_str(path),
            Content::List(items) => visitor.visit_seq(Items {
                rest: items.iter(),
                found: self.found,
            }),
            Content::Map(fields) => visitor.visit_map(Fields::of(self, fields, None)),
        };
        read.map_err(|error| error.or_at(&self.node.place))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match &self.node.content {
            Content::Map(fields) => visitor
                .visit_map(Fields::of(self, fields, Some(known)))
                .map_err(|error| error.or_at(&self.node.place)),
            // serde would take the items for the fields in their order.
            Content::List(_) => Err(Mismatch {
                place: Some(self.node.place.clone()),
                reason: "invalid type: a list, expected a map".to_owned(),
            }),
            Content::Scalar(_) | Content::Include(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.node.content {
            Content::Scalar(value) if value.is_null() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let text = self.node.text().ok_or_else(|| Mismatch {
            place: Some(self.node.place.clone()),
            reason: "expected a text".to_owned(),
        })?;
        visitor.visit_enum(text.into_deserializer())
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

/// An include whose file could not be read, which is a problem of its own.
fn is_unresolved(node: &Node) -> bool {
    matches!(node.content, Content::Include(_))
}

struct Items<'n> {
    rest: std::slice::Iter<'n, Node>,
    found: &'n RefCell<Vec<Problem>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let Some(node) = self.rest.find(|node| !is_unresolved(node)) else {
            return Ok(None);
        };
        let tree = Tree {
            node,
            found: self.found,
        };
        seed.deserialize(tree)
            .map(Some)
            .map_err(|error| error.or_at(&node.place))
    }
}

struct Fields<'n> {
    rest: std::slice::Iter<'n, (Key, Node)>,
    value: Option<&'n Node>,
    /// The keys of the struct, where it is one.
    known: Option<&'static [&'static str]>,
    found: &'n RefCell<Vec<Problem>>,
}

impl<'n> Fields<'n> {
    fn of(tree: Tree<'n>, fields: &'n [(Key, Node)], known: Option<&'static [&'static str]>) -> Self {
        Self {
            rest: fields.iter(),
            value: None,
            known,
            found: tree.found,
        }
    }

    /// Whether a key is to be passed over, and says so.
    fn is_strange(&self, key: &Key, value: &Node) -> bool {
        let Some(known) = self.known.filter(|known| !known.contains(&key.name.as_str())) else {
            return false;
        };
        let name = &key.name;
        if !HASURA_KEYS.contains(&name.as_str()) {
            let reason = format!(
                "unknown key {name}: Hasura ignores it. Known here: {}",
                known.join(", ")
            );
            self.found
                .borrow_mut()
                .push(Problem::at(&key.place, reason).into_warning());
        } else if !value.says_nothing() {
            let reason = format!("{name} is not supported by the local engine");
            self.found
                .borrow_mut()
                .push(Problem::at(&key.place, reason).into_not_checked());
        }
        true
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        while let Some((key, value)) = self.rest.next() {
            // A null is as good as an absent key, also where a list is expected.
            let is_null = matches!(&value.content, Content::Scalar(value) if value.is_null());
            let is_absent = self.known.is_some() && is_null || is_unresolved(value);
            if is_absent || self.is_strange(key, value) {
                continue;
            }
            self.value = Some(value);
            let name: StrDeserializer<'_, Mismatch> = key.name.as_str().into_deserializer();
            return seed
                .deserialize(name)
                .map(Some)
                .map_err(|error| error.or_at(&key.place));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let node = self.value.take().expect("a value is asked for after its key");
        seed.deserialize(Tree {
            node,
            found: self.found,
        })
        .map_err(|error| error.or_at(&node.place))
    }
}
