//! Restores that come while others are under way share a statement: each is answered as if it had come alone.
//!
//! Two restores wait for rows that somebody holds, and shall keep nobody waiting with them. Of all that comes at once then
//! the first goes alone, and most of the others together.

use futures_util::future::join_all;
use time::Duration;
use tokio_postgres::Client;

use crate::support::waiting::until_waiting;
use crate::support::{Reply, TestApp, wallet};

/// Somebody who holds the rows of two sessions, whose restores wait for it.
struct Busy {
    holder: Client,
    waiting: Vec<tokio::task::JoinHandle<Reply>>,
}

async fn busy(app: &std::sync::Arc<TestApp>) -> Busy {
    let holder = app.db.connect().await;
    let watcher = app.db.connect().await;
    let tokens = [app.log_in(&wallet()).await, app.log_in(&wallet()).await];
    holder
        .batch_execute("begin; select id from auth.sessions order by created_at desc limit 2 for update")
        .await
        .unwrap();
    let mut waiting = Vec::new();
    for token in tokens {
        let app = std::sync::Arc::clone(app);
        waiting.push(tokio::spawn(async move { app.restore(&token).await }));
        until_waiting(&watcher, waiting.len()).await;
    }
    Busy { holder, waiting }
}

impl Busy {
    async fn let_go(self) {
        self.holder.batch_execute("commit").await.unwrap();
        for answer in self.waiting {
            answer.await.unwrap().assert_ok();
        }
    }
}

/// In how many transactions the sessions of these heads were changed last.
async fn statements(client: &Client, tokens: &[String]) -> i64 {
    let row = client
        .query_one(
            "select count(distinct s.xmin::text)
             from auth.sessions s
             join auth.refresh_tokens t on t.session_id = s.id
             where t.hash in (select sha256(uuid_send(token::uuid)) from unnest($1::text[]) as token)",
            &[&tokens],
        )
        .await
        .unwrap();
    row.get(0)
}

/// Runs an update on the sessions of these tokens alone: others may be held.
async fn of_these(app: &TestApp, update: &str, tokens: &[&str]) {
    let sql = format!(
        "{update}
         where id in (select session_id from auth.refresh_tokens
                      where hash in (select sha256(uuid_send(token::uuid)) from unnest($1::text[]) as token))"
    );
    let changed = app.db.connect().await.execute(&sql, &[&tokens]).await.unwrap();
    assert_eq!(changed, tokens.len() as u64);
}

#[tokio::test]
async fn each_restore_of_many_is_answered_for_its_own_session() {
    let app = std::sync::Arc::new(TestApp::start().await);
    let mut tokens = Vec::new();
    let mut people = Vec::new();
    for _ in 0..40 {
        let alice = wallet();
        tokens.push(app.log_in(&alice).await);
        people.push(alice.address().to_string());
    }
    let busy = busy(&app).await;
    let replies = join_all(tokens.iter().map(|token| app.restore(token))).await;
    for (reply, address) in replies.iter().zip(&people) {
        let hasura = &reply.claims()["https://hasura.io/jwt/claims"];
        assert_eq!(hasura["x-hasura-address"], *address);
    }
    let client = app.db.connect().await;
    assert!(
        statements(&client, &tokens).await <= 20,
        "most of them went together"
    );
    // While the two still wait, their successors are good as well.
    let heads: Vec<String> = replies.iter().map(Reply::refresh_token).collect();
    for reply in join_all(heads.iter().map(|token| app.restore(token))).await {
        reply.assert_ok();
    }
    busy.let_go().await;
}

#[tokio::test]
async fn a_copy_among_many_ends_its_session_and_no_other() {
    let app = std::sync::Arc::new(TestApp::start().await);
    let (stolen, unknown) = (app.log_in(&wallet()).await, uuid::Uuid::from_u128(7).to_string());
    let head = app.restore(&stolen).await.assert_ok().refresh_token();
    app.clock.advance(Duration::seconds(31));
    let mut honest = Vec::new();
    for _ in 0..10 {
        honest.push(app.log_in(&wallet()).await);
    }
    let busy = busy(&app).await;
    let all = [&stolen, &unknown].into_iter().chain(&honest);
    let replies = join_all(all.map(|token| app.restore(token))).await;
    replies[0].assert_error(401, "refresh_token_invalid");
    replies[1].assert_error(401, "refresh_token_invalid");
    for reply in &replies[2..] {
        reply.assert_ok();
    }
    app.restore(&head)
        .await
        .assert_error(401, "refresh_token_invalid");
    let noted = app
        .db
        .connect()
        .await
        .query_one(
            "select count(*) from auth.audit_log where result = 'refresh_token_reused' and request_id is not null",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(noted.get::<_, i64>(0), 1);
    busy.let_go().await;
}

#[tokio::test]
async fn a_head_and_its_predecessor_among_many_lead_to_one_head() {
    let app = std::sync::Arc::new(TestApp::start().await);
    let mut pairs = Vec::new();
    for _ in 0..10 {
        let spent = app.log_in(&wallet()).await;
        let head = app.restore(&spent).await.assert_ok().refresh_token();
        pairs.push((spent, head));
    }
    let busy = busy(&app).await;
    let replies = join_all(pairs.iter().map(async |(spent, head)| {
        let (retry, next) = tokio::join!(app.restore(spent), app.restore(head));
        (retry, next)
    }))
    .await;
    busy.let_go().await;
    for ((_, head), (retry, next)) in pairs.iter().zip(&replies) {
        // Whichever of a pair was judged first: the predecessor leads to the head of that moment.
        let successor = next.assert_ok().refresh_token();
        let of_retry = retry.assert_ok().refresh_token();
        assert!(of_retry == *head || of_retry == successor, "{retry:?}");
        app.restore(&successor).await.assert_ok();
    }
}

// Issue 14, items 4 and 5.
#[tokio::test]
async fn tokens_that_were_replaced_twice_lead_to_their_heads_among_many_until_they_are_limited() {
    let app = std::sync::Arc::new(TestApp::start().await);
    let mut sessions = Vec::new();
    for _ in 0..10 {
        let first = app.log_in(&wallet()).await;
        let second = app.restore(&first).await.assert_ok().refresh_token();
        let head = app.restore(&second).await.assert_ok().refresh_token();
        sessions.push((first, head));
    }
    let busy = busy(&app).await;
    let retries = async || join_all(sessions.iter().map(|(first, _)| app.restore(first))).await;
    for (reply, (_, head)) in retries().await.iter().zip(&sessions) {
        assert_eq!(reply.assert_ok().refresh_token(), *head);
    }
    let heads: Vec<&str> = sessions.iter().map(|(_, head)| head.as_str()).collect();
    let limited = "update auth.sessions set retries_used_until = now() + interval '1 hour'";
    of_these(&app, limited, &heads).await;
    for reply in retries().await {
        reply.assert_error(429, "rate_limited");
    }
    for reply in join_all(heads.iter().map(|head| app.restore(head))).await {
        reply.assert_ok();
    }
    busy.let_go().await;
}

// Issue 14, item 3.
#[tokio::test]
async fn tokens_of_limited_sessions_among_many_are_told_to_wait_and_stay_good() {
    let app = std::sync::Arc::new(TestApp::start().await);
    let mut tokens = Vec::new();
    for _ in 0..10 {
        tokens.push(app.log_in(&wallet()).await);
    }
    let heads: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let limited = "update auth.sessions set restores_used_until = now() + interval '128 seconds'";
    of_these(&app, limited, &heads).await;
    let busy = busy(&app).await;
    for reply in join_all(tokens.iter().map(|token| app.restore(token))).await {
        reply.assert_error(429, "rate_limited");
    }
    app.clock.advance(Duration::seconds(11));
    for reply in join_all(tokens.iter().map(|token| app.restore(token))).await {
        reply.assert_ok();
    }
    busy.let_go().await;
}

#[tokio::test]
async fn a_session_that_is_busy_keeps_only_its_own_restore_waiting() {
    let app = std::sync::Arc::new(TestApp::start().await);
    let mut tokens = Vec::new();
    for _ in 0..10 {
        tokens.push(app.log_in(&wallet()).await);
    }
    let held = app.log_in(&wallet()).await;
    let holder = app.db.connect().await;
    holder
        .batch_execute("begin; select id from auth.sessions order by created_at desc limit 1 for update")
        .await
        .unwrap();
    let busy = busy(&app).await;
    let late = {
        let app = std::sync::Arc::clone(&app);
        tokio::spawn(async move { app.restore(&held).await })
    };
    for reply in join_all(tokens.iter().map(|token| app.restore(token))).await {
        reply.assert_ok();
    }
    assert!(!late.is_finished());
    holder.batch_execute("commit").await.unwrap();
    late.await.unwrap().assert_ok();
    busy.let_go().await;
}

#[tokio::test]
async fn a_token_of_another_way_to_sign_in_is_refused_among_many_and_stays_good() {
    let app = std::sync::Arc::new(TestApp::start().await);
    let mut tokens = Vec::new();
    for _ in 0..5 {
        tokens.push(app.log_in(&wallet()).await);
    }
    let busy = busy(&app).await;
    let elsewhere = async |token: &String| {
        let input = serde_json::json!({"request": {"refreshToken": token}});
        app.call("/actions/refresh", "refresh", crate::support::app::guest(), input)
            .await
    };
    for reply in join_all(tokens.iter().map(elsewhere)).await {
        reply.assert_error(401, "refresh_token_invalid");
    }
    for reply in join_all(tokens.iter().map(|token| app.restore(token))).await {
        reply.assert_ok();
    }
    busy.let_go().await;
}
