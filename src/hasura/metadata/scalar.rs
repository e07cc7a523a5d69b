//! The value of a YAML scalar, by the rules of the Hasura CLI's parser.
//!
//! The CLI reads metadata with yaml.v3 of Go. It follows YAML 1.2 for booleans (`yes` and `on` are texts) and accepts the
//! numbers of YAML 1.1 as well: `0777` is octal and `1_000` is a thousand. A date stays the text that it is.

use granit_parser::{ScalarStyle, Tag};
use serde_json::{Number, Value};

/// The value of a scalar, or why it has none.
///
/// # Errors
/// A sentence if the tag is unknown, does not fit the text, or if JSON has no such number.
pub(super) fn value(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let Some(tag) = tag else {
        return match style {
            ScalarStyle::Plain => plain(text),
            _ => Ok(text.into()),
        };
    };
    // `! text` is a text (YAML 1.2 section 6.9.1).
    let Some(kind) = tag.core_suffix() else {
        return match tag.parts() {
            ("", "!") | ("!", "") => Ok(text.into()),
            _ => Err(format!("unsupported tag `{}`", tag.original())),
        };
    };
    let read = plain(text)?;
    let fits = match kind {
        "str" | "binary" | "timestamp" => return Ok(text.into()),
        "null" => read.is_null(),
        "bool" => read.is_boolean(),
        "int" => read.is_i64() || read.is_u64(),
        "float" => read.is_number(),
        _ => return Err(format!("unsupported tag `{}`", tag.original())),
    };
    if fits {
        Ok(read)
    } else {
        Err(format!("{text} is not of the type !!{kind}"))
    }
}

/// A scalar without quotation marks and without a tag.
fn plain(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(true.into()),
        "false" | "False" | "FALSE" => return Ok(false.into()),
        _ => {}
    }
    if is_not_finite(text) {
        return Err(format!("{text} is not a number of JSON"));
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) || is_date(text) {
        return Ok(text.into());
    }
    let digits = if text.starts_with('.') {
        text.to_owned()
    } else {
        text.replace('_', "")
    };
    Ok(integer(&digits)
        .or_else(|| float(&digits))
        .map_or_else(|| text.into(), Value::Number))
}

fn is_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// A date, with or without a time: digits and separators of RFC 3339 in their places.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let is_number = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let day = rest.split(['T', 't', ' ']).next().unwrap_or_default();
    year.len() == 4 && is_number(year, 4) && is_number(month, 2) && is_number(day, 2)
}

fn integer(text: &str) -> Option<Number> {
    let (is_negative, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let prefixed = |prefixes: [&str; 2]| prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix));
    let (digits, radix) = if let Some(digits) = prefixed(["0x", "0X"]) {
        (digits, 16)
    } else if let Some(digits) = prefixed(["0o", "0O"]) {
        (digits, 8)
    } else if let Some(digits) = prefixed(["0b", "0B"]) {
        (digits, 2)
    } else if let Some(octal) = digits.strip_prefix('0').filter(|octal| !octal.is_empty()) {
        (octal, 8)
    } else {
        (digits, 10)
    };
    // Rust takes a sign here as well, and there is none after a prefix.
    if !digits.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if is_negative {
        0i64.checked_sub_unsigned(magnitude).map(Number::from)
    } else {
        Some(magnitude.into())
    }
}

/// A decimal number that is not an integer of 64 bits.
fn float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    // Rust reads `inf` and `nan`, too.
    let is_decimal = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && unsigned.contains(|character: char| character.is_ascii_digit());
    let read: f64 = text.parse().ok().filter(|_| is_decimal)?;
    let is_integral = unsigned.bytes().all(|byte| byte.is_ascii_digit());
    // `08` is no octal number: yaml.v3 falls back to a decimal one.
    if is_integral && let Ok(whole) = unsigned.parse::<i64>() {
        return Some(if text.starts_with('-') { -whole } else { whole }.into());
    }
    Number::from_f64(read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_those_of_both_yaml_versions() {
        for (text, expected) in [
            ("12", json!(12)),
            ("-12", json!(-12)),
            ("+12", json!(12)),
            ("1_000", json!(1000)),
            ("0x1F", json!(31)),
            ("-0x1f", json!(-31)),
            ("0o17", json!(15)),
            ("017", json!(15)),
            ("08", json!(8)),
            ("0b101", json!(5)),
            ("0", json!(0)),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1.5", json!(1.5)),
            ("1.", json!(1.0)),
            (".5", json!(0.5)),
            ("1e3", json!(1000.0)),
            ("-1.5E-1", json!(-0.15)),
        ] {
            assert_eq!(plain(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_number_or_a_boolean_is_a_text() {
        for text in [
            "yes",
            "no",
            "on",
            "off",
            "y",
            "N",
            "0xg",
            "1.2.3",
            "1:30",
            "-",
            "+",
            ".",
            "..",
            "-.",
            "1_",
            "0b2",
            "2024-01-31",
            "2024-01-31T10:00:00Z",
            "--1",
            "0x-1",
            "1e",
            "e1",
            "12abc",
            "inf",
            "nan",
            "0o8",
            "<<",
            "tRue",
            "nULL",
        ] {
            // Blanks of the digits are dropped, so `1_` is 1.
            let expected = if text == "1_" { json!(1) } else { json!(text) };
            assert_eq!(plain(text), Ok(expected), "{text}");
        }
        for text in [".inf", "-.Inf", "+.INF", ".nan", ".NaN"] {
            assert_eq!(plain(text), Err(format!("{text} is not a number of JSON")));
        }
    }
}
