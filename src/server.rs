//! An accept loop with the limits that `axum::serve` has not: how many connections, how long for the head of a
//! request, how long a connection may lie idle. It knows nothing of what is served.
//!
//! The time for a head runs from its first byte, so that a pooled connection of Hasura's may lie idle for longer than
//! a slow client may take to say what it wants.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Sleep, sleep};
use tower_service::Service;
use tracing::{debug, warn};

/// What a listener bears.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once. Whoever comes beyond them waits in the kernel's queue.
    pub connections: usize,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// Between two requests of a connection, and before its first. Longer than the pools of Hasura and of proxies
    /// keep an idle connection, so that they close it and not we.
    pub idle: Duration,
    /// What requests under way may take to finish after the stop.
    pub drain: Duration,
    /// How long connections are still accepted and answered on after the stop, once each, so that what their owners are
    /// just sending is not lost: a balancer repeats a request that was refused, and not one that it had already sent.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2048,
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            drain: Duration::from_secs(10),
            farewell: Duration::from_secs(1),
        }
    }
}

/// The largest head of a request, and with it the buffer of each connection.
const LARGEST_HEAD: usize = 64 * 1024;

/// Serves `router` until `stop` is ready; then takes leave of whoever is connected, for `limits.farewell`, and finishes what
/// is under way, for at most `limits.drain`. Each request carries
/// [`ConnectInfo`] with its peer's address.
///
/// # Errors
/// When the listener fails for good; a connection that cannot be accepted is only logged.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let places = Arc::new(Semaphore::new(limits.connections));
    let accept = accept(&listener, router, limits, &places, stopped);
    let farewell = async {
        stop.await;
        stopping.send_replace(true);
        // Whoever has connected by now and was not accepted yet would be reset, with what was already sent: a balancer
        // does not repeat that.
        sleep(limits.farewell).await;
    };
    tokio::select! {
        () = accept => {}
        () = farewell => {}
    }
    drop(listener);
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    if tokio::time::timeout(limits.drain, places.acquire_many(all))
        .await
        .is_err()
    {
        warn!(
            "requests were still under way {} s after the stop",
            limits.drain.as_secs()
        );
    }
    Ok(())
}

/// Accepts until it is dropped. A connection that comes after the stop is answered on once.
async fn accept(
    listener: &TcpListener,
    router: Router,
    limits: Limits,
    places: &Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
) {
    loop {
        let place = Arc::clone(places)
            .acquire_owned()
            .await
            .expect("nobody closes the semaphore");
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                // Out of file descriptors, most likely: it passes when a connection ends.
                warn!(error = %error, "a connection could not be accepted");
                sleep(Duration::from_millis(500)).await;
                continue;
            }
        };
        let (router, stopped) = (router.clone(), stopped.clone());
        tokio::spawn(async move {
            serve_connection(stream, peer, router, limits, stopped).await;
            drop(place);
        });
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    // Small answers should not wait for more of themselves.
    let _ = stream.set_nodelay(true);
    let under_way = Arc::new(AtomicBool::new(false));
    let is_last = Arc::new(AtomicBool::new(false));
    let stream = Guarded {
        stream,
        under_way: Arc::clone(&under_way),
        head: limits.head,
        deadline: None,
        stalled: None,
    };
    let says_goodbye = Arc::clone(&is_last);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        under_way.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = router.clone().call(request.map(Body::new));
        let (under_way, says_goodbye) = (Arc::clone(&under_way), Arc::clone(&says_goodbye));
        async move {
            let mut answer = answer.await;
            under_way.store(false, Ordering::Relaxed);
            if says_goodbye.load(Ordering::Relaxed)
                && let Ok(answer) = &mut answer
            {
                answer
                    .headers_mut()
                    .insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let told = async {
        stopped
            .wait_for(|stopped| *stopped)
            .await
            .map(drop)
            .unwrap_or_default();
    };
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = told => {
            is_last.store(true, Ordering::Relaxed);
            match tokio::time::timeout(limits.farewell, &mut connection).await {
                Ok(ended) => ended,
                Err(_) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
    };
    if let Err(error) = ended {
        debug!(error = %error, "a connection ended early");
    }
}

/// A connection whose requests must have their head in time.
struct Guarded {
    stream: TcpStream,
    /// Whether a request is being answered: what arrives meanwhile is its body.
    under_way: Arc<AtomicBool>,
    head: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    /// Since an answer has waited for its reader.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    /// What became of a write. Whoever reads no answer loses the connection when the time of a head is over.
    fn written(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let head = self.head;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(head)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let is_head = !self.under_way.load(Ordering::Relaxed);
        if !is_head {
            self.deadline = None;
        }
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if is_head && buffer.filled().len() > before && self.deadline.is_none() {
            self.deadline = Some(Box::pin(sleep(self.head)));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // An answer ends what came before it; the next head has a time of its own.
        self.deadline = None;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.deadline = None;
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
