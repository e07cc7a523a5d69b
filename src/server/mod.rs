//! An accept loop with the limits that `axum::serve` has not: how many connections, how long for the first byte, for a head, for a
//! body, how long a connection may lie idle. It knows nothing of what is served.
//!
//! The time for a head runs from its first byte, so that a pooled connection of Hasura's may lie idle for longer than
//! a slow client may take to say what it wants. A connection that has not sent anything yet is given less.

mod connections;
mod stream;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;
use tower_service::Service;
use tracing::{debug, warn};

use connections::{Connections, Place};
use stream::{Exchange, Timed, TimedBody, TrackedBody};

/// Connection limits of a listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once. For one beyond them the connection that has been idle longest is closed; while each has a
    /// request in flight, it waits.
    pub connections: usize,
    /// From the beginning of a connection to the first byte of its first request.
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its head.
    pub head: Duration,
    /// From the moment at which a body is waited for to its end.
    pub body: Duration,
    /// Between two requests of a connection. Longer than the pools of Hasura and of proxies
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
            connections: connections_within(open_files()),
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            drain: Duration::from_secs(10),
            farewell: Duration::from_secs(1),
        }
    }
}

/// Connections at once, where the process may open as many files.
const MAX_CONNECTIONS: usize = 2048;
/// Files that are left for the database, for nodes and for everything else.
const RESERVED_FILES: usize = 256;

/// How many connections fit into a limit of open files.
fn connections_within(files: usize) -> usize {
    files
        .saturating_sub(RESERVED_FILES)
        .max(files / 2)
        .clamp(1, MAX_CONNECTIONS)
}

/// How many files the process may have open.
fn open_files() -> usize {
    getrlimit(Resource::RLIMIT_NOFILE)
        .ok()
        .and_then(|(soft, _)| usize::try_from(soft).ok())
        .unwrap_or(usize::MAX)
}

/// The largest head of a request, and with it the buffer of each connection.
const LARGEST_HEAD: usize = 64 * 1024;

/// Serves `router` until `stop` is ready. Then it tells connected clients to close, for `limits.farewell`, and finishes the
/// requests in flight, for at most `limits.drain`. Each request carries
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
    let connections = Connections::new(limits.connections);
    let accept = accept(&listener, router, limits, &connections, stopped);
    let farewell = async {
        stop.await;
        stopping.send_replace(true);
        // A client that is connected and not accepted yet would be reset, with what it has sent: a balancer does not
        // repeat such a request.
        sleep(limits.farewell).await;
    };
    tokio::select! {
        () = accept => {}
        () = farewell => {}
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, connections.all_ended())
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
    connections: &Arc<Connections>,
    stopped: watch::Receiver<bool>,
) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) if lacks_files(&error) && connections.close_one() => {
                // Its end takes a moment.
                sleep(Duration::from_millis(1)).await;
                continue;
            }
            Err(error) => {
                warn!(error = %error, "a connection could not be accepted");
                sleep(Duration::from_millis(500)).await;
                continue;
            }
        };
        let place = connections.place().await;
        tokio::spawn(serve_connection(
            stream,
            peer,
            place,
            router.clone(),
            limits,
            stopped.clone(),
        ));
    }
}

/// The process, or the machine, has as many files open as it may.
fn lacks_files(error: &io::Error) -> bool {
    let number = error.raw_os_error().map(Errno::from_raw);
    matches!(number, Some(Errno::EMFILE | Errno::ENFILE))
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
    place: Place,
    router: Router,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    // Small answers should not wait for more of themselves.
    let _ = stream.set_nodelay(true);
    let exchange = Exchange::new(place);
    let is_last = Arc::new(AtomicBool::new(false));
    let stream = Timed::new(stream, Arc::clone(&exchange), &limits);
    let service = {
        let (exchange, closes) = (Arc::clone(&exchange), Arc::clone(&is_last));
        service_fn(move |mut request: hyper::Request<Incoming>| {
            exchange.request_began();
            request.extensions_mut().insert(ConnectInfo(peer));
            let request = request.map(|body| Body::new(TimedBody::new(body, limits.body)));
            let answer = router.clone().call(request);
            let (exchange, closes) = (Arc::clone(&exchange), Arc::clone(&closes));
            async move {
                let mut answer = answer.await;
                exchange.answer_began();
                if closes.load(Ordering::Relaxed)
                    && let Ok(answer) = &mut answer
                {
                    answer
                        .headers_mut()
                        .insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                answer.map(|answer| answer.map(|body| TrackedBody::new(body, exchange)))
            }
        })
    };
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
        // The connection first: a request that has arrived is in flight, also when another connection wants the place.
        biased;
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
        () = exchange.place.closed_for_another() => {
            debug!("an idle connection was closed for another");
            return;
        }
    };
    if let Err(error) = ended {
        debug!(error = %error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest_of_the_process() {
        for (files, connections) in [
            (usize::MAX, 2048),
            (8192, 2048),
            (1024, 768),
            (300, 150),
            (64, 32),
            (0, 1),
        ] {
            assert_eq!(connections_within(files), connections, "{files}");
        }
    }
}
