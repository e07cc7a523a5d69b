//! Changes to a JSON document by its nodes, so that most results are still read to their end.

use serde_json::{Map, Value, json};

use super::draw::Draw;
use super::mutate;

/// A document from one of the seeds, with some nodes changed; now and then its text is damaged besides.
pub fn document(draw: &mut Draw, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let readable: Vec<Value> = [draw.pick(seeds), draw.pick(seeds)]
        .into_iter()
        .filter_map(|seed| serde_json::from_slice(seed).ok())
        .collect();
    let Some(first) = readable.first() else {
        return mutate::bytes(draw, seeds, words);
    };
    let mut value = first.clone();
    for _ in 0..1 << draw.below(3) {
        change(draw, &mut value, &readable, words);
    }
    let text = value.to_string().into_bytes();
    if draw.once_in(8) {
        return mutate::bytes(draw, &[text], words);
    }
    text
}

/// One node becomes something else.
pub fn change(draw: &mut Draw, value: &mut Value, donors: &[Value], words: &[&str]) {
    let at = draw.below(count(value));
    let donor = draw.pick(donors);
    let other = nth(&mut donor.clone(), draw.below(count(donor))).map(|node| node.clone());
    if let Some(node) = nth(value, at) {
        change_node(draw, node, other.unwrap_or(Value::Null), words);
    }
}

fn change_node(draw: &mut Draw, node: &mut Value, other: Value, words: &[&str]) {
    match (draw.below(10), &mut *node) {
        (0, _) => *node = odd(draw),
        (1, _) => *node = other,
        (2, _) if draw.once_in(4) => {
            for _ in 0..draw.below(160) {
                *node = if draw.once_in(2) {
                    json!([node.take()])
                } else {
                    json!({"a": node.take()})
                };
            }
        }
        (3, Value::Object(fields)) if !fields.is_empty() => drop(fields.shift_remove(&key(draw, fields))),
        (4 | 5, Value::Object(fields)) => {
            let name = if fields.is_empty() || draw.once_in(3) {
                draw.one_of(words).to_owned()
            } else {
                key(draw, fields)
            };
            let name = if draw.once_in(3) {
                mutate::text(draw, &name, words)
            } else {
                name
            };
            fields.insert(name, other);
        }
        (6, Value::Object(fields)) if !fields.is_empty() => {
            let old = key(draw, fields);
            let value = fields.shift_remove(&old).unwrap_or_default();
            fields.insert(mutate::text(draw, &old, words), value);
        }
        (3 | 4, Value::Array(items)) if !items.is_empty() => {
            items.remove(draw.below(items.len()));
        }
        (5 | 6, Value::Array(items)) if items.len() < 2000 => {
            let times = if draw.once_in(50) { 300 } else { 1 };
            items.extend(std::iter::repeat_n(other, times));
        }
        (_, Value::String(text)) => *text = mutate::text(draw, text, words),
        (_, node) => *node = odd(draw),
    }
}

fn key(draw: &mut Draw, fields: &Map<String, Value>) -> String {
    fields
        .keys()
        .nth(draw.below(fields.len()))
        .cloned()
        .unwrap_or_default()
}

fn odd(draw: &mut Draw) -> Value {
    let all = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!(" "),
        json!("\0"),
        json!([]),
        json!({}),
        json!("x".repeat(5000)),
        json!([[]]),
        json!({"": null}),
        json!("é\u{202e}"),
        json!("null"),
    ];
    draw.pick(&all).clone()
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// The node at this place, counted from the root in the order of the text.
fn nth(value: &mut Value, at: usize) -> Option<&mut Value> {
    if at == 0 {
        return Some(value);
    }
    let mut left = at - 1;
    let inner: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(fields) => fields.values_mut().collect(),
        _ => Vec::new(),
    };
    for node in inner {
        let size = count(node);
        if left < size {
            return nth(node, left);
        }
        left -= size;
    }
    None
}
