//! Signing in with a text that the service chose: the flows of Lens and tanX.
//!
//! The client sends an address and a signature, and no text. What is hashed is the text that was stored,
//! and the address that signs in is the one that the text was stored for; nothing of the proof is taken
//! from the request.

use std::time::Duration;

use super::{Error, Service, Tokens};
use crate::config::Config;
use crate::entropy::Entropy;
use crate::model::{Address, AddressError, Client, Flow};
use crate::siwe::signature::{Invalid, Signature, hash};
use crate::siwe::{Origin, Refusal, SIGNATURE_CAP, TooLarge};
use crate::storage::{self, ChallengeLogIn, ChallengeLoggedIn};
use crate::token::RefreshToken;

/// As long as the Lens document says; tanX's says nothing.
const LIFE: Duration = Duration::from_secs(5 * 60);

/// What the texts say of us.
#[derive(Debug)]
pub(super) struct App {
    pub(super) name: String,
    /// The same for a SIWE message, which is ASCII: the name, or the host where the name has other characters.
    pub(super) ascii_name: String,
    origin: String,
}

/// How often a uid is drawn before it is a fault: with ten hexadecimal digits even a hundred million users
/// leave a draw free 9,999 times in 10,000.
const DRAWS: usize = 10;

impl App {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            name: config.app_name.clone(),
            ascii_name: ascii_name(config),
            origin: config.origins.first().map(Origin::to_string).unwrap_or_default(),
        }
    }
}

impl Service {
    /// A text for the Lens flow that the wallet at `address` is to sign within five minutes. Asked again
    /// within a minute, it is the same: a stranger who asks for somebody's address can neither void their
    /// text nor fill the table.
    ///
    /// # Errors
    /// [`Error::FlowClosed`]; [`Error::BadRequest`] for what is no address, [`Error::RateLimited`] or [`Error::Unavailable`].
    pub async fn lens_challenge(&self, address: &str, client: &Client) -> Result<String, Error> {
        self.is_open(Flow::Lens)?;
        let address = address_of(address)?;
        self.may_ask(client).await?;
        let text = format!(
            "I want to authenticate with {} and generate a JWT token at timestamp - {}. Auth request id - {}",
            self.app.name,
            self.clock.now().unix_timestamp_nanos() / 1_000_000,
            hex::encode(self.entropy.bytes::<32>()),
        );
        Ok(self.db.issue_challenge(Flow::Lens, address, &text, LIFE).await?)
    }

    /// The same for the tanX flow.
    ///
    /// # Errors
    /// As [`Service::lens_challenge`].
    pub async fn tanx_challenge(&self, address: &str, client: &Client) -> Result<String, Error> {
        self.is_open(Flow::Tanx)?;
        let address = address_of(address)?;
        self.may_ask(client).await?;
        let text = format!(
            "You’re now signing into {}, make sure the origin is {} (Login-code:{})",
            self.app.name,
            self.app.origin,
            login_code(&self.entropy),
        );
        Ok(self.db.issue_challenge(Flow::Tanx, address, &text, LIFE).await?)
    }

    /// Spends the Lens challenge of `address` that `signature` is of, and opens a session.
    ///
    /// # Errors
    /// [`Error::FlowClosed`]; [`Error::BadRequest`] for what is no address; [`Error::Message`] for a signature that is not by this
    /// address over any text that it was given, which spends nothing; [`Error::NonceInvalid`] without a live
    /// text; [`Error::AccountDisabled`], [`Error::RateLimited`] or [`Error::Unavailable`].
    pub async fn lens_log_in(
        &self,
        address: &str,
        signature: &str,
        client: &Client,
    ) -> Result<Tokens, Error> {
        let outcome = self
            .answer_challenge(Flow::Lens, address, signature, None, client)
            .await;
        let (tokens, _) = self.counts.log_in(Flow::Lens, outcome)?;
        Ok(tokens)
    }

    /// Spends the tanX challenge of `address` that `signature` is of, and opens a session. The text beside
    /// the tokens is the user's uid.
    ///
    /// # Errors
    /// As [`Service::lens_log_in`].
    pub async fn tanx_log_in(
        &self,
        address: &str,
        signature: &str,
        client: &Client,
    ) -> Result<(Tokens, String), Error> {
        let outcome = self.tanx_log_in_with_uid(address, signature, client).await;
        self.counts.log_in(Flow::Tanx, outcome)
    }

    async fn tanx_log_in_with_uid(
        &self,
        address: &str,
        signature: &str,
        client: &Client,
    ) -> Result<(Tokens, String), Error> {
        let proposed = uid(&self.entropy);
        let (tokens, given) = self
            .answer_challenge(Flow::Tanx, address, signature, Some(&proposed), client)
            .await?;
        if let Some(uid) = given {
            return Ok((tokens, uid));
        }
        // Taken by somebody else, or this user's first log-ins raced: in both cases asking again tells.
        for _ in 0..DRAWS {
            let proposed = uid(&self.entropy);
            if let Some(uid) = self.db.give_uid(tokens.session.user_id, &proposed).await? {
                return Ok((tokens, uid));
            }
        }
        Err(storage::Error::UidsTaken.into())
    }

    async fn answer_challenge(
        &self,
        flow: Flow,
        address: &str,
        signature: &str,
        uid: Option<&str>,
        client: &Client,
    ) -> Result<(Tokens, Option<String>), Error> {
        self.is_open(flow)?;
        let address = address_of(address)?;
        if signature.len() > SIGNATURE_CAP {
            return Err(Refusal::MessageTooLarge(TooLarge::Signature).into());
        }
        let signature = Signature::parse(signature)?;
        // Before anything is spent: a service without a key leaves the challenge good.
        let pen = self.signer.pen()?;
        let texts = self.db.live_challenges(flow, address).await?;
        if texts.is_empty() {
            return Err(Error::NonceInvalid);
        }
        let text = texts
            .iter()
            .find(|text| signature.recover(&hash(text)) == Ok(address))
            .ok_or(Refusal::SignatureInvalid(Invalid::OtherSigner))?;
        let refresh = RefreshToken::draw(&self.entropy);
        let mut log_in = ChallengeLogIn {
            opening: self.opening(flow, &refresh, client),
            address,
            text: text.clone(),
            user_id: self.entropy.uuid(),
            uid: uid.map(str::to_owned),
            sign_ups: self.sign_up_limits(client),
        };
        let mut outcome = self.db.log_in_by_challenge(&log_in).await?;
        if matches!(outcome, ChallengeLoggedIn::WantsPlace) {
            log_in.sign_ups.has_place = true;
            let db = self.db.clone();
            let signing_up = async move { db.log_in_by_challenge(&log_in).await };
            let is_new = |outcome: &ChallengeLoggedIn| {
                matches!(outcome, ChallengeLoggedIn::Session { is_new: true, .. })
            };
            outcome = self.sign_up(signing_up, is_new).await?;
        }
        match outcome {
            ChallengeLoggedIn::Disabled => Err(Error::AccountDisabled),
            ChallengeLoggedIn::TooMany(wait) => Err(Error::RateLimited(wait)),
            ChallengeLoggedIn::WantsPlace => unreachable!("a sign-up with a place wants none"),
            ChallengeLoggedIn::Spent => Err(Error::NonceInvalid),
            ChallengeLoggedIn::Session { session, uid, .. } => {
                Ok((self.signed_in(flow, &pen, session, refresh), uid))
            }
        }
    }
}

fn ascii_name(config: &Config) -> String {
    let is_printable = config.app_name.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    match config.origins.first() {
        Some(origin) if !is_printable => origin.host().to_owned(),
        _ => config.app_name.clone(),
    }
}

/// The published APIs know one complaint about an address, so a wrong checksum has no code of its own here.
fn address_of(text: &str) -> Result<Address, Error> {
    text.parse().map_err(|error: AddressError| {
        Error::BadRequest(match error {
            AddressError::Malformed => format!("{error}; names such as vitalik.eth are not looked up"),
            AddressError::Checksum { .. } => error.to_string(),
        })
    })
}

/// 22 of 62 characters: 130 bits.
fn login_code(entropy: &Entropy) -> String {
    const LENGTH: usize = 22;
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut code = String::with_capacity(LENGTH);
    while code.len() < LENGTH {
        let drawn = entropy.bytes::<32>();
        // 248 is the last multiple of 62 in a byte; what lies above would favour the first letters.
        let fair = drawn.iter().filter(|byte| **byte < 248);
        code.extend(
            fair.map(|byte| char::from(ALPHABET[usize::from(byte % 62)]))
                .take(LENGTH - code.len()),
        );
    }
    code
}

/// As the tanX document prints one: `IDDAF4F5E3C7`.
fn uid(entropy: &Entropy) -> String {
    format!("ID{}", hex::encode_upper(entropy.bytes::<5>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_login_code_is_22_characters_that_all_come_up_alike() {
        let entropy = Entropy::system();
        let mut seen: BTreeMap<char, u32> = BTreeMap::new();
        for _ in 0..3_000 {
            let code = login_code(&entropy);
            assert_eq!(code.len(), 22);
            for letter in code.chars() {
                assert!(letter.is_ascii_alphanumeric(), "{code}");
                *seen.entry(letter).or_default() += 1;
            }
        }
        // 66,000 letters, about 1,065 of each with a deviation of 32; a biased draw gives eight letters a quarter more.
        assert_eq!(seen.len(), 62);
        assert!(
            seen.values().all(|count| (865..1_265).contains(count)),
            "{seen:?}"
        );
    }

    #[test]
    fn a_uid_is_id_and_ten_upper_case_digits() {
        let uid = uid(&Entropy::system());
        let digits = uid.strip_prefix("ID").unwrap();
        assert!(
            digits.len() == 10
                && digits
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)),
            "{uid}"
        );
    }

    #[test]
    fn every_complaint_about_an_address_is_one_code_with_a_sentence_that_helps() {
        for (text, wanted) in [
            ("vitalik.eth", "not looked up"),
            ("0x12", "40 hexadecimal digits"),
            (
                "0x4A62316623ad457F02cDC5D997deD67a383EC569",
                "0x4a62316623ad457F02cDC5D997deD67a383EC569",
            ),
        ] {
            let error = address_of(text).unwrap_err();
            assert_eq!(error.code(), "bad_request");
            assert!(error.to_string().contains(wanted), "{error}");
        }
    }
}
