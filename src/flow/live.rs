//! Which sessions live, kept in memory and honest.
//!
//! An entry is what the database said when it was asked. It is dropped when the database announces a
//! change, and none is believed once the announcements can no longer be trusted: then the database is
//! asked every time. So an end that was committed is noticed at once where the listener hears it, and
//! after [`TRUST`] at the latest where it has gone deaf without a word.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics::{Counter, counter};
use moka::sync::Cache;
use time::OffsetDateTime;
use uuid::Uuid;

use super::memory;
use crate::storage::{Announcement, LiveSession};

/// How long after the listener's last sign of life what is kept may be believed.
pub(super) const TRUST: Duration = Duration::from_secs(4);
/// How long a session is kept at most: a bound for a fault of ours.
const LONGEST: Duration = Duration::from_secs(60);

/// What is known of a session; `None` is known to have ended, which is final.
#[derive(Clone, Debug)]
struct Known(Option<(Arc<LiveSession>, OffsetDateTime)>);

type Sessions = Cache<Uuid, Known>;

/// A cache that is bounded in bytes and in age.
fn cache() -> Sessions {
    Cache::builder()
        .weigher(|_, known: &Known| known.weight())
        .max_capacity(memory::OF_SESSIONS)
        .time_to_live(LONGEST)
        .build()
}

impl Known {
    fn weight(&self) -> u32 {
        let session = self.0.as_ref().map_or(0, |(session, _)| {
            let roles = session
                .roles
                .iter()
                .map(|role| size_of::<String>() + memory::text(role));
            size_of::<LiveSession>()
                + session.address_text.as_deref().map_or(0, memory::text)
                + roles.sum::<usize>()
                + memory::map(session.claims.iter())
        });
        memory::entry(size_of::<Self>() + session)
    }
}

/// The sessions kept, and how far they can be believed.
#[derive(Debug)]
pub(super) struct LiveSessions {
    sessions: Sessions,
    /// Counts announcements, so that an answer that one has overtaken is not kept.
    heard: AtomicU64,
    last_sign_of_life: Mutex<Option<Instant>>,
    hits: Counter,
    misses: Counter,
}

/// A mark taken before the database is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(u64);

impl LiveSessions {
    pub(super) fn new() -> Self {
        Self {
            sessions: cache(),
            heard: AtomicU64::new(0),
            last_sign_of_life: Mutex::new(None),
            hits: counter!("hasura_siwe_session_cache_lookups_total", "result" => "hit"),
            misses: counter!("hasura_siwe_session_cache_lookups_total", "result" => "miss"),
        }
    }

    /// How many sessions are kept.
    pub(super) fn len(&self) -> u64 {
        self.sessions.entry_count()
    }

    /// What is kept of a session and can be believed `now`: `Some(None)` if it is known to have ended.
    /// One whose time has passed may have been restored since, so the database is asked.
    pub(super) fn get(&self, id: Uuid, now: OffsetDateTime) -> Option<Option<Arc<LiveSession>>> {
        let known = self.known(id, now);
        match known {
            Some(_) => self.hits.increment(1),
            None => self.misses.increment(1),
        }
        known
    }

    fn known(&self, id: Uuid, now: OffsetDateTime) -> Option<Option<Arc<LiveSession>>> {
        if !self.is_trusted() {
            return None;
        }
        match self.sessions.get(&id)? {
            Known(None) => Some(None),
            Known(Some((session, until))) => (now < until).then_some(Some(session)),
        }
    }

    /// To be taken before the database is asked.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.heard.load(Ordering::SeqCst))
    }

    /// Keeps what the database answered, unless something was announced since `mark`: the answer may
    /// then be older than the announcement.
    pub(super) fn keep(&self, id: Uuid, answer: Option<Arc<LiveSession>>, mark: Mark, now: OffsetDateTime) {
        let until = answer.map(|session| {
            let until = now + session.lives_for;
            (session, until)
        });
        self.sessions.insert(id, Known(until));
        // Checked after the insert: an announcement that comes now drops the entry itself.
        if self.heard.load(Ordering::SeqCst) != mark.0 {
            self.sessions.invalidate(&id);
        }
    }

    /// Takes an announcement in. Only a sign of life renews the trust: an announcement may be old by the
    /// time it is read.
    pub(super) fn hear(&self, announcement: Announcement) {
        match announcement {
            Announcement::Heard => self.trust_from(Some(Instant::now())),
            Announcement::Connected => {
                self.forget_all();
                self.trust_from(Some(Instant::now()));
            }
            Announcement::ManyChanged => self.forget_all(),
            Announcement::SessionEnded(id) => {
                self.heard.fetch_add(1, Ordering::SeqCst);
                self.sessions.invalidate(&id);
            }
            Announcement::UserChanged(user) => {
                self.heard.fetch_add(1, Ordering::SeqCst);
                // Few at a time, for many come as `ManyChanged`: a walk costs less than an index would.
                for (id, Known(known)) in &self.sessions {
                    if known.is_none_or(|(session, _)| session.user_id == user) {
                        self.sessions.invalidate(id.as_ref());
                    }
                }
            }
            Announcement::KeysChanged => {}
        }
    }

    fn forget_all(&self) {
        self.heard.fetch_add(1, Ordering::SeqCst);
        self.sessions.invalidate_all();
    }

    fn trust_from(&self, sign_of_life: Option<Instant>) {
        *self
            .last_sign_of_life
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = sign_of_life;
    }

    /// The listener has ended: nothing is believed from now on.
    pub(super) fn lose_trust(&self) {
        self.trust_from(None);
    }

    fn is_trusted(&self) -> bool {
        let last = *self
            .last_sign_of_life
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() < TRUST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Flow;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2030-01-01 12:00 UTC);
    const ID: Uuid = Uuid::from_u128(1);

    fn session(user: u128) -> Arc<LiveSession> {
        Arc::new(LiveSession {
            user_id: Uuid::from_u128(user),
            flow: Some(Flow::Siwe),
            address: None,
            address_text: None,
            contract_on: None,
            roles: Vec::new(),
            claims: Default::default(),
            lives_for: Duration::from_secs(100),
        })
    }

    // Issue 14, item 4.
    #[test]
    fn a_flood_of_sessions_with_long_claims_fills_the_cache_to_its_bytes_and_no_further() {
        let live = trusted();
        let claims = |number: u32| (format!("x-hasura-claim-{number}"), "v".repeat(250));
        let session = Arc::new(LiveSession {
            claims: (0..20).map(claims).collect(),
            roles: vec!["moderator".to_owned(); 10],
            ..LiveSession::clone(&session(7))
        });
        for number in 0..20_000 {
            // A session of its own for each entry, as the database gives it.
            let session = Arc::new(LiveSession::clone(&session));
            live.keep(Uuid::from_u128(number), Some(session), live.mark(), NOW);
        }
        live.sessions.run_pending_tasks();
        let (kept, bytes) = (live.len(), live.sessions.weighted_size());
        assert!(bytes <= memory::OF_SESSIONS, "{bytes} bytes");
        // Each has more than 5,000 bytes of claims alone.
        assert!(
            kept > 2_000 && bytes / kept > 5_000,
            "{bytes} bytes of {kept} sessions"
        );
    }

    fn trusted() -> LiveSessions {
        let live = LiveSessions::new();
        live.hear(Announcement::Connected);
        live
    }

    #[test]
    fn nothing_is_believed_before_the_listener_is_up_or_after_it_is_gone() {
        let live = LiveSessions::new();
        live.keep(ID, Some(session(7)), live.mark(), NOW);
        assert!(live.get(ID, NOW).is_none());
        live.hear(Announcement::Heard);
        assert!(live.get(ID, NOW).is_some());
        live.lose_trust();
        assert!(live.get(ID, NOW).is_none());
        live.hear(Announcement::Connected);
        assert!(
            live.get(ID, NOW).is_none(),
            "a new connection has heard nothing of what was missed"
        );
    }

    #[test]
    fn an_announcement_drops_what_it_concerns_and_nothing_else() {
        let live = trusted();
        let other = Uuid::from_u128(2);
        live.keep(ID, Some(session(7)), live.mark(), NOW);
        live.keep(other, Some(session(8)), live.mark(), NOW);
        live.hear(Announcement::SessionEnded(ID));
        assert!(live.get(ID, NOW).is_none() && live.get(other, NOW).is_some());
        live.hear(Announcement::UserChanged(Uuid::from_u128(8)));
        assert!(live.get(other, NOW).is_none());
    }

    #[test]
    fn an_answer_that_an_announcement_overtook_is_not_kept() {
        let live = trusted();
        let mark = live.mark();
        live.hear(Announcement::SessionEnded(ID));
        live.keep(ID, Some(session(7)), mark, NOW);
        assert!(live.get(ID, NOW).is_none());
    }

    #[test]
    fn what_was_true_until_its_end_is_asked_again_and_what_has_ended_is_not() {
        let live = trusted();
        live.keep(ID, Some(session(7)), live.mark(), NOW);
        assert!(live.get(ID, NOW + Duration::from_secs(99)).unwrap().is_some());
        assert!(live.get(ID, NOW + Duration::from_secs(100)).is_none());
        live.keep(ID, None, live.mark(), NOW);
        assert!(live.get(ID, NOW).unwrap().is_none());
    }
}
