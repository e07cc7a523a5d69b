//! Literals and variables of every type, on their way to an action's handler: what arrives, and what is
//! refused with which words.

use serde_json::{Value, json};

use super::support::{TestEngine, refusal};

/// Calls `echo` as `user`; what its handler was given, or the refusal.
async fn echo(engine: &TestEngine, declared: &str, arguments: &str, variables: Value) -> Value {
    engine.stub.replies(200, true);
    let before = engine.stub.received().len();
    let query = format!("mutation{declared} {{ echo({arguments}) }}");
    let reply = engine.ask_as("user", &query, variables).await;
    if engine.stub.received().len() == before {
        return reply;
    }
    assert_eq!(reply, json!({"data": {"echo": true}}), "{arguments}");
    engine.stub.last().body["input"].clone()
}

#[tokio::test]
async fn literals_of_every_type_arrive() {
    let engine = TestEngine::start().await;
    for (arguments, arrived) in [
        (
            "i: 1, f: 1, s: \"a\", b: true, id: 7, e: RED",
            json!({"i": 1, "f": 1, "s": "a", "b": true, "id": "7", "e": "RED"}),
        ),
        (
            "i: -2147483648, f: -1.5e3, s: \"\"\"  a\n  b\"\"\", id: \"x\"",
            json!({"i": -2_147_483_648_i64, "f": -1.5e3, "s": "  a\nb", "id": "x"}),
        ),
        (
            "i: null, e: null, o: null, l: null, j: null",
            json!({"i": null, "e": null, "o": null, "l": null, "j": null}),
        ),
        (
            "l: [1, 2], ll: [[\"a\", null], null, []]",
            json!({"l": [1, 2], "ll": [["a", null], null, []]}),
        ),
        // One value stands for a list of one, at every level.
        (
            "l: 1, ll: \"a\", lo: {n: 1}",
            json!({"l": [1], "ll": [["a"]], "lo": [{"n": 1}]}),
        ),
        (
            "o: {n: 1, deep: {n: 2, deep: {n: 3, e: GREEN}}, many: [{n: 4}]}",
            json!({"o": {"n": 1, "deep": {"n": 2, "deep": {"n": 3, "e": "GREEN"}}, "many": [{"n": 4}]}}),
        ),
        // A declared scalar and those of the database take any value but null.
        (
            "j: {a: [1, \"b\", RED, true, 1.5, {c: null}]}, x: [1]",
            json!({"j": {"a": [1, "b", "RED", true, 1.5, {"c": null}]}, "x": [1]}),
        ),
        (
            "u: \"3b0b5e0c-4f1f-4a53-8a43-0a3a8c1a4f10\", big: 9007199254740993, n: 1.50, at: \"2024-01-01\"",
            json!({"u": "3b0b5e0c-4f1f-4a53-8a43-0a3a8c1a4f10", "big": 9_007_199_254_740_993_i64, "n": 1.5, "at": "2024-01-01"}),
        ),
    ] {
        assert_eq!(
            echo(&engine, "", arguments, json!({})).await,
            arrived,
            "{arguments}"
        );
    }
}

#[tokio::test]
async fn variables_of_every_type_arrive() {
    let engine = TestEngine::start().await;
    for (declared, arguments, variables, arrived) in [
        (
            "($i: Int!, $e: Color, $l: [Int!]!)",
            "i: $i, e: $e, l: $l",
            json!({"i": 1, "e": "RED", "l": [1]}),
            json!({"i": 1, "e": "RED", "l": [1]}),
        ),
        (
            "($i: Int = 5, $e: Color = GREEN, $l: [Int!] = [1, 2])",
            "i: $i, e: $e, l: $l",
            json!({}),
            json!({"i": 5, "e": "GREEN", "l": [1, 2]}),
        ),
        ("($i: Int = 5)", "i: $i", json!({"i": null}), json!({"i": null})),
        (
            "($o: Nest = {n: 1, e: RED})",
            "o: $o",
            json!({}),
            json!({"o": {"n": 1, "e": "RED"}}),
        ),
        (
            "($n: Int!, $e: Color)",
            "o: {n: $n, deep: {n: $n, e: $e}}",
            json!({"n": 3, "e": "RED"}),
            json!({"o": {"n": 3, "deep": {"n": 3, "e": "RED"}}}),
        ),
        // What was declared and not sent is left out, in objects too.
        (
            "($i: Int, $e: Color)",
            "i: $i, o: {n: 1, e: $e}",
            json!({}),
            json!({"o": {"n": 1}}),
        ),
        (
            "($one: Int!)",
            "l: [$one, 2]",
            json!({"one": 1}),
            json!({"l": [1, 2]}),
        ),
        ("($l: [Int!])", "l: $l", json!({"l": 3}), json!({"l": [3]})),
        (
            "($j: jsonb, $x: JSONObject, $u: uuid)",
            "j: $j, x: $x, u: $u",
            json!({"j": {"a": [1, null]}, "x": "text", "u": 5}),
            json!({"j": {"a": [1, null]}, "x": "text", "u": 5}),
        ),
        (
            "($v: Int)",
            "j: {a: [$v]}",
            json!({"v": 1}),
            json!({"j": {"a": [1]}}),
        ),
        (
            "($id: ID!, $f: Float!)",
            "id: $id, f: $f",
            json!({"id": 7, "f": 2}),
            json!({"id": "7", "f": 2}),
        ),
        ("($i: Int)", "i: $i", json!({"i": 1.0}), json!({"i": 1})),
    ] {
        assert_eq!(
            echo(&engine, declared, arguments, variables).await,
            arrived,
            "{declared} {arguments}"
        );
    }
}

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

#[tokio::test]
async fn a_default_makes_a_nullable_variable_good_for_a_place_that_wants_a_value() {
    let engine = TestEngine::start().await;
    let found = echo(&engine, "($n: Int = 3)", "o: {n: $n}", json!({})).await;
    assert_eq!(found, json!({"o": {"n": 3}}));
    let refused = echo(&engine, "($n: Int = 3)", "o: {n: $n}", json!({"n": null})).await;
    let message = "expected a 32-bit integer for type 'Int', but found null";
    let path = "$.selectionSet.echo.args.o.n";
    assert_eq!(refused, refusal(message, path, "validation-failed"));
}
