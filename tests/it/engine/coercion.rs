//! Literals and variables of every type, on their way to an action's handler: what arrives.
//!
//! What is refused is in `coercion_refused`.

use serde_json::{Value, json};

use super::support::{TestEngine, refusal};

/// Calls `echo` as `user`; what its handler was given, or the refusal.
pub async fn echo(engine: &TestEngine, declared: &str, arguments: &str, variables: Value) -> Value {
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
async fn a_default_makes_a_nullable_variable_good_for_a_place_that_wants_a_value() {
    let engine = TestEngine::start().await;
    let found = echo(&engine, "($n: Int = 3)", "o: {n: $n}", json!({})).await;
    assert_eq!(found, json!({"o": {"n": 3}}));
    let refused = echo(&engine, "($n: Int = 3)", "o: {n: $n}", json!({"n": null})).await;
    let message = "expected a 32-bit integer for type 'Int', but found null";
    let path = "$.selectionSet.echo.args.o.n";
    assert_eq!(refused, refusal(message, path, "validation-failed"));
}
