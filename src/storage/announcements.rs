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
    /// So many have changed that it costs less to believe nothing than to tell them apart.
    ManyChanged,
    /// The signing keys have changed.
    KeysChanged,
}

const CHANNEL: &str = "hasura_siwe";
/// How often the connection is asked for a sign of life, and how long it may take to give one.
const HEARTBEAT: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(2);
/// Messages that may wait for us. Whoever may connect to the database may also notify, as often as
/// they like: who falls behind begins anew rather than growing.
const WAITING: usize = 4096;
/// Changes in one batch that are told apart.
const APART: usize = 64;

/// Listens on a connection of its own and hands every announcement to `hear`, until the connection
/// ends.
///
/// # Errors
/// [`Error`] with the reason why it ended, or could not be made.
pub async fn listen(database: &Database, hear: impl Fn(Announcement)) -> Result<(), Error> {
    let (client, mut connection) = connect_for_messages(database).await?;
    let (sender, mut messages) = mpsc::channel(WAITING);
    let reader = tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            // A full channel ends the reader, and with it the connection.
            if sender.try_send(message).is_err() {
                break;
            }
        }
    });
    let outcome = async {
        let listen = format!("listen {CHANNEL}");
        tokio::time::timeout(PATIENCE, client.batch_execute(&listen))
            .await
            .map_err(|_| Error::Silent)??;
        hear(Announcement::Connected);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            tokio::select! {
                message = messages.recv() => {
                    let message = message.ok_or(Error::Content("the listening connection ended"))?;
                    hear_all(message, &mut messages, &hear)?;
                }
                _ = heartbeat.tick() => {
                    match tokio::time::timeout(PATIENCE, client.batch_execute("")).await {
                        Ok(answered) => answered?,
                        Err(_) => return Err(Error::Silent),
                    }
                    // What was announced before the answer is already in the channel: it counts first.
                    if let Ok(message) = messages.try_recv() {
                        hear_all(message, &mut messages, &hear)?;
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

type Message = Result<AsyncMessage, tokio_postgres::Error>;

/// Takes in `first` and what waits behind it, each change once. No more than can wait at one time: of
/// what keeps coming, the rest is the next batch.
fn hear_all(
    first: Message,
    waiting: &mut mpsc::Receiver<Message>,
    hear: &impl Fn(Announcement),
) -> Result<(), Error> {
    let mut batch = Vec::new();
    for message in std::iter::once(first).chain(std::iter::from_fn(|| waiting.try_recv().ok()).take(WAITING))
    {
        if let AsyncMessage::Notification(notification) = message?
            && let Some(announcement) = parse(notification.payload())
            && (batch.len() > APART || !batch.contains(&announcement))
        {
            batch.push(announcement);
        }
    }
    if batch.len() > APART {
        hear(Announcement::ManyChanged);
        batch.retain(|announcement| *announcement == Announcement::KeysChanged);
        batch.truncate(1);
    }
    batch.into_iter().for_each(hear);
    Ok(())
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
