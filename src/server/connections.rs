//! The open connections of a listener: how many there may be, and which one is closed when another finds no place.
//!
//! That is the one that has been idle longest, else the one whose head has been incomplete longest. A connection with a request
//! in flight, from the end of its head to the last byte of its answer, is never closed for another.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tracing::warn;

/// How often the log says that connections are closed for others.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// What a connection does, in the order in which connections are closed for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u64)]
enum State {
    /// It waits for the first byte of a request.
    Idle,
    /// A part of a head has arrived.
    Head,
    /// It is about to be closed.
    Closing,
    /// A request is in flight.
    Busy,
}

impl State {
    /// The state and the moment of its beginning in one number, so that both change at once.
    fn since(self, tick: u64) -> u64 {
        tick << 2 | self as u64
    }

    fn of(encoded: u64) -> Self {
        match encoded & 3 {
            0 => Self::Idle,
            1 => Self::Head,
            2 => Self::Closing,
            _ => Self::Busy,
        }
    }
}

/// The connections of a listener.
#[derive(Debug)]
pub(super) struct Connections {
    places: Arc<Semaphore>,
    limit: usize,
    open: Mutex<HashMap<u64, Arc<Activity>>>,
    /// Counts the changes of all states: the smaller number is the older one.
    ticks: AtomicU64,
    /// A new connection waits for a place and is notified when one becomes idle.
    is_full: AtomicBool,
    changed: Notify,
    warned_at: Mutex<Option<Instant>>,
}

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    state: AtomicU64,
    close: Notify,
}

/// A connection's place among the others. Dropping it makes room.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    id: u64,
    activity: Arc<Activity>,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(limit)),
            limit,
            open: Mutex::default(),
            ticks: AtomicU64::new(0),
            is_full: AtomicBool::new(false),
            changed: Notify::new(),
            warned_at: Mutex::default(),
        })
    }

    /// A place for a new connection. Where all are taken another connection is closed for it; while each of them has a request
    /// in flight, it waits.
    pub(super) async fn place(self: &Arc<Self>) -> Place {
        let permit = loop {
            if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
                break permit;
            }
            // Before the look: whatever becomes idle behind it is heard of.
            self.is_full.store(true, SeqCst);
            self.close_one();
            tokio::select! {
                permit = Arc::clone(&self.places).acquire_owned() => break permit.expect("the semaphore is never closed"),
                () = self.changed.notified() => {}
            }
        };
        self.is_full.store(false, SeqCst);
        let id = self.tick();
        let activity = Arc::new(Activity {
            state: AtomicU64::new(State::Idle.since(id)),
            close: Notify::new(),
        });
        self.open().insert(id, Arc::clone(&activity));
        Place {
            connections: Arc::clone(self),
            id,
            activity,
            _permit: permit,
        }
    }

    /// Closes the connection that has been idle longest, unless one is being closed already. False where each has a request
    /// in flight.
    pub(super) fn close_one(&self) -> bool {
        let open = self.open();
        loop {
            let states = open
                .values()
                .map(|activity| (activity.state.load(SeqCst), activity));
            let Some((state, activity)) = states
                .filter(|(state, _)| State::of(*state) != State::Busy)
                .min_by_key(|(state, _)| (rank(*state), state >> 2))
            else {
                return false;
            };
            if State::of(state) == State::Closing {
                return true;
            }
            let closing = State::Closing.since(state >> 2);
            if activity
                .state
                .compare_exchange(state, closing, SeqCst, SeqCst)
                .is_ok()
            {
                activity.close.notify_one();
                self.warn_that_it_is_full();
                return true;
            }
        }
    }

    /// Ready when every connection has ended.
    pub(super) async fn all_ended(&self) {
        let all = u32::try_from(self.limit).unwrap_or(u32::MAX);
        let _ = self.places.acquire_many(all).await;
    }

    fn warn_that_it_is_full(&self) {
        let mut warned_at = self.warned_at.lock().unwrap_or_else(PoisonError::into_inner);
        if warned_at.is_none_or(|at| at.elapsed() >= WARN_INTERVAL) {
            *warned_at = Some(Instant::now());
            warn!(
                "there is no room for more connections: those that have been idle longest are closed for new ones"
            );
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self) -> u64 {
        self.ticks.fetch_add(1, SeqCst)
    }
}

/// One that is being closed comes first: it makes the room that is asked for.
fn rank(state: u64) -> u8 {
    match State::of(state) {
        State::Closing => 0,
        State::Idle => 1,
        State::Head => 2,
        State::Busy => 3,
    }
}

impl Place {
    /// The first bytes of a head have arrived.
    pub(super) fn head_began(&self) {
        self.turn(State::Head);
    }

    /// A head is complete.
    pub(super) fn request_began(&self) {
        self.turn(State::Busy);
    }

    /// The last byte of the answer is written.
    pub(super) fn answer_ended(&self) {
        self.turn(State::Idle);
        if self.connections.is_full.load(SeqCst) {
            self.connections.changed.notify_one();
        }
    }

    /// Ready when this connection is to be closed for another.
    pub(super) async fn closed_for_another(&self) {
        loop {
            self.activity.close.notified().await;
            if State::of(self.activity.state.load(SeqCst)) == State::Closing {
                return;
            }
        }
    }

    fn turn(&self, to: State) {
        let next = to.since(self.connections.tick());
        let before = self.activity.state.swap(next, SeqCst);
        if State::of(before) == State::Closing {
            // What the client sent was faster. Another connection has to make room.
            self.connections.changed.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    async fn places(count: usize) -> (Arc<Connections>, Vec<Place>) {
        let connections = Connections::new(count);
        let mut taken = Vec::new();
        for _ in 0..count {
            taken.push(connections.place().await);
        }
        (connections, taken)
    }

    fn closing(places: &[Place]) -> Vec<usize> {
        let is_closing = |place: &Place| State::of(place.activity.state.load(SeqCst)) == State::Closing;
        (0..places.len()).filter(|at| is_closing(&places[*at])).collect()
    }

    #[tokio::test]
    async fn the_one_that_has_been_idle_longest_is_closed_and_none_with_a_request_in_flight() {
        let (connections, mut taken) = places(4).await;
        taken[0].request_began();
        taken[1].request_began();
        taken[1].answer_ended();
        taken[3].head_began();
        assert!(connections.place().now_or_never().is_none());
        assert_eq!(
            closing(&taken),
            [2],
            "0 is busy, 1 was busy since, 3 is about to be"
        );
        // Asking twice closes one.
        assert!(connections.place().now_or_never().is_none());
        assert_eq!(closing(&taken), [2]);
        assert!(taken[2].closed_for_another().now_or_never().is_some());
        drop(taken.remove(2));
        let new = connections.place().now_or_never().expect("there is room");
        new.request_began();

        assert!(connections.place().now_or_never().is_none());
        assert_eq!(closing(&taken), [1]);
        drop(taken.remove(1));
        let newest = connections.place().now_or_never().unwrap();
        newest.request_began();
        assert!(connections.place().now_or_never().is_none());
        assert_eq!(
            closing(&taken),
            [1],
            "the one with half a head, where none is idle"
        );
    }

    #[tokio::test]
    async fn a_request_that_comes_just_before_the_end_is_served_and_another_is_closed() {
        let (connections, taken) = places(2).await;
        let waiting = connections.place();
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!(closing(&taken), [0]);
        taken[0].request_began();
        assert!(taken[0].closed_for_another().now_or_never().is_none());
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!(closing(&taken), [1]);
    }

    #[tokio::test]
    async fn while_all_are_busy_a_new_one_waits_for_the_first_answer() {
        let (connections, taken) = places(2).await;
        taken.iter().for_each(Place::request_began);
        let waiting = connections.place();
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!(closing(&taken), [0; 0]);
        taken[1].answer_ended();
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!(closing(&taken), [1]);
    }
}
