//! What the database announces: ends of sessions, changes of what a user may do, changes of keys.
//!
//! One connection of its own listens. It also asks the server once a second whether it is still
//! there: a connection that died without a word would otherwise look like a quiet one, and what is
//! kept in memory would be believed for ever.

use std::future::poll_fn;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_postgres::AsyncMessage;
use uuid::Uuid;

use super::Error;
use super::connect::connect_for_messages;
use crate::config::Database;

/// Something that other processes, or this one, have just committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announcement {
    /// The connection is new: whatever was announced before was not heard.
    Connected,
    /// The connection answered just now, so nothing has been missed until now.
    Heard,
    /// This session has ended.
    SessionEnded(Uuid),
    /// What this user's tokens may do has changed.
    UserChanged(Uuid),
    /// The signing keys have changed.
    KeysChanged,
}

const CHANNEL: &str = "hasura_siwe";
/// How often the connection is asked for a sign of life, and how long it may take to give one.
const HEARTBEAT: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(2);

/// Listens on a connection of its own and hands every announcement to `hear`, until the connection
/// ends.
///
/// # Errors
/// [`Error`] with the reason why it ended, or could not be made.
pub async fn listen(database: &Database, hear: impl Fn(Announcement)) -> Result<(), Error> {
    let (client, mut connection) = connect_for_messages(database).await?;
    let (sender, mut messages) = mpsc::unbounded_channel();
    let reader = tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if sender.send(message).is_err() {
                break;
            }
        }
    });
    let outcome = async {
        client.batch_execute(&format!("listen {CHANNEL}")).await?;
        hear(Announcement::Connected);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            tokio::select! {
                message = messages.recv() => match message {
                    Some(Ok(AsyncMessage::Notification(notification))) => {
                        if let Some(announcement) = parse(notification.payload()) {
                            hear(announcement);
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(Error::Postgres(error)),
                    None => return Err(Error::Content("the listening connection ended")),
                },
                _ = heartbeat.tick() => {
                    match tokio::time::timeout(PATIENCE, client.batch_execute("")).await {
                        Ok(answered) => answered?,
                        Err(_) => return Err(Error::Content("the listening connection fell silent")),
                    }
                    // What was announced before the answer is already in the channel: it counts first.
                    while let Ok(message) = messages.try_recv() {
                        if let AsyncMessage::Notification(notification) = message?
                            && let Some(announcement) = parse(notification.payload())
                        {
                            hear(announcement);
                        }
                    }
                    hear(Announcement::Heard);
                }
            }
        }
    }
    .await;
    reader.abort();
    outcome
}

fn parse(payload: &str) -> Option<Announcement> {
    let (kind, id) = payload.split_once(':')?;
    match kind {
        "s" => Uuid::parse_str(id).ok().map(Announcement::SessionEnded),
        "u" => Uuid::parse_str(id).ok().map(Announcement::UserChanged),
        "k" => Some(Announcement::KeysChanged),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_schema_announces_is_passed_over() {
        let id = Uuid::from_u128(7);
        assert_eq!(parse(&format!("s:{id}")), Some(Announcement::SessionEnded(id)));
        assert_eq!(parse(&format!("u:{id}")), Some(Announcement::UserChanged(id)));
        assert_eq!(parse("k:"), Some(Announcement::KeysChanged));
        for unknown in ["", "s", "s:x", "z:1"] {
            assert_eq!(parse(unknown), None, "{unknown}");
        }
    }
}
