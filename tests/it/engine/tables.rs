//! Reading tables.

use serde_json::json;

use super::support::{SECRET, TestEngine, refusal};

#[tokio::test]
async fn by_pk_found_and_missing() {
    let engine = TestEngine::start().await;
    let query = "{ found: author_by_pk(id: 1) { id name __typename } none: author_by_pk(id: 4) { id } }";
    assert_eq!(
        engine.data("user", query).await,
        json!({"found": {"id": 1, "name": "Author 1", "__typename": "author"}, "none": null})
    );
}

#[tokio::test]
async fn values_keep_their_form() {
    let engine = TestEngine::start().await;
    let body = json!({"query": "{ author_by_pk(id: 1) { worth views tags born seen bio } }"});
    let ask = |engine: &TestEngine| {
        engine
            .post("/v1/graphql")
            .header("x-hasura-admin-secret", SECRET)
            .json(&body)
            .send()
    };
    let text = ask(&engine).await.unwrap().text().await.unwrap();
    assert_eq!(
        text,
        r#"{"data":{"author_by_pk":{"worth":12345678901234567890.5,"views":9007199254740993,"tags":{"a": [1, 2]},"born":"1970-01-01","seen":"2024-01-02T03:04:05+00:00","bio":null}}}"#
    );
    let stringly = TestEngine::with(&[("HASURA_GRAPHQL_STRINGIFY_NUMERIC_TYPES", "true")]).await;
    let text = ask(&stringly).await.unwrap().text().await.unwrap();
    assert!(
        text.contains(r#""worth":"12345678901234567890.5","views":"9007199254740993""#),
        "{text}"
    );
}

#[tokio::test]
async fn rows_are_chosen_and_ordered() {
    let engine = TestEngine::start().await;
    for (arguments, ids) in [
        ("where: {id: {_eq: 2}}", vec![2]),
        ("where: {id: {_in: [1, 3]}}, order_by: {id: desc}", vec![3, 1]),
        ("where: {id: {_nin: 2, _gt: 1}}", vec![3]),
        ("where: {bio: {_is_null: true}}", vec![1]),
        (
            "where: {_or: [{id: {_eq: 1}}, {name: {_like: \"Z%\"}}]}, order_by: [{id: asc}]",
            vec![1, 3],
        ),
        ("where: {_or: []}", vec![]),
        ("where: {_and: {id: {_lte: 1}}}", vec![1]),
        ("where: {_not: {id: {_in: [1, 2]}}}", vec![3]),
        ("where: {name: {_ilike: \"zo_\"}}", vec![3]),
        ("where: {name: {_regex: \"^A.*2.$\"}}", vec![2]),
        ("where: {name: {_similar: \"(Z|Y)%\"}}", vec![3]),
        ("where: {born: {_gte: \"1975-01-01\"}}", vec![3]),
        ("where: {worth: {_gt: 5}}", vec![1]),
        ("where: {worth: {_eq: 12345678901234567890.5}}", vec![1]),
        ("where: {worth: {_in: [12345678901234567890.4, 1.0]}}", vec![3]),
        ("where: {tags: {_contains: {a: [2]}}}", vec![1]),
        ("where: {tags: {_has_key: \"a\"}}", vec![1]),
        ("where: {tags: {_has_keys_any: [\"a\", \"b\"]}}", vec![1]),
        ("where: {seen: {_lt: \"2025-01-01\"}}", vec![1]),
        ("order_by: {bio: asc}", vec![3, 2, 1]),
        ("order_by: {bio: asc_nulls_first}", vec![1, 3, 2]),
        ("order_by: {bio: asc_nulls_last}", vec![3, 2, 1]),
        ("order_by: {bio: desc}", vec![1, 2, 3]),
        ("order_by: {bio: desc_nulls_first}", vec![1, 2, 3]),
        ("order_by: {bio: desc_nulls_last}", vec![2, 3, 1]),
        ("order_by: {id: asc}, limit: 1, offset: 1", vec![2]),
        ("order_by: {id: asc}, limit: null, where: null", vec![1, 2, 3]),
        ("distinct_on: bio, order_by: {bio: asc}", vec![3, 2, 1]),
        ("where: {}", vec![1, 2, 3]),
    ] {
        let reply = engine
            .data("admin", &format!("{{ author({arguments}) {{ id }} }}"))
            .await;
        let found: Vec<i64> = reply["author"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_i64().unwrap())
            .collect();
        assert_eq!(found, ids, "{arguments}");
    }
}

#[tokio::test]
async fn permissions_bound_columns_rows_and_their_number() {
    let engine = TestEngine::start().await;
    // role_lacks_column
    let reply = engine
        .ask_as("user", "{ author { remarks_internal } }", json!({}))
        .await;
    let message = "field 'remarks_internal' not found in type: 'author'";
    assert_eq!(
        reply,
        refusal(
            message,
            "$.selectionSet.author.selectionSet.remarks_internal",
            "validation-failed"
        )
    );
    let reply = engine
        .ask_as("user", "{ author(where: {views: {_eq: 1}}) { id } }", json!({}))
        .await;
    assert_eq!(
        reply["errors"][0]["message"],
        "field 'views' not found in type: 'author_bool_exp'"
    );
    // The limit of the permission, and a lower one of the client.
    assert_eq!(
        engine.data("user", "{ author { id } }").await["author"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        engine.data("user", "{ author(limit: 1) { id } }").await["author"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // no_rows
    let hidden = engine
        .data(
            "anonymous",
            "{ article(where: {is_published: {_eq: false}}) { id } }",
        )
        .await;
    assert_eq!(hidden, json!({"article": []}));
    let reply = engine
        .ask_as("anonymous", "{ article_by_pk(id: 1) { id } }", json!({}))
        .await;
    assert_eq!(
        reply["errors"][0]["message"],
        "field 'article_by_pk' not found in type: 'query_root'"
    );
}

#[tokio::test]
async fn missing_session_variable() {
    let engine = TestEngine::start().await;
    let query = "{ author { id } other: author_by_pk(id: 2) { id } }";
    let reply = engine.ask_as("critic", query, json!({})).await;
    assert_eq!(
        reply,
        refusal(
            "missing session variables: \"x-hasura-critic-id\"",
            "$",
            "not-found"
        )
    );
    let headers = [
        ("x-hasura-admin-secret", SECRET),
        ("x-hasura-role", "critic"),
        ("x-hasura-critic-id", "3"),
    ];
    let reply = engine.ask(&headers, query, json!({})).await;
    assert_eq!(reply, json!({"data": {"author": [{"id": 3}], "other": null}}));
    let injected = [
        ("x-hasura-admin-secret", SECRET),
        ("x-hasura-role", "critic"),
        ("x-hasura-critic-id", "3 or true"),
    ];
    let reply = engine.ask(&injected, query, json!({})).await;
    assert_eq!(
        reply,
        refusal(
            "invalid input syntax for type integer: \"3 or true\"",
            "$",
            "data-exception"
        )
    );
}

#[tokio::test]
async fn aggregate() {
    let engine = TestEngine::start().await;
    let query = "{ author_aggregate(where: {id: {_gt: 0}}, order_by: {id: asc}) {
        aggregate { count withBio: count(columns: bio) } nodes { id } } }";
    assert_eq!(
        engine.data("user", query).await,
        json!({"author_aggregate": {"aggregate": {"count": 3, "withBio": 2}, "nodes": [{"id": 1}, {"id": 2}]}})
    );
}

#[tokio::test]
async fn refusals_in_arguments_name_their_place() {
    let engine = TestEngine::start().await;
    for (arguments, message, place, code) in [
        (
            "where: {name: {_eq: null}}",
            "unexpected null value for type 'String'",
            "where.name._eq",
            "validation-failed",
        ),
        (
            "where: {name: {_like: 1}}",
            "parsing Text failed, expected String, but encountered Number",
            "where.name._like",
            "parse-failed",
        ),
        (
            "where: {nope: {_eq: 1}}",
            "field 'nope' not found in type: 'author_bool_exp'",
            "where.nope",
            "validation-failed",
        ),
        (
            "where: {_or: [{id: {_in: [1, true]}}]}",
            "parsing Integer expected for input type: PGInteger failed, expected Number, but encountered Boolean",
            "where._or[0].id._in[1]",
            "parse-failed",
        ),
        (
            "where: {views: {_gt: 1.5}}",
            "The value 1.5 lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?",
            "where.views._gt",
            "parse-failed",
        ),
        (
            "where: {id: {_in: [null]}}",
            "unexpected null value for type 'Int'",
            "where.id._in[0]",
            "validation-failed",
        ),
        (
            "where: {born: {_eq: 5}}",
            "parsing Day failed, expected String, but encountered Number",
            "where.born._eq",
            "parse-failed",
        ),
        (
            "where: {bio: {_is_null: 1}}",
            "expected a boolean for type 'Boolean', but found an integer",
            "where.bio._is_null",
            "validation-failed",
        ),
        (
            "where: {_not: null}",
            "expected an object for type 'author_bool_exp', but found null",
            "where._not",
            "validation-failed",
        ),
        (
            "limit: -1",
            "expected a non-negative 32-bit integer for type 'Int', but found an integer",
            "limit",
            "validation-failed",
        ),
        (
            "limit: 3000000000",
            "The value 3.0e9 lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?",
            "limit",
            "parse-failed",
        ),
        (
            "order_by: {id: up}",
            "expected one of the values ['asc', 'asc_nulls_first', 'asc_nulls_last', 'desc', 'desc_nulls_first', 'desc_nulls_last'] for type 'order_by', but found 'up'",
            "order_by[0].id",
            "validation-failed",
        ),
    ] {
        let reply = engine
            .ask_as("admin", &format!("{{ author({arguments}) {{ id }} }}"), json!({}))
            .await;
        let path = format!("$.selectionSet.author.args.{place}");
        assert_eq!(reply, refusal(message, &path, code), "{arguments}");
    }
    let reply = engine
        .ask_as(
            "admin",
            "{ author(distinct_on: id, order_by: {name: asc}) { id } }",
            json!({}),
        )
        .await;
    let message = "\"distinct_on\" columns must match initial \"order_by\" columns";
    assert_eq!(reply["errors"][0]["message"], message);
    let reply = engine
        .ask_as(
            "user",
            "{ author(where: {born: {_eq: \"x\"}}) { id } }",
            json!({}),
        )
        .await;
    assert_eq!(
        reply,
        refusal("invalid input syntax for type date: \"x\"", "$", "data-exception")
    );
}

#[tokio::test]
async fn fragments_directives_and_variables_work_together() {
    let engine = TestEngine::start().await;
    let query = "query($id: Int!, $no: Boolean = false, $order: [author_order_by!]) {
        one: author_by_pk(id: $id) { ...some name @include(if: $no) bio @skip(if: $no) ... on author { id } }
        all: author(order_by: $order, limit: 2) { id }
    } fragment some on author { id key: name }";
    let reply = engine
        .ask_as("user", query, json!({"id": 2, "order": {"id": "desc"}}))
        .await;
    assert_eq!(
        reply.to_string(),
        r#"{"data":{"one":{"id":2,"key":"Author \"2\"","bio":"short"},"all":[{"id":3},{"id":2}]}}"#
    );
}

#[tokio::test]
async fn a_database_that_is_not_there_is_an_inconsistent_source() {
    for url in ["", "postgres://nobody@127.0.0.1:1/none"] {
        let engine = TestEngine::with(&[("PG_DATABASE_URL", url)]).await;
        assert!(
            engine.inconsistencies.iter().any(|(name, _)| name == "default"),
            "{:?}",
            engine.inconsistencies
        );
        let reply = engine.ask_as("user", "{ author { id } }", json!({})).await;
        assert_eq!(
            reply["errors"][0]["message"],
            "field 'author' not found in type: 'query_root'"
        );
    }
}

#[tokio::test]
async fn a_path_reaches_into_json() {
    let engine = TestEngine::start().await;
    let query =
        "{ author_by_pk(id: 1) { second: tags(path: \"$.a[1]\") none: tags(path: \"b\") all: tags } }";
    assert_eq!(
        engine.data("user", query).await,
        json!({"author_by_pk": {"second": 2, "none": null, "all": {"a": [1, 2]}}})
    );
    let reply = engine
        .ask_as("user", "{ author { tags(path: \"a..b\") } }", json!({}))
        .await;
    let message = "parse json path error: a..b. Accept letters, digits, underscore (_) or hyphen (-) only. \
                   Use quotes enclosed in bracket ([\"...\"]) if there is any special character";
    let path = "$.selectionSet.author.selectionSet.tags.args";
    assert_eq!(reply, refusal(message, path, "validation-failed"));
}

#[tokio::test]
async fn a_string_is_good_for_every_column() {
    let engine = TestEngine::start().await;
    let query = "{ author(where: {id: {_in: [\"1\", 2]}, views: {_lte: \"2\"}}) { id } author_by_pk(id: \"3\") { id } }";
    assert_eq!(
        engine.data("admin", query).await,
        json!({"author": [{"id": 2}], "author_by_pk": {"id": 3}})
    );
    let reply = engine
        .ask_as("admin", "{ author_by_pk(id: \"x\") { id } }", json!({}))
        .await;
    assert_eq!(
        reply,
        refusal(
            "invalid input syntax for type integer: \"x\"",
            "$",
            "data-exception"
        )
    );
}
