//! What this service asks of a message beyond the grammar: where from, for which chain, how fresh.
//!
//! Only what the message itself can answer is judged. Whether a nonce was spent and whether a chain
//! is enabled are questions for the database, after the signature is known to be good.

use time::{Duration, OffsetDateTime};

use super::message::Message;
use super::origin::Origin;
use super::refusal::Refusal;
use crate::model::ChainId;

/// How far the signing device's clock may be ahead of ours.
const SKEW: Duration = Duration::seconds(60);
/// How old a message may be, whatever Expiration Time it names.
const MAX_AGE: Duration = Duration::minutes(10);
/// How much of a domain a refusal repeats.
const EXCERPT: usize = 64;

/// The demands on a message.
#[derive(Clone, Debug)]
pub struct Policy {
    origins: Vec<Origin>,
    chains: Option<Vec<ChainId>>,
    nonce: Option<String>,
    skew: Duration,
    max_age: Duration,
    for_published_vectors: bool,
}

impl Policy {
    /// Messages from `origins`, any chain (the database decides), any nonce, at most ten minutes old.
    pub fn new(origins: impl IntoIterator<Item = Origin>) -> Self {
        Self {
            origins: origins.into_iter().collect(),
            chains: None,
            nonce: None,
            skew: SKEW,
            max_age: MAX_AGE,
            for_published_vectors: false,
        }
    }

    /// Only these chains.
    pub fn chains(self, chains: impl IntoIterator<Item = ChainId>) -> Self {
        Self {
            chains: Some(chains.into_iter().collect()),
            ..self
        }
    }

    /// Only this nonce.
    pub fn nonce(self, nonce: impl Into<String>) -> Self {
        Self {
            nonce: Some(nonce.into()),
            ..self
        }
    }

    /// Another limit to how far Issued At and Not Before may lie ahead.
    pub fn skew(self, skew: Duration) -> Self {
        Self { skew, ..self }
    }

    /// Another age cap.
    pub fn max_age(self, max_age: Duration) -> Self {
        Self { max_age, ..self }
    }

    /// Neither Issued At nor the URI's origin is judged. The published verification vectors assume
    /// this, for ERC-4361 leaves both to the relying party. Not for serving.
    #[doc(hidden)]
    pub fn for_published_vectors(self) -> Self {
        Self {
            for_published_vectors: true,
            ..self
        }
    }

    /// Judges `message` at `now`; the listed origin that it belongs to is returned.
    pub(super) fn admit(&self, message: &Message<'_>, now: OffsetDateTime) -> Result<&Origin, Refusal> {
        let origin = self.origin(message)?;
        if let Some(chains) = &self.chains
            && !chains.contains(&message.chain_id)
        {
            return Err(Refusal::ChainNotSupported(message.chain_id));
        }
        self.times(message, now)?;
        if self.nonce.as_deref().is_some_and(|nonce| nonce != message.nonce) {
            return Err(Refusal::NonceInvalid);
        }
        Ok(origin)
    }

    /// When the message is refused as too old, plus the skew.
    pub(super) fn acceptable_until(&self, message: &Message<'_>) -> OffsetDateTime {
        message
            .issued_at
            .at
            .saturating_add(self.max_age)
            .saturating_add(self.skew)
    }

    /// Domain and URI must belong to the same listed origin. ERC-4361 does not tie the URI to the
    /// domain, but a wallet shows both and we know no reason for two.
    fn origin(&self, message: &Message<'_>) -> Result<&Origin, Refusal> {
        let mut named = self
            .origins
            .iter()
            .filter(|o| o.is_named_by(message.scheme, message.domain))
            .peekable();
        let Some(first) = named.peek().copied() else {
            let scheme = message
                .scheme
                .map(|scheme| format!("{scheme}://"))
                .unwrap_or_default();
            let domain = format!("{scheme}{}", message.domain)
                .chars()
                .take(EXCERPT)
                .collect();
            return Err(Refusal::DomainMismatch { domain });
        };
        if self.for_published_vectors {
            return Ok(first);
        }
        let of_uri = Origin::of_uri(message.uri);
        named
            .find(|origin| of_uri.as_ref() == Some(*origin))
            .ok_or_else(|| Refusal::UriMismatch {
                origin: first.to_string(),
            })
    }

    /// Half-open: valid from Not Before on and until just before Expiration Time. The skew is for
    /// clocks that run ahead; nobody gains by a message that is good for longer than it says.
    fn times(&self, message: &Message<'_>, now: OffsetDateTime) -> Result<(), Refusal> {
        if let Some(expiration) = message.expiration_time
            && now >= expiration.at
        {
            return Err(Refusal::MessageExpired { at: expiration.at });
        }
        let latest = now.saturating_add(self.skew);
        if let Some(not_before) = message.not_before
            && latest < not_before.at
        {
            return Err(Refusal::MessageNotYetValid {
                field: "Not Before",
                at: not_before.at,
            });
        }
        if self.for_published_vectors {
            return Ok(());
        }
        let issued_at = message.issued_at.at;
        if latest < issued_at {
            return Err(Refusal::MessageNotYetValid {
                field: "Issued At",
                at: issued_at,
            });
        }
        if now >= issued_at.saturating_add(self.max_age) {
            return Err(Refusal::MessageTooOld { issued_at });
        }
        Ok(())
    }
}
