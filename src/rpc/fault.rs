//! Why a node's answer is not known. All of it is for the log and for metrics: nothing of a URL but its host, and
//! nothing of what the node wrote.

use std::fmt;
use std::time::Duration;

use super::chain::CHECK_TIMEOUT;
use super::node::CALL_TIMEOUT;
use crate::model::ChainId;

/// A question to a node that got no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("chain {chain}, {host}: {kind}")]
pub struct Fault {
    pub(super) chain: ChainId,
    pub(super) host: String,
    pub(super) kind: Kind,
}

/// A node serves another chain than the configuration says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ETH_RPC_URLS says that {host} serves chain {chain}, and it answers that it serves chain {served}")]
pub struct WrongChain {
    /// The chain it is configured for.
    pub chain: ChainId,
    /// Its host.
    pub host: String,
    /// The chain it serves.
    pub served: u64,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// No node is configured.
    NoNode,
    /// Too many other checks are under way.
    Busy,
    /// The answer did not come, or not whole, in time.
    TimedOut(Duration),
    /// No connection, or it broke.
    Unreachable,
    /// A status that is not 200; redirects are not followed.
    Status(u16),
    /// An answer of more bytes than any of ours has.
    TooLarge,
    /// An answer that is not what JSON-RPC gives to this question.
    Malformed,
    /// An error of the node itself, such as a limit that was reached.
    Refused(i64),
    /// It does not have the block that it is asked about: another node behind its address named it.
    UnknownBlock(i64),
    /// It serves another chain.
    WrongChain(u64),
}

impl Fault {
    /// Nobody can be asked about this chain.
    pub fn no_node(chain: ChainId) -> Self {
        Self::of_all(chain, Kind::NoNode)
    }

    /// One that concerns no node in particular.
    pub(super) fn of_all(chain: ChainId, kind: Kind) -> Self {
        Self {
            chain,
            host: "all nodes".to_owned(),
            kind,
        }
    }
}

impl Fault {
    /// Whether the node does not have the block that it was asked about.
    pub(super) fn is_unknown_block(&self) -> bool {
        matches!(self.kind, Kind::UnknownBlock(_))
    }
}

impl Kind {
    pub(super) const TIMED_OUT: Self = Self::TimedOut(CALL_TIMEOUT);
    pub(super) const CHECK_TIMED_OUT: Self = Self::TimedOut(CHECK_TIMEOUT);

    /// The label of the metric: one of a few words.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::NoNode => "no_node",
            Self::Busy => "busy",
            Self::TimedOut(_) => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Status(_) => "status",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Refused(_) | Self::UnknownBlock(_) => "refused",
            Self::WrongChain(_) => "wrong_chain",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNode => f.write_str("no node is configured"),
            Self::Busy => f.write_str("too many checks are under way"),
            Self::TimedOut(after) => write!(f, "no answer in {} s", after.as_secs()),
            Self::Unreachable => f.write_str("no connection, or it broke"),
            Self::Status(status) => write!(f, "HTTP status {status}"),
            Self::TooLarge => f.write_str("the answer is too large"),
            Self::Malformed => f.write_str("the answer is not what JSON-RPC gives"),
            Self::Refused(code) => write!(f, "JSON-RPC error {code}"),
            Self::UnknownBlock(code) => write!(f, "JSON-RPC error {code}: it does not have the block"),
            Self::WrongChain(served) => write!(f, "it serves chain {served}"),
        }
    }
}
