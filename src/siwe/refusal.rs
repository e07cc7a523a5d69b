//! Why a log-in is refused: one variant a reason, one frozen code a variant.
//!
//! The sentences tell a developer what to change. They never repeat the statement, the URI or any
//! other text of the message as it came, so that nothing of it reaches a terminal or a page raw. Exceptions are
//! short and printable: the domain, one character, and the word where `Ethereum` should stand.
//! Which HTTP status a code gets is decided by whoever answers, not here.

use std::fmt;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::fault::Fault;
use super::signature::{Invalid, Malformed};
use crate::model::{Address, ChainId, Purpose};

/// Why a message or its signature is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The text is not an ERC-4361 message.
    #[error("the message does not follow ERC-4361: {0}")]
    MessageMalformed(#[from] Fault),
    /// Something is longer than we read.
    #[error("{0}")]
    MessageTooLarge(TooLarge),
    /// Mixed case that is not the ERC-55 checksum.
    #[error("the address on line 2 fails its ERC-55 checksum; write it {expected}, or all in lower case")]
    AddressNotChecksummed {
        /// The same digits with the right case.
        expected: Address,
    },
    /// The domain (with its scheme) is none of the listed origins.
    #[error("the message is for {domain}, which is not an origin that may sign in here")]
    DomainMismatch {
        /// The domain as the message gives it, shortened.
        domain: String,
    },
    /// The URI does not lie under the origin that the domain names.
    #[error("the URI of the message must lie under the origin that its first line names: {origin}")]
    UriMismatch {
        /// An origin that would have matched.
        origin: String,
    },
    /// The chain is not one of those allowed.
    #[error("chain {0} may not be used to sign in here")]
    ChainNotSupported(ChainId),
    /// Another nonce was expected.
    #[error("the nonce is unknown, spent or expired; ask for a new one and sign a new message")]
    NonceInvalid,
    /// The Expiration Time is reached.
    #[error(
        "the message expired at {}, and the server's clock says {}: sign a new one; if this one was signed just now, the signing device's clock is behind: set it",
        rfc3339(.at), rfc3339(.now)
    )]
    MessageExpired {
        /// Its Expiration Time.
        at: OffsetDateTime,
        /// The server's time.
        now: OffsetDateTime,
    },
    /// Issued At or Not Before is still ahead, by more than the skew.
    #[error(
        "the {field} of the message, {}, is ahead of the server's clock, {}, by more than {}: {}",
        rfc3339(.at), rfc3339(.now), span(*.skew), field.cure()
    )]
    MessageNotYetValid {
        /// Which of the two.
        field: Start,
        /// Its value.
        at: OffsetDateTime,
        /// The server's time.
        now: OffsetDateTime,
        /// How far it may be ahead.
        skew: Duration,
    },
    /// Issued At is longer ago than the age cap.
    #[error(
        "the message was issued at {}, {} or more before the server's clock, {}: sign a new one; if this one was signed just now, the signing device's clock is behind: set it",
        rfc3339(.issued_at), span(*.max_age), rfc3339(.now)
    )]
    MessageTooOld {
        /// Its Issued At.
        issued_at: OffsetDateTime,
        /// The server's time.
        now: OffsetDateTime,
        /// The age cap.
        max_age: Duration,
    },
    /// The signature is not a text of whole bytes in hexadecimal.
    #[error("the signature is not an even number of hexadecimal digits, with or without 0x in front: {0}")]
    SignatureMalformed(Malformed),
    /// The signature is not this address's signature of this text.
    #[error("the signature is not valid for this message: {0}")]
    SignatureInvalid(Invalid),
    /// It is no key's, and no contract at the address confirmed it.
    #[error(
        "the signature is not valid for this message: {}no contract at the address says on the message's chain that it is its own",
        as_keys(*.as_key)
    )]
    ContractRejected {
        /// Why it is no key's; `None` for an ERC-6492 wrapper, which never is.
        as_key: Option<Invalid>,
    },
    /// An ERC-6492 wrapper: a contract wallet, maybe one that is not deployed yet.
    #[error(
        "the signature is of a contract wallet (ERC-6492), and on this chain only wallets with a private key may sign in"
    )]
    ContractWalletUnsupported,
    /// An ERC-6492 wrapper of a wallet that is not deployed, on a chain whose nodes cannot run the validator.
    #[error(
        "the signature is of a contract wallet that is not deployed on this chain (ERC-6492), and the chain's nodes cannot check such a one; deploy the wallet, use another chain, or use a wallet with a private key"
    )]
    ContractNotDeployed,
    /// The statement or the nonce is not of the purpose that was wanted.
    #[error("{}", purpose_mismatch(*.0))]
    PurposeMismatch(Purpose),
}

/// The times from which a message is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// When the wallet was asked to sign, by the device's clock.
    IssuedAt,
    /// What the app asked for.
    NotBefore,
}

impl Start {
    fn cure(self) -> &'static str {
        match self {
            Self::IssuedAt => "set the signing device's clock, which is ahead",
            Self::NotBefore => "wait until then, or set the signing device's clock if it is ahead",
        }
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IssuedAt => "Issued At",
            Self::NotBefore => "Not Before",
        })
    }
}

impl Refusal {
    /// Every code, in the order in which the checks are made.
    pub const CODES: [&str; 14] = [
        "message_too_large",
        "message_malformed",
        "address_not_checksummed",
        "domain_mismatch",
        "uri_mismatch",
        "chain_not_supported",
        "message_expired",
        "message_not_yet_valid",
        "message_too_old",
        "nonce_invalid",
        "signature_malformed",
        "contract_wallet_unsupported",
        "signature_invalid",
        "purpose_mismatch",
    ];

    /// The frozen code by which programs know the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MessageMalformed(_) => "message_malformed",
            Self::MessageTooLarge(_) => "message_too_large",
            Self::AddressNotChecksummed { .. } => "address_not_checksummed",
            Self::DomainMismatch { .. } => "domain_mismatch",
            Self::UriMismatch { .. } => "uri_mismatch",
            Self::ChainNotSupported(_) => "chain_not_supported",
            Self::NonceInvalid => "nonce_invalid",
            Self::MessageExpired { .. } => "message_expired",
            Self::MessageNotYetValid { .. } => "message_not_yet_valid",
            Self::MessageTooOld { .. } => "message_too_old",
            Self::SignatureMalformed(_) => "signature_malformed",
            Self::SignatureInvalid(_) | Self::ContractRejected { .. } => "signature_invalid",
            Self::ContractWalletUnsupported | Self::ContractNotDeployed => "contract_wallet_unsupported",
            Self::PurposeMismatch(_) => "purpose_mismatch",
        }
    }
}

fn purpose_mismatch(wanted: Purpose) -> String {
    match wanted {
        Purpose::SignIn => {
            "the message was signed for another purpose and does not sign in: sign a new one".to_owned()
        }
        purpose => format!(
            "this action takes only a message for {purpose}: ask v1Nonce(purpose: \"{purpose}\") in this session, and sign its statement and nonce"
        ),
    }
}

/// Years that RFC 3339 cannot print fall back to another form: a refusal must always be printable.
fn rfc3339(at: &OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

fn span(duration: Duration) -> impl fmt::Display {
    humantime::format_duration(duration.unsigned_abs())
}

fn as_keys(invalid: Option<Invalid>) -> String {
    invalid.map_or_else(String::new, |invalid| {
        format!("it is not a private key's ({invalid}), and ")
    })
}

/// What was too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLarge {
    /// The whole message.
    Message,
    /// The signature's text.
    Signature,
    /// The list of resources.
    Resources,
    /// The request id.
    RequestId,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message => write!(f, "the message is longer than {} bytes", super::MESSAGE_CAP),
            Self::Signature => write!(
                f,
                "the signature is longer than {} characters",
                super::SIGNATURE_CAP
            ),
            Self::Resources => {
                write!(
                    f,
                    "the message lists more than {} resources",
                    super::message::RESOURCES_CAP
                )
            }
            Self::RequestId => {
                write!(
                    f,
                    "the Request ID is longer than {} characters",
                    super::grammar::REQUEST_ID_CAP
                )
            }
        }
    }
}
