//! What waits in the database, so that a test knows that somebody has come as far as that.

use std::time::Duration;

use tokio_postgres::Client;

/// Until so many statements of the service wait, for a lock, for the clock or for a standby; their backends, the first to
/// come first.
pub async fn until_waiting(client: &Client, many: usize) -> Vec<i32> {
    for _ in 0..400 {
        let rows = client
            .query(
                "select pid from pg_stat_activity
                 where datname = current_database() and state = 'active' and application_name = 'hasura-siwe'
                   and (wait_event_type = 'Lock' or wait_event in ('PgSleep', 'SyncRep'))
                 order by query_start",
                &[],
            )
            .await
            .unwrap();
        if rows.len() >= many {
            return rows.iter().map(|row| row.get(0)).collect();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no {many} statements wait");
}
