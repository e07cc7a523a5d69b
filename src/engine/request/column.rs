//! Values that are compared with a column.
//!
//! Hasura reads them by PostgreSQL's type, not by GraphQL's: a string is good for every type and
//! PostgreSQL has the last word on it; anything else must fit. The words differ too.

use serde_json::{Number, Value};

use crate::engine::fault::{Fault, Path};

/// Checks a value for a column whose scalar is `scalar`.
pub(super) fn check(scalar: &str, value: &Value, path: Path<'_>) -> Result<(), Fault> {
    if value.is_string() || scalar == "json" || scalar == "jsonb" {
        return Ok(());
    }
    let parsing = |what: &str, expected: &str| {
        let message = format!(
            "parsing {what} failed, expected {expected}, but encountered {}",
            aeson_kind(value)
        );
        Fault::new(400, "parse-failed", message).at(path)
    };
    let number = |what: &str| match value {
        Value::Number(number) => Ok(number),
        _ => Err(parsing(what, "Number")),
    };
    let integer = |name: &str, least: i64, most: i64| {
        let number = number(&format!("Integer expected for input type: {name}"))?;
        match whole(number).filter(|whole| (least..=most).contains(whole)) {
            Some(_) => Ok(()),
            None => Err(out_of_bounds(&number.to_string(), path)),
        }
    };
    match scalar {
        "Int" => integer("PGInteger", i32::MIN.into(), i32::MAX.into()),
        "smallint" => integer("PGSmallInt", i16::MIN.into(), i16::MAX.into()),
        "bigint" => integer("PGBigInt", i64::MIN, i64::MAX),
        "numeric" => number("Scientific").map(|_| ()),
        "Float" => number("Float expected for input type: PGFloat").map(|_| ()),
        "float8" => number("Float expected for input type: PGDouble").map(|_| ()),
        "Boolean" if value.is_boolean() => Ok(()),
        "Boolean" => {
            let message = format!("expected Bool, but encountered {}", aeson_kind(value));
            Err(Fault::new(400, "parse-failed", message).at(path))
        }
        "String" | "bpchar" | "citext" => Err(parsing("Text", "String")),
        "timestamptz" => Err(parsing("UTCTime", "String")),
        "timestamp" => Err(parsing("LocalTime", "String")),
        "date" => Err(parsing("Day", "String")),
        other => {
            let message = format!("A string is expected for type: {other}");
            Err(Fault::new(400, "parse-failed", message).at(path))
        }
    }
}

/// A number as an integer; 1.0 and 1e2 are some too.
pub(super) fn whole(number: &Number) -> Option<i64> {
    let from_float = |float: f64| {
        // Beyond this a float does not know its last digits.
        (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0).then_some(float as i64)
    };
    number.as_i64().or_else(|| {
        if number.is_u64() {
            None
        } else {
            number.as_f64().and_then(from_float)
        }
    })
}

pub(super) fn out_of_bounds(text: &str, path: Path<'_>) -> Fault {
    let message = format!(
        "The value {} lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?",
        scientific(text)
    );
    Fault::new(400, "parse-failed", message).at(path)
}

/// A decimal number the way Haskell shows it: 3.0e9, 1.5, 2.5e-3.
pub(super) fn scientific(text: &str) -> String {
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

/// What Haskell's JSON library calls the kind of a value.
fn aeson_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
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
