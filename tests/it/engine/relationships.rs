//! Rows that belong to other rows: selected, filtered and ordered by, and what roles see of them.

use serde_json::json;

use super::support::{SECRET, TestEngine, refusal};

#[tokio::test]
async fn rows_of_other_tables_are_selected_with_theirs() {
    let engine = TestEngine::start().await;
    let query = "{ author(where: {id: {_lte: 2}}, order_by: {id: asc}) {
        id profile { motto author { name } }
        articles(order_by: {id: desc}, where: {is_published: {_eq: true}}) { title editor { name } kind: __typename }
        none: articles(limit: 0) { id } } }";
    assert_eq!(
        engine.data("admin", query).await,
        json!({"author": [
            {"id": 1, "profile": {"motto": "first", "author": {"name": "Author 1"}},
             "articles": [{"title": "Out", "editor": {"name": "Author \"2\""}, "kind": "article"}], "none": []},
            {"id": 2, "profile": {"motto": null, "author": {"name": "Author \"2\""}},
             "articles": [
                {"title": "Other", "editor": null, "kind": "article"},
                {"title": "Second", "editor": {"name": "Zoë"}, "kind": "article"},
             ], "none": []},
        ]})
    );
    let keys = "{ pair_use(order_by: {id: asc}) { id pair { note uses { id } } } }";
    assert_eq!(
        engine.data("admin", keys).await,
        json!({"pair_use": [{"id": 1, "pair": {"note": "y", "uses": [{"id": 1}]}}, {"id": 2, "pair": null}]})
    );
    let manual = "{ article_by_pk(id: 1) { siblings(order_by: {id: asc}) { id } siblings_aggregate { aggregate { count } } } }";
    assert_eq!(
        engine.data("admin", manual).await,
        json!({"article_by_pk": {"siblings": [{"id": 1}, {"id": 2}], "siblings_aggregate": {"aggregate": {"count": 2}}}})
    );
}

async fn ids(engine: &TestEngine, role: &str, table: &str, arguments: &str) -> Vec<i64> {
    let reply = engine
        .data(role, &format!("{{ {table}({arguments}) {{ id }} }}"))
        .await;
    let rows = reply[table].as_array().unwrap();
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn rows_are_chosen_by_related_rows() {
    let engine = TestEngine::start().await;
    for (table, filter, expected) in [
        ("author", "articles: {title: {_eq: \"Out\"}}", vec![1]),
        ("author", "articles: {}", vec![1, 2]),
        ("author", "_not: {articles: {}}", vec![3]),
        ("author", "articles: {editor: {name: {_eq: \"Zoë\"}}}", vec![2]),
        ("author", "profile: {motto: {_is_null: true}}", vec![2]),
        (
            "author",
            "articles_aggregate: {count: {predicate: {_eq: 2}}}",
            vec![1, 2],
        ),
        (
            "author",
            "articles_aggregate: {count: {predicate: {_eq: 1}, filter: {is_published: {_eq: false}}}}",
            vec![1],
        ),
        (
            "author",
            "articles_aggregate: {count: {arguments: [editor_id], distinct: true, predicate: {_gte: 1, _lt: 2}}}",
            vec![1, 2],
        ),
        (
            "author",
            "articles_aggregate: {bool_and: {arguments: is_published, predicate: {_eq: true}}}",
            vec![2],
        ),
        (
            "author",
            "articles_aggregate: {bool_or: {arguments: is_published, predicate: {_eq: true}}}",
            vec![1, 2],
        ),
        ("article", "author: {id: {_eq: 1}}", vec![1, 2]),
        ("article", "author: {articles: {id: {_eq: 4}}}", vec![3, 4]),
        (
            "article",
            "_or: [{author: {id: {_eq: 1}}}, {editor: {id: {_eq: 3}}}]",
            vec![1, 2, 3],
        ),
        ("article", "labels: {_contains: [\"new\"]}", vec![1, 3, 4]),
        ("article", "labels: {_eq: []}", vec![2]),
        (
            "article",
            "labels: {_contained_in: [\"new\", \"old\"]}",
            vec![2, 3, 4],
        ),
        (
            "article",
            "labels: {_in: [[\"new\"], [\"old\", \"new\"]]}",
            vec![3, 4],
        ),
        ("article", "labels: {_nin: [[\"new\"], []]}", vec![1, 4]),
        (
            "article",
            "labels: {_contains: [\"with \\\"quotes\\\"\"]}",
            vec![1],
        ),
        ("article", "words: {_eq: 9007199254740993}", vec![1]),
        ("article", "rating: {_gt: 1.5}", vec![3, 4]),
        ("article", "cost: {_in: [1.1, \"3.00\"]}", vec![1, 4]),
        ("author", "tags: {_cast: {String: {_like: \"%a%\"}}}", vec![1]),
        ("author", "tags: {_contained_in: {a: [1, 2, 3], b: 1}}", vec![1]),
        ("author", "tags: {_has_keys_all: [\"a\"]}", vec![1]),
        ("author", "tags: {_eq: []}", vec![3]),
    ] {
        let found = ids(
            &engine,
            "admin",
            table,
            &format!("order_by: {{id: asc}}, where: {{{filter}}}"),
        )
        .await;
        assert_eq!(found, expected, "{filter}");
    }
}

#[tokio::test]
async fn rows_are_ordered_by_related_rows() {
    let engine = TestEngine::start().await;
    for (table, order, expected) in [
        ("article", "[{author: {name: desc}}, {id: asc}]", vec![1, 2, 3, 4]),
        ("article", "[{author: {id: desc}}, {id: desc}]", vec![4, 3, 2, 1]),
        (
            "article",
            "[{editor: {id: asc_nulls_first}}, {id: asc}]",
            vec![2, 4, 1, 3],
        ),
        (
            "article",
            "[{author: {profile: {motto: asc}}}, {id: desc}]",
            vec![2, 1, 4, 3],
        ),
        (
            "author",
            "[{articles_aggregate: {count: desc}}, {id: desc}]",
            vec![2, 1, 3],
        ),
        (
            "author",
            "{articles_aggregate: {max: {written_on: desc_nulls_last}}}",
            vec![2, 1, 3],
        ),
        (
            "author",
            "{articles_aggregate: {avg: {cost: asc}}}",
            vec![1, 2, 3],
        ),
        ("author", "{id: null, name: desc}", vec![3, 1, 2]),
    ] {
        let found = ids(&engine, "admin", table, &format!("order_by: {order}")).await;
        assert_eq!(found, expected, "{order}");
    }
    // Authors are distinct by the first of their articles.
    let query = "{ article(distinct_on: author_id, order_by: [{author_id: asc}, {id: desc}]) { id } }";
    assert_eq!(
        engine.data("admin", query).await,
        json!({"article": [{"id": 2}, {"id": 4}]})
    );
    for order in [
        "[{author: {id: asc}}, {author_id: asc}]",
        "[{id: asc}, {author_id: asc}]",
    ] {
        let query =
            format!("{{ author {{ articles(distinct_on: author_id, order_by: {order}) {{ id }} }} }}");
        let reply = engine.ask_as("admin", &query, json!({})).await;
        let path = "$.selectionSet.author.selectionSet.articles.args";
        let message = "\"distinct_on\" columns must match initial \"order_by\" columns";
        assert_eq!(reply, refusal(message, path, "validation-failed"), "{order}");
    }
}

#[tokio::test]
async fn permissions_hold_on_the_other_side() {
    let engine = TestEngine::start().await;
    // Its own filter goes through a relationship; the other table has a filter and a limit.
    let query = "{ author(order_by: {id: asc}) { id articles(order_by: {id: desc}) { id }
        articles_aggregate { aggregate { count } nodes { id } } } }";
    assert_eq!(
        engine.data("reader", query).await,
        json!({"author": [
            {"id": 1, "articles": [{"id": 1}], "articles_aggregate": {"aggregate": {"count": 1}, "nodes": [{"id": 1}]}},
            {"id": 2, "articles": [{"id": 4}], "articles_aggregate": {"aggregate": {"count": 2}, "nodes": [{"id": 3}]}},
        ]})
    );
    // A hidden draft neither matches, nor counts, nor orders.
    assert_eq!(
        ids(
            &engine,
            "reader",
            "author",
            "where: {articles: {title: {_eq: \"Draft\"}}}"
        )
        .await,
        Vec::<i64>::new()
    );
    let counted = "where: {articles_aggregate: {count: {predicate: {_eq: 1}}}}";
    assert_eq!(ids(&engine, "reader", "author", counted).await, [1]);
    assert_eq!(
        ids(
            &engine,
            "reader",
            "author",
            "order_by: {articles_aggregate: {min: {title: asc}}}"
        )
        .await,
        [2, 1]
    );
    // A row that the role may not see is null, whatever the type of the field.
    let profiles = "{ author(order_by: {id: asc}) { profile { motto } } }";
    assert_eq!(
        engine.data("user", profiles).await,
        json!({"author": [{"profile": {"motto": "first"}}, {"profile": null}]})
    );
    for (role, query, message, path) in [
        (
            "anonymous",
            "{ article { author { id } } }",
            "field 'author' not found in type: 'article'",
            "$.selectionSet.article.selectionSet.author",
        ),
        (
            "anonymous",
            "{ article(where: {author: {id: {_eq: 1}}}) { id } }",
            "field 'author' not found in type: 'article_bool_exp'",
            "$.selectionSet.article.args.where.author",
        ),
        (
            "anonymous",
            "{ article(order_by: {author: {id: asc}}) { id } }",
            "field 'author' not found in type: 'article_order_by'",
            "$.selectionSet.article.args.order_by[0].author",
        ),
        (
            "critic",
            "{ author { articles_aggregate { aggregate { count } } } }",
            "field 'articles_aggregate' not found in type: 'author'",
            "$.selectionSet.author.selectionSet.articles_aggregate",
        ),
        (
            "reader",
            "{ article { id } }",
            "field 'article' not found in type: 'query_root'",
            "$.selectionSet.article",
        ),
        (
            "reader",
            "{ author { articles { is_published } } }",
            "field 'is_published' not found in type: 'article'",
            "$.selectionSet.author.selectionSet.articles.selectionSet.is_published",
        ),
    ] {
        let reply = engine.ask_as(role, query, json!({})).await;
        assert_eq!(reply, refusal(message, path, "validation-failed"));
    }
}

#[tokio::test]
async fn an_inherited_role_sees_what_any_parent_sees() {
    let engine = TestEngine::start().await;
    for role in ["both", "grandchild"] {
        let query = "{ article(order_by: {id: desc}) { id } article_by_pk(id: 1) { title } }";
        assert_eq!(
            engine.data(role, query).await,
            json!({"article": [{"id": 4}, {"id": 3}, {"id": 2}], "article_by_pk": {"title": "Out"}})
        );
    }
}

#[tokio::test]
async fn filters_look_into_tables_that_the_role_does_not_see() {
    let engine = TestEngine::start().await;
    let asked = |networks: &'static str| {
        let engine = &engine;
        async move {
            let headers = [
                ("x-hasura-admin-secret", SECRET),
                ("x-hasura-role", "anyone"),
                ("x-hasura-networks", networks),
            ];
            engine
                .ask(&headers, "{ author(order_by: {id: asc}) { id } }", json!({}))
                .await
        }
    };
    assert_eq!(
        asked("{one,three}").await,
        json!({"data": {"author": [{"id": 1}, {"id": 2}, {"id": 3}]}})
    );
    assert_eq!(asked("{three}").await, json!({"data": {"author": []}}));
    // Columns against columns: of the row in between, and of the row that is asked about.
    assert_eq!(
        ids(&engine, "likeness", "author", "order_by: {id: asc}").await,
        [1]
    );
}

#[tokio::test]
async fn a_relationship_that_rests_on_nothing_is_inconsistent() {
    let tables = "tests/fixtures/engine/metadata/databases/default/tables";
    let folder = tempfile::TempDir::new().unwrap();
    let copied = folder.path().join("databases/default/tables");
    std::fs::create_dir_all(&copied).unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("version.yaml", "version: 3");
    put(
        "databases/databases.yaml",
        &crate::repository::read("tests/fixtures/engine/metadata/databases/databases.yaml"),
    );
    put(
        "databases/default/tables/tables.yaml",
        "[\"!include author.yaml\", \"!include article.yaml\"]",
    );
    put(
        "databases/default/tables/article.yaml",
        &crate::repository::read(&format!("{tables}/public_article.yaml")),
    );
    put(
        "databases/default/tables/author.yaml",
        "table: {name: author, schema: public}
object_relationships:
  - {name: nothing, using: {foreign_key_constraint_on: bio}}
  - {name: stranger, using: {manual_configuration: {remote_table: networks, column_mapping: {id: id}}}}
  - {name: name, using: {manual_configuration: {remote_table: article, column_mapping: {id: id}}}}
array_relationships:
  - {name: wrong, using: {manual_configuration: {remote_table: article, column_mapping: {id: nope}}}}
  - {name: keyless, using: {foreign_key_constraint_on: {column: title, table: article}}}",
    );
    let engine = TestEngine::on(folder.path().to_str().unwrap(), &[]).await;
    let found: Vec<(&str, &str)> = engine
        .inconsistencies
        .iter()
        .map(|(name, reason)| (name.as_str(), reason.rsplit("\": ").next().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            (
                "author.nothing",
                "no foreign constraint exists on the given column(s)"
            ),
            ("author.stranger", "table \"networks\" does not exist"),
            (
                "author.name",
                "field definition conflicts with postgres column \"name\""
            ),
            ("author.wrong", "\"nope\" does not exist in table \"article\""),
            (
                "author.keyless",
                "no foreign constraint exists on the given column(s)"
            ),
        ]
    );
    // The rest is served.
    assert_eq!(
        ids(&engine, "admin", "author", "where: {id: {_eq: 1}}").await,
        [1]
    );
}
