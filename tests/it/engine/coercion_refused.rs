//! Literals and variables that do not fit the argument of an action, and the words that refuse them.

use serde_json::json;

use super::coercion::echo;
use super::support::{TestEngine, refusal};

#[tokio::test]
async fn literals_that_do_not_fit_are_refused() {
    let engine = TestEngine::start().await;
    let (valid, parse) = ("validation-failed", "parse-failed");
    let bounds =
        "lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?";
    for (arguments, message, place, code) in [
        (
            "i: \"1\"",
            "expected a 32-bit integer for type 'Int', but found a string".to_owned(),
            "i",
            valid,
        ),
        (
            "i: true",
            "expected a 32-bit integer for type 'Int', but found a boolean".to_owned(),
            "i",
            valid,
        ),
        (
            "i: 2147483648",
            format!("The value 2.147483648e9 {bounds}"),
            "i",
            parse,
        ),
        (
            "f: \"1\"",
            "expected a float for type 'Float', but found a string".to_owned(),
            "f",
            valid,
        ),
        (
            "s: 1",
            "expected a string for type 'String', but found an integer".to_owned(),
            "s",
            valid,
        ),
        (
            "s: RED",
            "expected a string for type 'String', but found an enum value".to_owned(),
            "s",
            valid,
        ),
        (
            "s: [\"a\"]",
            "expected a string for type 'String', but found a list".to_owned(),
            "s",
            valid,
        ),
        (
            "b: 1",
            "expected a boolean for type 'Boolean', but found an integer".to_owned(),
            "b",
            valid,
        ),
        (
            "b: \"true\"",
            "expected a boolean for type 'Boolean', but found a string".to_owned(),
            "b",
            valid,
        ),
        (
            "id: 1.5",
            "expected a String or a 32-bit integer for type 'ID', but found a float".to_owned(),
            "id",
            valid,
        ),
        (
            "e: BLUE",
            "expected one of the values ['RED', 'GREEN'] for type 'Color', but found 'BLUE'".to_owned(),
            "e",
            valid,
        ),
        (
            "e: \"RED\"",
            "expected an enum value for type 'Color', but found a string".to_owned(),
            "e",
            valid,
        ),
        (
            "l: [1, null]",
            "expected a 32-bit integer for type 'Int', but found null".to_owned(),
            "l[1]",
            valid,
        ),
        (
            "l: [1, \"a\"]",
            "expected a 32-bit integer for type 'Int', but found a string".to_owned(),
            "l[1]",
            valid,
        ),
        (
            "ll: [[1]]",
            "expected a string for type 'String', but found an integer".to_owned(),
            "ll[0][0]",
            valid,
        ),
        (
            "o: 1",
            "expected an object for type 'Nest', but found an integer".to_owned(),
            "o",
            valid,
        ),
        (
            "o: []",
            "expected an object for type 'Nest', but found a list".to_owned(),
            "o",
            valid,
        ),
        ("o: {}", "missing required field 'n'".to_owned(), "o.n", valid),
        (
            "o: {n: null}",
            "expected a 32-bit integer for type 'Int', but found null".to_owned(),
            "o.n",
            valid,
        ),
        (
            "o: {n: 1, x: 2}",
            "field 'x' not found in type: 'Nest'".to_owned(),
            "o.x",
            valid,
        ),
        (
            "o: {n: 1, deep: {n: 1, deep: {n: \"x\"}}}",
            "expected a 32-bit integer for type 'Int', but found a string".to_owned(),
            "o.deep.deep.n",
            valid,
        ),
        (
            "lo: [{n: 1}, {}]",
            "missing required field 'n'".to_owned(),
            "lo[1].n",
            valid,
        ),
        (
            "o: {n: 1, many: [null]}",
            "expected an object for type 'Nest', but found null".to_owned(),
            "o.many[0]",
            valid,
        ),
    ] {
        let path = format!("$.selectionSet.echo.args.{place}");
        let expected = refusal(&message, &path, code);
        assert_eq!(
            echo(&engine, "", arguments, json!({})).await,
            expected,
            "{arguments}"
        );
    }
}

#[tokio::test]
async fn variables_that_do_not_fit_are_refused() {
    let engine = TestEngine::start().await;
    for (declared, arguments, variables, message, place) in [
        (
            "($i: Int)",
            "i: $i",
            json!({"i": "1"}),
            "expected a 32-bit integer for type 'Int', but found a string",
            ".selectionSet.echo.args.i",
        ),
        (
            "($s: String)",
            "s: $s",
            json!({"s": 1}),
            "expected a string for type 'String', but found a number",
            ".selectionSet.echo.args.s",
        ),
        (
            "($b: Boolean)",
            "b: $b",
            json!({"b": "true"}),
            "expected a boolean for type 'Boolean', but found a string",
            ".selectionSet.echo.args.b",
        ),
        (
            "($e: Color)",
            "e: $e",
            json!({"e": "BLUE"}),
            "expected one of the values ['RED', 'GREEN'] for type 'Color', but found 'BLUE'",
            ".selectionSet.echo.args.e",
        ),
        (
            "($e: Color)",
            "e: $e",
            json!({"e": 1}),
            "expected an enum value for type 'Color', but found a number",
            ".selectionSet.echo.args.e",
        ),
        (
            "($o: Nest)",
            "o: $o",
            json!({"o": {"n": 1, "deep": {}}}),
            "missing required field 'n'",
            ".selectionSet.echo.args.o.deep.n",
        ),
        (
            "($o: Nest)",
            "o: $o",
            json!({"o": {"n": 1, "x": 1}}),
            "field 'x' not found in type: 'Nest'",
            ".selectionSet.echo.args.o.x",
        ),
        (
            "($l: [Int!])",
            "l: $l",
            json!({"l": [1, null]}),
            "expected a 32-bit integer for type 'Int', but found null",
            ".selectionSet.echo.args.l[1]",
        ),
        (
            "($l: [Int])",
            "l: $l",
            json!({"l": []}),
            "variable 'l' is declared as '[Int]', but used where '[Int!]' is expected",
            ".selectionSet.echo.args.l",
        ),
        (
            "($l: Int)",
            "l: $l",
            json!({"l": 1}),
            "variable 'l' is declared as 'Int', but used where '[Int!]' is expected",
            ".selectionSet.echo.args.l",
        ),
        (
            "($s: String)",
            "i: $s",
            json!({"s": "1"}),
            "variable 's' is declared as 'String', but used where 'Int' is expected",
            ".selectionSet.echo.args.i",
        ),
        (
            "($n: Int)",
            "o: {n: $n}",
            json!({"n": 1}),
            "variable 'n' is declared as 'Int', but used where 'Int!' is expected",
            ".selectionSet.echo.args.o.n",
        ),
        (
            "($j: json)",
            "j: $j",
            json!({"j": 1}),
            "variable 'j' is declared as 'json', but used where 'jsonb' is expected",
            ".selectionSet.echo.args.j",
        ),
        (
            "($i: Int!)",
            "i: $i",
            json!({}),
            "expecting a value for non-nullable variable: \"i\"",
            "",
        ),
        (
            "($i: Int!)",
            "i: $i",
            json!({"i": null}),
            "null value found for non-nullable type: \"Int!\"",
            "",
        ),
        (
            "($i: Int)",
            "i: $i",
            json!({"i": 1, "x": 1}),
            "unexpected variables in variableValues: x",
            "",
        ),
        ("", "i: $i", json!({}), "unbound variable \"i\"", ""),
    ] {
        let expected = refusal(message, &format!("${place}"), "validation-failed");
        assert_eq!(
            echo(&engine, declared, arguments, variables).await,
            expected,
            "{declared} {arguments}"
        );
    }
}
