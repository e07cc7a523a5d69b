//! A deletion beside everything else that the person may do at that moment: whoever is first, nothing of the account is left,
//! and everybody gets an answer that is one.

use std::sync::Arc;

use futures_util::future::{FutureExt, join_all};
use hasura_siwe::cli::wallet::Wallet;
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{OPEN, audit, delete, id, leaving, link_password, signed_in};
use crate::ends::session_of;
use crate::support::people::PASSWORD;
use crate::support::waiting::until_waiting;
use crate::support::{Reply, TestApp, wallet};

const MANY: (&str, &str) = ("DATABASE_POOL_SIZE", "24");

/// What is left of a user, by table.
async fn left(client: &Client, id: &str) -> Vec<String> {
    let rows = client
        .query(
            "select 'user' from auth.users where id = $1::text::uuid
             union all select 'wallet' from auth.wallets where user_id = $1::text::uuid
             union all select 'session' from auth.sessions where user_id = $1::text::uuid
             union all select 'credential' from auth.credentials where user_id = $1::text::uuid
             union all select 'account' from public.accounts where user_id = $1::text::uuid
             union all select action from auth.audit_log
               where user_id = $1::text::uuid and action <> 'delete_account'
                 and (address is not null or ip is not null or request_id is not null or detail <> '{}')
             union all select 'orphan' from auth.refresh_tokens t
               where not exists (select from auth.sessions s where s.id = t.session_id)",
            &[&id],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn code(reply: &Reply) -> String {
    match reply.status {
        200 => "ok".to_owned(),
        _ => reply.json()["code"].as_str().unwrap().to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_comes_at_once_nothing_of_the_account_is_left() {
    for _ in 0..4 {
        let app = TestApp::with(&[OPEN, MANY]).await;
        let (anna, second) = (wallet(), wallet());
        let address = anna.address().to_string();
        let session = signed_in(&app, &anna).await;
        link_password(&app, &session, &anna, "anna@mail.com", "anna").await;
        let tokens = join_all((0..6).map(|_| app.log_in(&anna))).await;
        let messages: Vec<_> = (0..10).map(|_| app.message(&anna)).collect();
        let linked = app.proof(&second, "link-wallet", &session).await;
        let by_wallet = leaving(&app, &anna, &session).await;

        let log_ins = messages.iter().map(|signed| app.log_in_with(signed).boxed());
        let restores = tokens.iter().map(|token| app.restore(token).boxed());
        let renames = (0..4).map(|_| {
            app.update(session.clone(), &["ethereum"], "Anna", &address)
                .boxed()
        });
        let link = async {
            let input = json!({"wallet": {"message": linked.message, "signature": linked.signature, "password": PASSWORD}});
            app.call("/actions/link-wallet", "v1LinkWallet", session.clone(), input)
                .await
        };
        let deletions = [json!({"password": PASSWORD}), by_wallet].map(|proof| delete(&app, &session, proof));
        let (replies, deleted) = tokio::join!(
            join_all(log_ins.chain(restores).chain(renames).chain([link.boxed()])),
            join_all(deletions)
        );

        let mut codes: Vec<String> = deleted.iter().map(code).collect();
        codes.sort_unstable();
        assert_eq!(
            codes,
            ["ok", "session_ended"],
            "one of them did it, and the other is told"
        );
        for reply in &replies {
            let allowed = [
                "ok",
                "refresh_token_invalid",
                "session_ended",
                "reauth_required",
                "account_disabled",
            ];
            assert!(allowed.contains(&code(reply).as_str()), "{reply:?}");
        }
        let client = app.db.connect().await;
        assert_eq!(left(&client, &id(&session)).await, Vec::<String>::new());
        assert_eq!(audit(&client, &id(&session)).await.0["action"], "delete_account");
        // Whoever came in by the old account is outside, and whoever came after it is somebody new.
        for reply in replies
            .iter()
            .take(messages.len())
            .filter(|reply| reply.status == 200)
        {
            let restored = app.restore(&reply.refresh_token()).await;
            let expected = if reply.user_id() == id(&session) {
                "refresh_token_invalid"
            } else {
                "ok"
            };
            assert_eq!(code(&restored), expected);
        }
    }
}

/// Somebody whose deletion has taken the user's row and waits for another of theirs.
struct UnderWay {
    holder: Client,
    watcher: Client,
    session: Value,
    deletion: tokio::task::JoinHandle<Reply>,
}

/// The tables of the first and of the last row that a deletion comes to.
const ROLES: &str = "auth.user_roles";
const SESSIONS: &str = "auth.sessions";

async fn under_way(app: &Arc<TestApp>, own: &Wallet, held: &str) -> UnderWay {
    let (holder, watcher) = (app.db.connect().await, app.db.connect().await);
    let session = signed_in(app, own).await;
    let proof = leaving(app, own, &session).await;
    holder
        .batch_execute("insert into auth.user_roles select id, 'admin', now() from auth.users")
        .await
        .unwrap();
    holder
        .batch_execute(&format!("begin; select from {held} for update"))
        .await
        .unwrap();
    let deletion = {
        let (app, session) = (Arc::clone(app), session.clone());
        tokio::spawn(async move { delete(&app, &session, proof).await })
    };
    until_waiting(&watcher, 1).await;
    UnderWay {
        holder,
        watcher,
        session,
        deletion,
    }
}

#[tokio::test]
async fn a_log_in_that_waited_for_the_deletion_is_somebody_new_with_an_account_of_its_own() {
    let app = Arc::new(TestApp::with(&[MANY]).await);
    let anna = wallet();
    let under_way = under_way(&app, &anna, ROLES).await;
    let log_in = {
        let (app, signed) = (Arc::clone(&app), app.message(&anna));
        tokio::spawn(async move { app.log_in_with(&signed).await })
    };
    until_waiting(&under_way.watcher, 2).await;
    let begun = std::time::Instant::now();
    under_way.holder.batch_execute("commit").await.unwrap();
    under_way.deletion.await.unwrap().assert_ok();
    let reply = log_in.await.unwrap();
    assert_ne!(reply.assert_ok().user_id(), id(&under_way.session));
    assert!(
        begun.elapsed() < std::time::Duration::from_millis(900),
        "the two waited for each other until PostgreSQL noticed"
    );
    assert_eq!(
        left(&under_way.watcher, &id(&under_way.session)).await,
        Vec::<String>::new()
    );
    let account = under_way
        .watcher
        .query_one("select user_id::text from public.accounts", &[])
        .await
        .unwrap();
    assert_eq!(account.get::<_, String>(0), reply.user_id());
}

#[tokio::test]
async fn whoever_waited_for_the_deletion_leaves_nothing_behind_it() {
    let app = Arc::new(TestApp::with(&[MANY]).await);
    let anna = wallet();
    let copied = app.log_in(&anna).await;
    app.restore(&copied).await.assert_ok();
    app.clock.advance(time::Duration::seconds(31));
    let under_way = under_way(&app, &anna, SESSIONS).await;
    // A copied token, whose session would end with a row of its own in the log, and a name.
    let reuse = {
        let app = Arc::clone(&app);
        tokio::spawn(async move { app.restore(&copied).await })
    };
    let rename = {
        let (app, session, address) = (
            Arc::clone(&app),
            under_way.session.clone(),
            anna.address().to_string(),
        );
        tokio::spawn(async move { app.update(session, &["ethereum"], "Anna", &address).await })
    };
    until_waiting(&under_way.watcher, 3).await;
    under_way.holder.batch_execute("commit").await.unwrap();
    under_way.deletion.await.unwrap().assert_ok();
    reuse.await.unwrap().assert_error(401, "refresh_token_invalid");
    let renamed = rename.await.unwrap();
    assert_ne!(renamed.status, 200, "{renamed:?}");
    assert_eq!(
        left(&under_way.watcher, &id(&under_way.session)).await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn what_a_restore_noted_while_the_deletion_waited_for_it_is_forgotten_too() {
    let app = Arc::new(TestApp::with(&[MANY]).await);
    let anna = wallet();
    let session = signed_in(&app, &anna).await;
    let (holder, watcher) = (app.db.connect().await, app.db.connect().await);
    // As the statement of a restore does that found a copy: it ends the session, notes the address, and has not committed.
    holder
        .batch_execute(
            "begin;
             update auth.sessions set ended_at = now(), reason = 'reuse';
             insert into auth.audit_log (at, action, result, user_id, actor, address, ip)
             select now(), 'restore_session', 'refresh_token_reused', user_id, 'user', address, '203.0.113.9'
             from auth.sessions",
        )
        .await
        .unwrap();
    let deletion = {
        let proof = leaving(&app, &anna, &session).await;
        let (app, session) = (Arc::clone(&app), session.clone());
        tokio::spawn(async move { delete(&app, &session, proof).await })
    };
    until_waiting(&watcher, 1).await;
    holder.batch_execute("commit").await.unwrap();
    deletion.await.unwrap().assert_ok();
    assert_eq!(left(&watcher, &id(&session)).await, Vec::<String>::new());
    let (_, before) = audit(&watcher, &id(&session)).await;
    assert!(
        before.iter().any(|row| row["result"] == "refresh_token_reused"),
        "{before:?}"
    );
}

#[tokio::test]
async fn a_deletion_that_stands_in_a_circle_with_the_app_s_own_writes_begins_again() {
    let app = Arc::new(TestApp::with(&[MANY]).await);
    let anna = wallet();
    let session = signed_in(&app, &anna).await;
    let (holder, watcher) = (app.db.connect().await, app.db.connect().await);
    let insert = "insert into public.notes select id from auth.users";
    holder
        .batch_execute(&format!(
            "create table public.notes (user_id uuid references auth.users (id) on delete cascade);
             {insert};
             begin; select from public.notes for update"
        ))
        .await
        .unwrap();
    let deletion = {
        let proof = leaving(&app, &anna, &session).await;
        let (app, session) = (Arc::clone(&app), session.clone());
        tokio::spawn(async move { delete(&app, &session, proof).await })
    };
    until_waiting(&watcher, 1).await;
    // It wants the row of the user, which the deletion has, which waits for the note: PostgreSQL ends whoever waited longest.
    let wrote = holder.batch_execute(insert).await;
    let ended = if wrote.is_ok() { "commit" } else { "rollback" };
    holder.batch_execute(ended).await.unwrap();
    deletion.await.unwrap().assert_ok();
    assert_eq!(left(&watcher, &id(&session)).await, Vec::<String>::new());
    let notes = watcher.query("select from public.notes", &[]).await.unwrap();
    assert_eq!(notes.len(), 0);
}

#[tokio::test]
async fn a_ban_and_a_deletion_at_once_come_one_after_the_other() {
    let app = Arc::new(TestApp::with(&[MANY]).await);
    for _ in 0..6 {
        let anna = wallet();
        let session = session_of(&app.log_in_with(&app.message(&anna)).await);
        let whose = anna.address().to_string().parse().unwrap();
        let proof = leaving(&app, &anna, &session).await;
        let (deleted, disabled) = tokio::join!(
            delete(&app, &session, proof),
            app.app_service.db().disable(&whose)
        );
        let client = app.db.connect().await;
        let there = client
            .query(
                "select disabled_at is not null from auth.users where id = $1::text::uuid",
                &[&id(&session)],
            )
            .await
            .unwrap();
        match deleted.status {
            200 => assert!(there.is_empty()),
            _ => assert!(there[0].get::<_, bool>(0), "{deleted:?} {disabled:?}"),
        }
    }
}
