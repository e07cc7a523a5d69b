//! How much of what a process has few of (threads that hash, questions to a node) one client may use at once. It knows
//! clients by their addresses; a client whose address is not known has no share of its own and may use all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Error;
use crate::model::Client;

/// The shares of all clients. It holds an entry for each client that uses something right now.
#[derive(Debug)]
pub(super) struct Shares {
    most: usize,
    in_use: Arc<InUse>,
}

type InUse = Mutex<HashMap<IpAddr, usize>>;

/// One use, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Share(Option<(Arc<InUse>, IpAddr)>);

fn lock(in_use: &InUse) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    in_use.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shares {
    /// Each client may use `most` at once.
    pub(super) fn of(most: usize) -> Self {
        Self {
            most,
            in_use: Arc::default(),
        }
    }

    /// One use more of this client. What a client is refused takes nothing from others.
    ///
    /// # Errors
    /// [`Error::RateLimited`] when it uses its share already.
    pub(super) fn take(&self, client: &Client) -> Result<Share, Error> {
        let Some(ip) = client.limited_ip() else {
            return Ok(Share(None));
        };
        let mut in_use = lock(&self.in_use);
        let uses = in_use.entry(ip).or_default();
        if *uses >= self.most {
            return Err(Error::RateLimited(Duration::from_secs(1)));
        }
        *uses += 1;
        drop(in_use);
        Ok(Share(Some((Arc::clone(&self.in_use), ip))))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some((in_use, ip)) = &self.0 else {
            return;
        };
        if let Entry::Occupied(mut uses) = lock(in_use).entry(*ip) {
            *uses.get_mut() -= 1;
            if *uses.get() == 0 {
                uses.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(ip: Option<&str>) -> Client {
        Client {
            ip: ip.map(|ip| ip.parse().unwrap()),
            ..Client::default()
        }
    }

    #[test]
    fn a_client_uses_its_share_and_no_more_and_leaves_no_entry_behind() {
        let shares = Shares::of(2);
        let (one, other) = (client(Some("192.0.2.1")), client(Some("192.0.2.2")));
        let (first, _second) = (shares.take(&one).unwrap(), shares.take(&one).unwrap());
        assert_eq!(shares.take(&one).unwrap_err().code(), "rate_limited");
        drop(shares.take(&other).unwrap());
        assert_eq!(lock(&shares.in_use).len(), 1);
        drop(first);
        let _third = shares.take(&one).unwrap();
        assert!(shares.take(&one).is_err());
    }

    #[test]
    fn a_client_without_an_address_has_no_share_of_its_own() {
        let shares = Shares::of(1);
        let uses: Vec<Share> = (0..10).map(|_| shares.take(&client(None)).unwrap()).collect();
        assert_eq!(uses.len(), 10);
        assert!(lock(&shares.in_use).is_empty());
    }
}
