//! A few threads that compute, and a short queue before them. It is not a runtime: what is given to it
//! does not wait for anything.
//!
//! Tokio's own blocking pool has five hundred threads and a queue without end. Passwords in there would
//! take 10 GiB before anybody was told to come back later, and keep the cores from all other requests.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

/// All threads are at work and the queue is full; nothing was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked: try again in a moment")]
pub struct Busy;

/// What the threads are at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// How many there are.
    pub threads: usize,
    /// How many are at work.
    pub busy: usize,
    /// How many jobs wait for one.
    pub waiting: usize,
    /// How many may wait.
    pub queue: usize,
}

/// Threads that end when this is dropped.
#[derive(Debug)]
pub(super) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// How many jobs may be under way and waiting together.
    room: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Box<dyn Job>>,
    running: usize,
    ended: bool,
}

/// Hands an outcome to whoever waits for it.
type Delivery = Box<dyn FnOnce()>;

trait Job: Send {
    /// Whether nobody waits for the outcome any more.
    fn is_abandoned(&self) -> bool;
    /// Does the work. Its delivery is a step of its own, so that the place is free when it is told.
    fn run(self: Box<Self>) -> Delivery;
}

struct Work<F, T> {
    work: F,
    answer: oneshot::Sender<T>,
}

impl<T: Send + 'static, F: FnOnce() -> T + Send> Job for Work<F, T> {
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(self: Box<Self>) -> Delivery {
        let Self { work, answer } = *self;
        let outcome = work();
        // The caller may have gone away meanwhile.
        Box::new(move || drop(answer.send(outcome)))
    }
}

impl Pool {
    /// Starts `threads` threads, at least one, before which `queue` jobs may wait.
    pub(super) fn new(name: &str, threads: usize, queue: usize) -> Self {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            room: threads.saturating_add(queue),
        });
        let start = |number| {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name(format!("{name}-{number}"))
                .spawn(move || shared.work())
                .expect("the operating system gives a thread at the start")
        };
        Self {
            threads: (0..threads).map(start).collect(),
            shared,
        }
    }

    /// Does `work` on one of the threads. Who drops the future before the work began has it skipped.
    ///
    /// # Errors
    /// [`Busy`] at once when there is no room, and when the work panicked.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Busy>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        self.shared.admit(Box::new(Work { work, answer }))?;
        outcome.await.map_err(|_| Busy)
    }

    /// How many jobs have not begun.
    pub(super) fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }

    /// How much there is to do, of how much can be done.
    pub(super) fn load(&self) -> Load {
        let state = self.shared.lock();
        Load {
            threads: self.threads.len(),
            busy: state.running,
            waiting: state.waiting.len(),
            queue: self.shared.room - self.threads.len(),
        }
    }
}

impl Drop for Pool {
    /// Waits for what has begun, which is one hash a thread. Nobody waits for the rest: a caller's
    /// future borrows the pool.
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

impl Shared {
    /// Nothing panics under the lock, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(&self, job: Box<dyn Job>) -> Result<(), Busy> {
        let mut state = self.lock();
        if state.running + state.waiting.len() >= self.room {
            // Who hangs up keeps no place from those who wait.
            state.waiting.retain(|job| !job.is_abandoned());
        }
        if state.running + state.waiting.len() >= self.room {
            return Err(Busy);
        }
        state.waiting.push_back(job);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// What a thread does until the pool ends.
    fn work(&self) {
        while let Some(job) = self.next() {
            // A thread that a panic took away would never come back, and without threads nobody logs in.
            let delivery = catch_unwind(AssertUnwindSafe(|| job.run()));
            self.lock().running -= 1;
            match delivery {
                Ok(deliver) => deliver(),
                Err(_) => tracing::error!("hashing a password panicked"),
            }
        }
    }

    /// The next job somebody waits for; `None` when the pool ends.
    fn next(&self) -> Option<Box<dyn Job>> {
        let mut state = self.lock();
        loop {
            if state.ended {
                return None;
            }
            match state.waiting.pop_front() {
                Some(job) if job.is_abandoned() => drop(job),
                Some(job) => {
                    state.running += 1;
                    return Some(job);
                }
                None => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("room", &self.room)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Looks at a future once, which is what submits its work.
    fn poll<F: Future>(future: &mut Pin<&mut F>) -> Poll<F::Output> {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Work that says when it has begun, and ends when it is told to.
    struct Gate {
        begun: mpsc::Receiver<()>,
        end: mpsc::Sender<()>,
    }

    fn gate() -> (Gate, impl FnOnce() + Send) {
        let (begin, begun) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        (Gate { begun, end }, move || {
            begin.send(()).unwrap();
            ended.recv().unwrap();
        })
    }

    #[tokio::test]
    async fn a_full_queue_is_busy_at_once_and_has_room_again_when_the_work_is_done() {
        let pool = Pool::new("test", 1, 1);
        let (gate, work) = gate();
        let mut running = pin!(pool.run(work));
        assert!(poll(&mut running).is_pending());
        gate.begun.recv().unwrap();
        let mut waiting = pin!(pool.run(|| 7));
        assert!(poll(&mut waiting).is_pending());
        assert_eq!(pool.waiting(), 1);

        assert_eq!(poll(&mut pin!(pool.run(|| 8))), Poll::Ready(Err(Busy)));

        gate.end.send(()).unwrap();
        assert_eq!(running.await, Ok(()));
        assert_eq!(waiting.await, Ok(7));
        assert_eq!(pool.run(|| 9).await, Ok(9));
        assert_eq!(pool.waiting(), 0);
    }

    #[tokio::test]
    async fn without_a_queue_there_is_room_for_one_job_a_thread_one_after_the_other() {
        let pool = Pool::new("test", 1, 0);
        for number in 0..100 {
            assert_eq!(pool.run(move || number).await, Ok(number));
        }
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_skipped_and_keeps_no_place() {
        let pool = Pool::new("test", 1, 1);
        let (gate, work) = gate();
        let mut running = pin!(pool.run(work));
        assert!(poll(&mut running).is_pending());
        gate.begun.recv().unwrap();
        let ran = Arc::new(AtomicBool::new(false));
        {
            let ran = Arc::clone(&ran);
            let mut gone = pin!(pool.run(move || ran.store(true, Ordering::SeqCst)));
            assert!(poll(&mut gone).is_pending());
        }

        let mut next = pin!(pool.run(|| 7));
        assert!(poll(&mut next).is_pending());

        gate.end.send(()).unwrap();
        assert_eq!(next.await, Ok(7));
        assert!(!ran.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn a_panic_costs_one_caller_the_answer_and_the_pool_nothing() {
        let pool = Pool::new("test", 1, 1);
        // As a panic does, without its message on the terminal.
        let broken = pool.run(|| -> () { std::panic::resume_unwind(Box::new(())) });
        assert_eq!(broken.await, Err(Busy));
        assert_eq!(pool.run(|| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn the_threads_have_names_and_are_gone_when_the_pool_is() {
        let pool = Pool::new("test", 2, 0);
        let name = pool.run(|| thread::current().name().map(str::to_owned)).await;
        assert!(name.unwrap().unwrap().starts_with("test-"));
        let shared = Arc::downgrade(&pool.shared);
        drop(pool);
        assert_eq!(shared.strong_count(), 0);
    }
}
