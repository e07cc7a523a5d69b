//! The line between the service and PostgreSQL, on which a test may make the packets late, hold them back or cut them off.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

use super::db::TestDb;

/// What the line does with a packet. Those of requests and of answers go their way apart.
#[derive(Clone, Debug)]
pub enum Weather {
    Clear,
    /// Each comes later by so much.
    Slow(Duration),
    /// None comes. What was sent comes when the weather is better.
    Silent,
    /// Of the request that holds this text comes half; then the connection ends.
    CutsRequest(&'static str),
    /// Of the answer to it comes half, at most; then the connection ends.
    CutsAnswer(&'static str),
}

/// A line that listens.
pub struct Line {
    port: u16,
    weather: Arc<watch::Sender<Weather>>,
    /// Which connections are known; see [`Line::forget`].
    age: Arc<watch::Sender<u32>>,
    opened: Arc<AtomicU32>,
    listening: tokio::task::JoinHandle<()>,
}

/// What a connection keeps an eye on.
#[derive(Clone)]
struct Eye {
    weather: watch::Receiver<Weather>,
    age: watch::Receiver<u32>,
    born: u32,
    /// The request whose answer is to be cut has been seen.
    marked: Arc<AtomicBool>,
}

impl Line {
    /// To the server of this database.
    pub async fn to(db: &TestDb) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let weather = Arc::new(watch::Sender::new(Weather::Clear));
        let age = Arc::new(watch::Sender::new(0));
        let opened = Arc::new(AtomicU32::new(0));
        let listening = tokio::spawn(listen(
            listener,
            db.socket(),
            Arc::clone(&weather),
            Arc::clone(&age),
            Arc::clone(&opened),
        ));
        Self {
            port,
            weather,
            age,
            opened,
            listening,
        }
    }

    /// The URL of the database at the other end.
    pub fn url(&self, db: &TestDb) -> String {
        db.url_at(self.port)
    }

    pub fn turns(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// How many connections there were, so far.
    pub fn opened(&self) -> u32 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Forgets the connections that are open, as a firewall does: nothing comes over them any more, and nobody is told.
    /// New ones are like before.
    pub fn forget(&self) {
        self.age.send_modify(|age| *age += 1);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(
    listener: TcpListener,
    socket: PathBuf,
    weather: Arc<watch::Sender<Weather>>,
    age: Arc<watch::Sender<u32>>,
    opened: Arc<AtomicU32>,
) {
    loop {
        let (near, _) = listener.accept().await.unwrap();
        opened.fetch_add(1, Ordering::Relaxed);
        near.set_nodelay(true).unwrap();
        let far = UnixStream::connect(&socket).await.unwrap();
        let eye = Eye {
            weather: weather.subscribe(),
            age: age.subscribe(),
            born: *age.borrow(),
            marked: Arc::default(),
        };
        tokio::spawn(async move {
            let (near_reads, near_writes) = tokio::io::split(near);
            let (far_reads, far_writes) = tokio::io::split(far);
            // Both end where one does, and with them the connections.
            tokio::select! {
                () = carry(near_reads, far_writes, eye.clone(), true) => {}
                () = carry(far_reads, near_writes, eye, false) => {}
            }
        });
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut eye: Eye,
    is_request: bool,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => count,
        };
        let packet = &buffer[..count];
        let mut is_cut = false;
        loop {
            if *eye.age.borrow() > eye.born {
                return std::future::pending().await;
            }
            let weather = eye.weather.borrow_and_update().clone();
            match weather {
                Weather::Silent => {
                    let (weather, age) = (eye.weather.changed(), eye.age.changed());
                    tokio::select! { _ = weather => {}, _ = age => {} }
                    continue;
                }
                Weather::Slow(by) => tokio::time::sleep(by).await,
                Weather::CutsRequest(of) if is_request => is_cut = holds(packet, of),
                Weather::CutsAnswer(of) if is_request => {
                    eye.marked.fetch_or(holds(packet, of), Ordering::Relaxed);
                }
                Weather::CutsAnswer(_) => is_cut = eye.marked.load(Ordering::Relaxed),
                Weather::Clear | Weather::CutsRequest(_) => {}
            }
            break;
        }
        let goes = if is_cut { &packet[..count / 2] } else { packet };
        if to.write_all(goes).await.is_err() || is_cut {
            return;
        }
    }
}

fn holds(packet: &[u8], text: &str) -> bool {
    packet.windows(text.len()).any(|part| part == text.as_bytes())
}
