//! Bodies that are on their way to `/sapi`: how many may be at once, of all clients and of one.
//!
//! A body that has arrived is no part of it: a request takes its place among those that are answered only then, so a slow
//! body keeps no other request out. Where there are too many the oldest is given up and not the newest refused: an honest
//! body arrives at once, and is never the oldest for long. That holds where no client can be told from another, too.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header;
use futures_util::StreamExt;
use tokio::sync::oneshot;

use super::super::client::{ForwardedFor, client_of};
use super::super::error::ApiError;
use crate::flow;

/// Far more than an address and a signature, and little enough for a surface without a secret.
pub(super) const BODY_CAP: usize = 64 << 10;
/// What the proxy lets through.
const READ_CAP: usize = 1_000_000;
/// A body of these sizes takes a moment; shorter than what Hasura's calls have.
const BODY_TIMEOUT: Duration = Duration::from_secs(3);
/// Bodies on their way at once: 16 MiB of memory at most.
const MAX_ARRIVING: usize = 256;
/// Of one client, where TRUSTED_HOPS tells clients apart.
const MAX_OF_ONE_CLIENT: usize = 64;

/// The bodies on their way.
#[derive(Clone)]
pub(super) struct Arrivals {
    under_way: Arc<Mutex<UnderWay>>,
    forwarded_for: Arc<ForwardedFor>,
}

#[derive(Default)]
struct UnderWay {
    /// The oldest first.
    bodies: Vec<Arriving>,
    next: u64,
}

struct Arriving {
    number: u64,
    client: Option<IpAddr>,
    give_up: oneshot::Sender<ApiError>,
}

/// A body's place among the others.
struct Ticket {
    under_way: Arc<Mutex<UnderWay>>,
    number: u64,
    given_up: oneshot::Receiver<ApiError>,
}

impl Arrivals {
    pub(super) fn new(forwarded_for: Arc<ForwardedFor>) -> Self {
        Self {
            under_way: Arc::default(),
            forwarded_for,
        }
    }

    /// The request with its body in memory.
    ///
    /// # Errors
    /// [`ApiError::PayloadTooLarge`], [`ApiError::BadRequest`] for a body that breaks off or is late; `rate_limited` or
    /// [`ApiError::Crowded`] for one that made room for a newer one.
    pub(super) async fn complete(&self, request: Request) -> Result<Request, ApiError> {
        let client = client_of(&request, &self.forwarded_for, header::USER_AGENT).limited_ip();
        let mut ticket = self.admit(client);
        let (head, body) = request.into_parts();
        let body = tokio::select! {
            biased;
            body = whole(body) => body?,
            why = &mut ticket.given_up => return Err(why.unwrap_or(ApiError::Crowded)),
        };
        Ok(Request::from_parts(head, body.into()))
    }

    /// A ticket for a new body. Where there are too many the oldest is given up for it: of the same client, if that has its share.
    fn admit(&self, client: Option<IpAddr>) -> Ticket {
        let (give_up, given_up) = oneshot::channel();
        let mut under_way = lock(&self.under_way);
        let number = under_way.next;
        under_way.next += 1;
        under_way.make_room(client);
        under_way.bodies.push(Arriving {
            number,
            client,
            give_up,
        });
        Ticket {
            under_way: Arc::clone(&self.under_way),
            number,
            given_up,
        }
    }
}

impl UnderWay {
    fn make_room(&mut self, client: Option<IpAddr>) {
        let is_own = |body: &Arriving| client.is_some() && body.client == client;
        let (oldest, why) = if self.bodies.iter().filter(|body| is_own(body)).count() >= MAX_OF_ONE_CLIENT {
            let wait = flow::Error::RateLimited(Duration::from_secs(1));
            (self.bodies.iter().position(is_own), ApiError::Flow(wait))
        } else if self.bodies.len() >= MAX_ARRIVING {
            (Some(0), ApiError::Crowded)
        } else {
            return;
        };
        if let Some(oldest) = oldest {
            // One that has arrived in this moment does not listen any more.
            let _ = self.bodies.remove(oldest).give_up.send(why);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        lock(&self.under_way)
            .bodies
            .retain(|body| body.number != self.number);
    }
}

fn lock(under_way: &Mutex<UnderWay>) -> MutexGuard<'_, UnderWay> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every body is read to its end, also one of a request that is refused: a connection with an unread body is closed, and
/// the proxy, which keeps connections, would answer this client or the next with a 502.
///
/// No more of it is kept than may be good.
async fn whole(body: Body) -> Result<Bytes, ApiError> {
    let mut pieces = body.into_data_stream();
    let (mut kept, mut read) = (Vec::new(), 0);
    let reading = async {
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| ApiError::BadRequest("the body could not be read".to_owned()))?;
            read += piece.len();
            if read > READ_CAP {
                return Err(ApiError::PayloadTooLarge);
            }
            if read <= BODY_CAP {
                kept.extend_from_slice(&piece);
            }
        }
        Ok(())
    };
    match tokio::time::timeout(BODY_TIMEOUT, reading).await {
        Err(_) => Err(ApiError::BadRequest("the body did not arrive in time".to_owned())),
        Ok(Err(error)) => Err(error),
        Ok(Ok(())) if read > BODY_CAP => Err(ApiError::PayloadTooLarge),
        Ok(Ok(())) => Ok(kept.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([203, 0, 113, last]))
    }

    fn code(ticket: &mut Ticket) -> Option<&'static str> {
        ticket.given_up.try_recv().ok().map(|why| why.parts().1)
    }

    // Issue 14, item 8.
    #[test]
    fn a_client_with_its_share_of_slow_bodies_gives_up_its_own_oldest() {
        let arrivals = Arrivals::new(Arc::new(ForwardedFor::behind(1)));
        let mut others: Vec<Ticket> = (0..20).map(|_| arrivals.admit(client(1))).collect();
        let mut slow: Vec<Ticket> = (0..300).map(|_| arrivals.admit(client(2))).collect();
        assert_eq!(others.iter_mut().filter_map(code).count(), 0);
        let kept = slow.len() - MAX_OF_ONE_CLIENT;
        let codes: Vec<_> = slow.iter_mut().map(code).collect();
        assert!(codes[..kept].iter().all(|code| *code == Some("rate_limited")));
        assert!(codes[kept..].iter().all(Option::is_none));
        drop((others, slow));
        assert_eq!(lock(&arrivals.under_way).bodies.len(), 0);
    }

    // Issue 14, item 8.
    #[test]
    fn where_clients_cannot_be_told_apart_the_oldest_of_all_is_given_up() {
        let arrivals = Arrivals::new(Arc::new(ForwardedFor::behind(0)));
        let mut slow: Vec<Ticket> = (0..300).map(|_| arrivals.admit(None)).collect();
        let mut new = arrivals.admit(None);
        assert_eq!(code(&mut new), None);
        let codes: Vec<_> = slow.iter_mut().map(code).collect();
        assert!(codes[..45].iter().all(|code| *code == Some("unavailable")));
        assert!(codes[45..].iter().all(Option::is_none));
    }
}
