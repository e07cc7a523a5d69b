//! How Haskell's JSON library words things, because Hasura's messages carry its words.

use serde_json::Value;

/// What it calls the kind of a value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}

/// "parsing Text failed, expected String, but encountered Number"
pub(crate) fn mismatch(what: &str, expected: &str, found: &Value) -> String {
    format!(
        "parsing {what} failed, expected {expected}, but encountered {}",
        kind(found)
    )
}

/// One step of a path: `.name`, or `['x-name']` where the key is no identifier.
pub(crate) fn path_step(key: &str) -> String {
    let mut letters = key.chars();
    let plain = letters.next().is_some_and(char::is_alphabetic) && letters.all(char::is_alphanumeric);
    if plain {
        format!(".{key}")
    } else {
        format!("['{}']", key.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

/// A decimal number the way it is shown: 3.0e9, 1.5, 2.5e-3.
pub(crate) fn scientific(text: &str) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let Ok(exponent) = exponent.parse::<i32>() else {
        return format!("{sign}{text}");
    };
    let digits = all.trim_start_matches('0');
    // The value is 0.digits times ten to the power of `point`.
    let point = i64::from(exponent) + whole.len() as i64 - (all.len() - digits.len()) as i64;
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() {
        return format!("{sign}0.0");
    }
    match usize::try_from(point) {
        Ok(0) => format!("{sign}0.{digits}"),
        Ok(point) if point <= 7 && digits.len() <= point => {
            format!("{sign}{digits}{}.0", "0".repeat(point - digits.len()))
        }
        Ok(point) if point <= 7 => format!("{sign}{}.{}", &digits[..point], &digits[point..]),
        _ => {
            let rest = if digits.len() > 1 { &digits[1..] } else { "0" };
            format!("{sign}{}.{rest}e{}", &digits[..1], point - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_haskell_shows_them() {
        for (text, shown) in [
            ("1.5", "1.5"),
            ("2147483648", "2.147483648e9"),
            ("-2147483649", "-2.147483649e9"),
            ("5000000000", "5.0e9"),
            ("1234567", "1234567.0"),
            ("0.25", "0.25"),
            ("0.001", "1.0e-3"),
            ("2.5e-3", "2.5e-3"),
            ("1e400", "1.0e400"),
            ("0", "0.0"),
        ] {
            assert_eq!(scientific(text), shown, "{text}");
        }
    }
}
