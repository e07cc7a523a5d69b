//! What is counted, summed and averaged, and how numbers are printed.

use serde_json::json;

use super::support::{SECRET, TestEngine, refusal};

#[tokio::test]
async fn numbers_and_lists_come_as_postgresql_prints_them() {
    let engine = TestEngine::start().await;
    let query = "{ article(order_by: {id: asc}, limit: 1) { words cost rating labels }
        article_by_pk(id: 3) { rating } author_by_pk(id: 1) { articles { words } articles_aggregate { aggregate {
        sum { words cost rating } avg { words cost } max { words title labels: written_on } } } } }";
    let reply = engine
        .post("/v1/graphql")
        .header("x-hasura-admin-secret", SECRET)
        .json(&json!({"query": query}))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(
        reply,
        concat!(
            r#"{"data":{"article":[{"words":9007199254740993,"cost":1.10,"rating":0.1,"labels":["new","with \"quotes\""]}],"#,
            r#""article_by_pk":{"rating":1e+300},"#,
            r#""author_by_pk":{"articles":[{"words":9007199254740993},{"words":10}],"articles_aggregate":{"aggregate":{"#,
            r#""sum":{"words":9007199254741003,"cost":3.35,"rating":0.1},"#,
            r#""avg":{"words":4503599627370501.5000,"cost":1.6750000000000000},"#,
            r#""max":{"words":9007199254740993,"title":"Out","labels":"2024-01-01"}}}}}}"#
        )
    );
}

#[tokio::test]
async fn aggregates_are_named_and_typed_as_in_hasura() {
    let engine = TestEngine::start().await;
    let query = "{ article_aggregate(where: {id: {_lt: 4}}) { __typename aggregate { __typename count
        titles: count(columns: [title, author_id], distinct: true) edited: count(columns: editor_id)
        avg { author_id __typename } min { id title cost } max { written_on } sum { id }
        stddev { id } stddev_pop { id } stddev_samp { id } var_pop { id } var_samp { id } variance { id } }
        nodes { id } } none: article_aggregate(where: {id: {_gt: 9}}) { aggregate { count max { id } avg { id } } nodes { id } } }";
    let found = engine.data("user", query).await;
    assert_eq!(
        found,
        json!({
            "article_aggregate": {
                "__typename": "article_aggregate",
                "aggregate": {
                    "__typename": "article_aggregate_fields", "count": 3, "titles": 3, "edited": 2,
                    "avg": {"author_id": 1.333_333_333_333_333_3, "__typename": "article_avg_fields"},
                    "min": {"id": 1, "title": "Draft", "cost": 1.1}, "max": {"written_on": "2024-02-01"}, "sum": {"id": 6},
                    "stddev": {"id": 1.0}, "stddev_pop": {"id": 0.816_496_580_927_726}, "stddev_samp": {"id": 1.0},
                    "var_pop": {"id": 0.666_666_666_666_666_7}, "var_samp": {"id": 1.0}, "variance": {"id": 1.0},
                },
                "nodes": [{"id": 1}, {"id": 2}, {"id": 3}],
            },
            "none": {"aggregate": {"count": 0, "max": {"id": null}, "avg": {"id": null}}, "nodes": []},
        })
    );
    for (function, column, ty) in [
        ("sum", "is_published", "article_sum_fields"),
        ("avg", "title", "article_avg_fields"),
        ("max", "labels", "article_max_fields"),
        ("min", "is_published", "article_min_fields"),
    ] {
        let query = format!("{{ article_aggregate {{ aggregate {{ {function} {{ {column} }} }} }} }}");
        let reply = engine.ask_as("user", &query, json!({})).await;
        let path = format!(
            "$.selectionSet.article_aggregate.selectionSet.aggregate.selectionSet.{function}.selectionSet.{column}"
        );
        assert_eq!(
            reply,
            refusal(
                &format!("field '{column}' not found in type: '{ty}'"),
                &path,
                "validation-failed"
            )
        );
    }
}
