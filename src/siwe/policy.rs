//! What this service asks of a message beyond the grammar: where from, for which chain, how fresh.
//!
//! Only what the message itself can answer is judged. Whether a nonce was spent and whether a chain
//! is enabled are questions for the database, after the signature is known to be good.

use time::{Duration, OffsetDateTime};

use super::message::Message;
use super::origin::Origin;
use super::refusal::{Refusal, Start};
use crate::model::ChainId;

/// How far the signing device's clock may be ahead of ours.
const SKEW: Duration = Duration::seconds(60);
/// How old a message may be, whatever Expiration Time it names.
pub const MAX_AGE: Duration = Duration::minutes(10);
/// The most that an operator can allow to contract wallets, whose owners may sign one after the other. Nonces are
/// remembered for as long as this, so that no setting makes a spent message good again.
pub const LONGEST_AGE: Duration = Duration::hours(24);
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
    contract_max_age: Duration,
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
            contract_max_age: MAX_AGE,
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

    /// Another age cap, no longer than [`LONGEST_AGE`], for messages that name an Expiration Time and that a contract
    /// confirms. A message without one is held to the other cap: the owners who sign it see no end of it.
    pub fn contract_max_age(self, contract_max_age: Duration) -> Self {
        Self {
            contract_max_age: contract_max_age.min(LONGEST_AGE),
            ..self
        }
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

    /// Judges `message`, which its address's own key signed, at `now` beyond [`Policy::admit`]: a key signs at once, so
    /// no setting makes its message good for longer.
    pub(super) fn admit_of_key(&self, message: &Message<'_>, now: OffsetDateTime) -> Result<(), Refusal> {
        self.age(message, now, self.max_age)
    }

    /// When the message is refused as too old or expired under every setting, plus the skew.
    ///
    /// Not under this setting alone: an operator who raises the cap must not make a message good again whose nonce was
    /// forgotten. Whether a key or a contract signed makes no difference here, because a contract may accept what the
    /// key of its address signed.
    pub(super) fn acceptable_until(&self, message: &Message<'_>) -> OffsetDateTime {
        let issued_at = message.issued_at.at;
        let of_key = issued_at.saturating_add(self.max_age);
        let of_contract = message
            .expiration_time
            .map(|expiration| expiration.at.min(issued_at.saturating_add(LONGEST_AGE)));
        of_contract
            .map_or(of_key, |of_contract| of_contract.max(of_key))
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
            let at = expiration.at;
            return Err(Refusal::MessageExpired { at, now });
        }
        let latest = now.saturating_add(self.skew);
        if let Some(not_before) = message.not_before
            && latest < not_before.at
        {
            return Err(self.not_yet_valid(Start::NotBefore, not_before.at, now));
        }
        if self.for_published_vectors {
            return Ok(());
        }
        let issued_at = message.issued_at.at;
        if latest < issued_at {
            return Err(self.not_yet_valid(Start::IssuedAt, issued_at, now));
        }
        let longest = match message.expiration_time {
            Some(_) => self.max_age.max(self.contract_max_age),
            None => self.max_age,
        };
        self.age(message, now, longest)
    }

    fn age(&self, message: &Message<'_>, now: OffsetDateTime, max_age: Duration) -> Result<(), Refusal> {
        let issued_at = message.issued_at.at;
        if self.for_published_vectors || now < issued_at.saturating_add(max_age) {
            return Ok(());
        }
        Err(Refusal::MessageTooOld {
            issued_at,
            now,
            max_age,
        })
    }

    fn not_yet_valid(&self, field: Start, at: OffsetDateTime, now: OffsetDateTime) -> Refusal {
        Refusal::MessageNotYetValid {
            field,
            at,
            now,
            skew: self.skew,
        }
    }
}
