//! Values that are compared with a column.
//!
//! Hasura reads them by PostgreSQL's type, not by GraphQL's: a string is good for every type and
//! PostgreSQL has the last word on it; anything else must fit. The words differ too.

use serde_json::{Number, Value};

use crate::engine::aeson;
use crate::engine::fault::{Fault, Path};

/// Checks a value for a column whose scalar is `scalar`.
pub(super) fn check(scalar: &str, value: &Value, path: Path<'_>) -> Result<(), Fault> {
    if value.is_string() || scalar == "json" || scalar == "jsonb" {
        return Ok(());
    }
    let parsing = |what: &str, expected: &str| {
        Fault::new(400, "parse-failed", aeson::mismatch(what, expected, value)).at(path)
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
            let message = format!("expected Bool, but encountered {}", aeson::kind(value));
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
        aeson::scientific(text)
    );
    Fault::new(400, "parse-failed", message).at(path)
}
