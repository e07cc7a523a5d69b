//! Two operators at once: one of them makes the change, and the log says so once.

use hasura_siwe::model::{ClaimName, ClaimValue, RoleName, Whose};
use hasura_siwe::storage::{Added, Changed, NewClaim, Removed, RoleChange};

use super::{TestApp, noted, wallet};

/// How many at once.
const OPERATORS: usize = 8;

async fn all<T>(tries: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    futures_util::future::join_all(tries).await
}

#[tokio::test]
async fn of_equal_changes_at_once_one_is_made_and_recorded() {
    let app = TestApp::start().await;
    let db = app.app_service.db();
    let alice = wallet();
    let whose: Whose = alice.address().to_string().parse().unwrap();
    let role: RoleName = "editor".parse().unwrap();
    let name: ClaimName = "x-hasura-team".parse().unwrap();
    let value: ClaimValue = "blue".parse().unwrap();
    let ids: Vec<uuid::Uuid> = (1..=OPERATORS)
        .map(|n| uuid::Uuid::from_u128(n as u128))
        .collect();

    let added = all((0..OPERATORS).map(|_| db.add_role(&role))).await;
    assert_eq!(
        added
            .into_iter()
            .filter(|added| *added.as_ref().unwrap() == Added::Now)
            .count(),
        1
    );

    // The address is new, so all of them make its user, and one user comes into being.
    let granted = all(ids.iter().map(|id| {
        let (whose, role, user_id) = (&whose, &role, *id);
        async move { db.grant_role(&RoleChange { whose, role, user_id }).await.unwrap() }
    }))
    .await;
    assert_eq!(
        granted
            .iter()
            .filter(|granted| **granted != Changed::Already)
            .count(),
        1,
        "{granted:?}"
    );
    let client = app.db.connect().await;
    assert_eq!(
        client.query("select from auth.users", &[]).await.unwrap().len(),
        1
    );

    let claimed = all(ids.iter().map(|id| {
        let (whose, name, value, user_id) = (&whose, &name, &value, *id);
        async move {
            db.set_claim(&NewClaim {
                whose,
                name,
                value,
                user_id,
            })
            .await
            .unwrap()
        }
    }))
    .await;
    assert_eq!(
        claimed.iter().filter(|claimed| **claimed == Changed::Now).count(),
        1,
        "{claimed:?}"
    );

    for _ in 0..3 {
        app.log_in(&alice).await;
    }
    let disabled = all((0..OPERATORS).map(|_| db.disable(&whose))).await;
    let disabled: Vec<_> = disabled
        .into_iter()
        .map(|ended| ended.unwrap().unwrap())
        .collect();
    assert_eq!(disabled.iter().filter(|ended| ended.changed).count(), 1);
    assert_eq!(disabled.iter().map(|ended| ended.sessions).sum::<i64>(), 3);
    let revoked = all((0..OPERATORS).map(|_| db.revoke_role(&whose, &role))).await;
    assert_eq!(
        revoked
            .into_iter()
            .filter(|revoked| *revoked.as_ref().unwrap() == Changed::Now)
            .count(),
        1
    );
    assert_eq!(
        noted(&app).await,
        [
            "add_role",
            "grant_role",
            "set_claim",
            "disable_account",
            "revoke_role"
        ]
    );
}

#[tokio::test]
async fn a_role_is_not_removed_under_a_grant() {
    let app = TestApp::start().await;
    let db = app.app_service.db();
    let role: RoleName = "editor".parse().unwrap();
    db.add_role(&role).await.unwrap();
    let whose: Whose = wallet().address().to_string().parse().unwrap();
    // A grant that has written and not committed.
    let mut client = app.db.connect().await;
    client
        .execute(
            "insert into auth.users (id, created_at) values (gen_random_uuid(), now())",
            &[],
        )
        .await
        .unwrap();
    let grant = client.transaction().await.unwrap();
    grant
        .execute(
            "insert into auth.user_roles select id, 'editor', now() from auth.users",
            &[],
        )
        .await
        .unwrap();
    let (removed, ()) = tokio::join!(db.remove_role(&role), async {
        let watcher = app.db.connect().await;
        while watcher
            .query("select from pg_locks where not granted", &[])
            .await
            .unwrap()
            .is_empty()
        {
            tokio::task::yield_now().await;
        }
        grant.commit().await.unwrap();
    });
    assert_eq!(removed.unwrap(), Removed::Held);
    client.execute("delete from auth.user_roles", &[]).await.unwrap();

    // And the other way round: whoever comes second finds no role, or a holder.
    let user_id = uuid::Uuid::from_u128(1);
    let change = RoleChange {
        whose: &whose,
        role: &role,
        user_id,
    };
    let (removed, granted) = tokio::join!(db.remove_role(&role), db.grant_role(&change));
    let outcome = (removed.unwrap(), granted.unwrap());
    assert!(
        matches!(
            outcome,
            (Removed::Now, Changed::NoRole) | (Removed::Held, Changed::NowAndNew)
        ),
        "{outcome:?}"
    );
}
