//! Writing to tables: what Hasura would do is refused by name.

use serde_json::json;

use super::support::{TestEngine, refusal};

#[tokio::test]
async fn writing_is_refused_by_name() {
    let engine = TestEngine::start().await;
    for field in [
        "insert_author",
        "insert_author_one",
        "update_article_by_pk",
        "update_author_many",
        "delete_pair_use",
    ] {
        let reply = engine
            .ask_as("admin", &format!("mutation {{ {field} {{ id }} }}"), json!({}))
            .await;
        let message = format!("the local engine does not support {field}");
        assert_eq!(
            reply,
            refusal(&message, &format!("$.selectionSet.{field}"), "not-supported")
        );
    }
    // A role that may write in Hasura is told so; another does not know the field, there as here.
    for (field, message, code) in [
        (
            "insert_profile_one",
            "the local engine does not support insert_profile_one",
            "not-supported",
        ),
        (
            "delete_profile",
            "field 'delete_profile' not found in type: 'mutation_root'",
            "validation-failed",
        ),
    ] {
        let reply = engine
            .ask_as("user", &format!("mutation {{ {field} {{ motto }} }}"), json!({}))
            .await;
        assert_eq!(reply, refusal(message, &format!("$.selectionSet.{field}"), code));
    }
}
