//! JSON that comes out as it went in: order, numbers and escapes included.
//!
//! What somebody else's metadata holds is none of our business, and a number that a float cannot hold would
//! be another one after a round trip.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A JSON value whose texts and numbers are kept as they were written.
#[derive(Clone, Debug)]
pub enum Exact {
    /// An object, in its order.
    Object(Vec<(String, Exact)>),
    /// A list.
    List(Vec<Exact>),
    /// Anything else, as it was written.
    Leaf(Box<RawValue>),
}

impl Exact {
    /// The same as serde_json has it.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Object(fields) => fields
                .iter()
                .map(|(key, value)| (key.clone(), value.to_value()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Self::List(items) => items.iter().map(Self::to_value).collect(),
            Self::Leaf(raw) => serde_json::from_str(raw.get()).expect("it was read as JSON before"),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Exact> {
        match self {
            Self::Object(fields) => fields.iter().find(|(own, _)| own == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Exact> {
        match self {
            Self::Object(fields) => fields
                .iter_mut()
                .find(|(own, _)| own == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Puts a value behind the others of an object, or in the place of the one of that key.
    pub(super) fn set(&mut self, key: &str, value: Exact) {
        if let Some(own) = self.get_mut(key) {
            *own = value;
        } else if let Self::Object(fields) = self {
            fields.push((key.to_owned(), value));
        }
    }

    pub(super) fn items_mut(&mut self) -> Option<&mut Vec<Exact>> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Absent in all but name.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Leaf(raw) if raw.get() == "null")
    }
}

impl From<&Value> for Exact {
    fn from(value: &Value) -> Self {
        match value {
            Value::Object(fields) => Self::Object(
                fields
                    .iter()
                    .map(|(key, value)| (key.clone(), value.into()))
                    .collect(),
            ),
            Value::Array(items) => Self::List(items.iter().map(Into::into).collect()),
            leaf => Self::Leaf(serde_json::value::to_raw_value(leaf).expect("a leaf is JSON")),
        }
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Self::List(items) => serializer.collect_seq(items),
            Self::Leaf(raw) => raw.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        // Each level reads its own text again. Metadata is some levels deep, not some hundred.
        match raw.get().as_bytes().first() {
            Some(b'{') => serde_json::from_str(raw.get()).map(|Fields(fields)| Self::Object(fields)),
            Some(b'[') => serde_json::from_str(raw.get()).map(Self::List),
            _ => return Ok(Self::Leaf(raw)),
        }
        .map_err(D::Error::custom)
    }
}

struct Fields(Vec<(String, Exact)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        let text =
            r#"{"b":12345678901234567890123.50,"a":["\u00e9\/",1.0,1e2,-0,null,{}],"c":{"z":true,"y":[]}}"#;
        let exact: Exact = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&exact).unwrap(), text);
        assert_eq!(
            exact.get("c").unwrap().to_value(),
            serde_json::json!({"z": true, "y": []})
        );
    }
}
