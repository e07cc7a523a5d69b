//! A connection's socket, and the bodies that go through it, with their times: for the first byte, for a head, for a body, and for
//! the client to read an answer.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::body::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::Limits;
use super::connections::Place;

/// What the socket and the service of a connection tell one another.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) place: Place,
    /// Whether a request is being answered: what arrives meanwhile is its body.
    is_answering: AtomicBool,
    /// Whether the answer was handed over in full, and only has to be written.
    is_handed_over: AtomicBool,
}

impl Exchange {
    pub(super) fn new(place: Place) -> Arc<Self> {
        Arc::new(Self {
            place,
            is_answering: AtomicBool::new(false),
            is_handed_over: AtomicBool::new(false),
        })
    }

    pub(super) fn request_began(&self) {
        self.place.request_began();
        self.is_handed_over.store(false, Ordering::Relaxed);
        self.is_answering.store(true, Ordering::Relaxed);
    }

    pub(super) fn answer_began(&self) {
        self.is_answering.store(false, Ordering::Relaxed);
    }
}

/// A socket whose client must send and read in time.
pub(super) struct Timed {
    stream: TcpStream,
    exchange: Arc<Exchange>,
    head: Duration,
    /// When the first byte, and after that the whole head, must have arrived.
    deadline: Option<Pin<Box<Sleep>>>,
    is_untouched: bool,
    /// Since an answer has waited for its reader.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    pub(super) fn new(stream: TcpStream, exchange: Arc<Exchange>, limits: &Limits) -> Self {
        Self {
            stream,
            exchange,
            head: limits.head,
            deadline: Some(Box::pin(sleep(limits.first_byte))),
            is_untouched: true,
            stalled: None,
        }
    }

    /// The result of a write. A client that reads no answer loses the connection after the time of a head.
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

impl AsyncRead for Timed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let is_head = !self.exchange.is_answering.load(Ordering::Relaxed);
        if !is_head {
            self.deadline = None;
        }
        let before = buffer.filled().len();
        // What has arrived counts, also where it is looked at after its time.
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let has_begun = read.is_ready() && buffer.filled().len() > before;
        if is_head && has_begun && (self.is_untouched || self.deadline.is_none()) {
            // Once for a head: one that drips does not become younger.
            self.is_untouched = false;
            self.deadline = Some(Box::pin(sleep(self.head)));
            // Behind an answer that its reader has not taken yet, that one is still in flight.
            if !self.exchange.is_handed_over.load(Ordering::Relaxed) {
                self.exchange.place.head_began();
            }
            return read;
        }
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Timed {
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
        // It is asked for when everything before was written.
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        if self.exchange.is_handed_over.swap(false, Ordering::Relaxed) {
            self.exchange.place.answer_ended();
        }
        Poll::Ready(Ok(()))
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

/// A request's body, which must be complete in time.
pub(super) struct TimedBody {
    body: Incoming,
    limit: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl TimedBody {
    pub(super) fn new(body: Incoming, limit: Duration) -> Self {
        Self {
            body,
            limit,
            deadline: None,
        }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        let limit = self.limit;
        // Set when it is first waited for: most bodies arrive with their heads.
        let deadline = match (&frame, &mut self.deadline) {
            (Poll::Ready(None), _) | (Poll::Ready(_), None) => {
                return frame.map(|frame| frame.map(|frame| frame.map_err(Into::into)));
            }
            (_, deadline) => deadline.get_or_insert_with(|| Box::pin(sleep(limit))),
        };
        match deadline.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into()))),
            Poll::Pending => frame.map(|frame| frame.map(|frame| frame.map_err(Into::into))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body, whose end is told to the socket.
pub(super) struct TrackedBody {
    body: Body,
    exchange: Arc<Exchange>,
}

impl TrackedBody {
    pub(super) fn new(body: Body, exchange: Arc<Exchange>) -> Self {
        Self { body, exchange }
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        self.exchange.is_handed_over.store(true, Ordering::Relaxed);
    }
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
