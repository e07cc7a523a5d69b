//! The lines of a moment, written together. It knows nothing of what they say.
//!
//! A thread of its own writes them, so that a reader that has stalled, or a disk that is full, costs lines and no request.
//! They are handed to it a few times a second and not one by one: waking a thread for every line cost more than half of
//! what answering the webhook does. A process that is killed takes the lines of the last moment along.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits for others.
const MOMENT: Duration = Duration::from_millis(20);

/// Lines are handed on before the moment is over when there are so many bytes of them.
const ENOUGH: usize = 64 * 1024;

/// Moments that wait for a stalled reader, 8 MiB of lines at most; what comes after them is dropped.
const WAITING: usize = 128;

/// A writer for the log.
#[derive(Clone)]
pub(super) struct Gathered(Arc<Shared>);

struct Shared {
    gathering: Mutex<Gathering>,
    /// Told when the first line of a moment comes, and when there is no more to come.
    changed: Condvar,
    out: NonBlocking,
}

#[derive(Default)]
struct Gathering {
    lines: Vec<u8>,
    is_over: bool,
}

/// Writes what is left when it is dropped.
pub(super) struct Guard {
    shared: Arc<Shared>,
    hands_on: Option<JoinHandle<()>>,
    _out: WorkerGuard,
}

impl Gathered {
    /// Writes to `out`, until the guard is dropped.
    pub(super) fn start(out: impl Write + Send + 'static) -> (Self, Guard) {
        let (out, worker) = NonBlockingBuilder::default()
            .buffered_lines_limit(WAITING)
            .thread_name("log")
            .finish(out);
        let shared = Arc::new(Shared {
            gathering: Mutex::default(),
            changed: Condvar::new(),
            out,
        });
        let hands_on = {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name("log-moments".to_owned())
                .spawn(move || shared.hand_on())
                .expect("a process may start a thread")
        };
        let guard = Guard {
            shared: Arc::clone(&shared),
            hands_on: Some(hands_on),
            _out: worker,
        };
        (Self(shared), guard)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Gathering> {
        self.gathering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a moment's lines on, again and again, until there are no more to come.
    fn hand_on(&self) {
        loop {
            let gathering = self.changed.wait_while(self.lock(), |gathering| {
                gathering.lines.is_empty() && !gathering.is_over
            });
            let gathering = gathering.unwrap_or_else(PoisonError::into_inner);
            let (mut gathering, _) = self
                .changed
                .wait_timeout_while(gathering, MOMENT, |gathering| {
                    gathering.lines.len() < ENOUGH && !gathering.is_over
                })
                .unwrap_or_else(PoisonError::into_inner);
            let (lines, is_over) = (mem::take(&mut gathering.lines), gathering.is_over);
            drop(gathering);
            // It takes them or drops them, and fails never.
            let _ = self.out.clone().write_all(&lines);
            if is_over {
                return;
            }
        }
    }

    fn take_in(&self, line: &[u8]) {
        let mut gathering = self.lock();
        let before = gathering.lines.len();
        gathering.lines.extend_from_slice(line);
        // Once for the first line and once for the last: each wakes a thread.
        let is_told = before == 0 || before < ENOUGH && gathering.lines.len() >= ENOUGH;
        drop(gathering);
        if is_told {
            self.changed.notify_one();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.hands_on.take() {
            // A thread that panicked has nothing to hand on.
            let _ = thread.join();
        }
    }
}

/// Takes a line in.
pub(super) struct Line<'a>(&'a Shared);

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.take_in(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Gathered {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps what is written, and how often.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0
                .lock()
                .unwrap()
                .push(String::from_utf8(bytes.to_vec()).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_lines_are_written_in_their_order_and_many_at_once() {
        let kept = Kept::default();
        let (log, guard) = Gathered::start(kept.clone());
        let all: Vec<String> = (0..10_000).map(|number| format!("line {number}\n")).collect();
        for line in &all {
            log.make_writer().write_all(line.as_bytes()).unwrap();
        }
        drop(guard);
        let written = kept.0.lock().unwrap();
        assert_eq!(written.concat(), all.concat());
        assert!(written.len() < all.len() / 10, "{} writes", written.len());
    }

    #[test]
    fn a_line_is_written_without_another_one_to_push_it() {
        let kept = Kept::default();
        let (log, _guard) = Gathered::start(kept.clone());
        log.make_writer().write_all(b"alone\n").unwrap();
        let begun = std::time::Instant::now();
        while kept.0.lock().unwrap().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(10), "it comes by itself");
            thread::yield_now();
        }
    }

    #[test]
    fn a_stalled_reader_costs_lines_and_neither_memory_nor_time() {
        /// Takes nothing, for good.
        struct Stalled;
        impl Write for Stalled {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                loop {
                    thread::park();
                }
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (log, guard) = Gathered::start(Stalled);
        let line = [b'x'; 1024];
        for _ in 0..64 * 1024 {
            log.make_writer().write_all(&line).unwrap();
        }
        let begun = std::time::Instant::now();
        while !log.0.lock().lines.is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(10), "they are dropped");
            thread::yield_now();
        }
        // Its thread never ends, and neither would the wait for it.
        mem::forget(guard);
    }
}
