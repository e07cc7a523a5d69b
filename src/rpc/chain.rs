//! One chain: its nodes, which must agree, and how many checks may be under way.

use std::future::Future;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use reqwest::Client;
use tokio::sync::Semaphore;
use tracing::warn;

use super::fault::{Fault, Kind, WrongChain};
use super::node::Node;
use super::{Question, Verdict, call};
use crate::config::RpcUrl;
use crate::model::{Address, ChainId};

/// No check takes longer, the wait for its turn included: half of what a request may take.
pub(super) const CHECK_TIMEOUT: Duration = Duration::from_secs(6);
/// How many checks of one chain may be under way: a flood of them must fill neither the node's quota nor our memory.
const MOST_AT_ONCE: usize = 16;
/// How long a check waits for its turn. Others are slow or many then, and the client had better come again.
const TURN: Duration = Duration::from_secs(1);

/// A chain whose contracts can be asked.
#[derive(Debug)]
pub(super) struct Chain {
    id: ChainId,
    nodes: Vec<Node>,
    turns: Semaphore,
}

impl Chain {
    pub(super) fn new(id: ChainId, urls: &[RpcUrl], client: &Client) -> Self {
        Self {
            id,
            nodes: urls.iter().map(|url| Node::new(id, url, client)).collect(),
            turns: Semaphore::new(MOST_AT_ONCE),
        }
    }

    /// Asks the contract. It takes all nodes to say yes; a fault of one leaves it open.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Verdict, Fault> {
        let verdicts = self.in_turn(async {
            let block = self.block().await?;
            try_join_all(self.nodes.iter().map(|node| ask(node, block, question))).await
        });
        let agreed = verdicts.await?.into_iter().reduce(Verdict::and);
        Ok(agreed.unwrap_or(Verdict::Rejected))
    }

    /// Whether any node sees code at an address.
    pub(super) async fn has_code(&self, address: Address) -> Result<bool, Fault> {
        let seen = self.in_turn(async {
            let block = self.block().await?;
            try_join_all(self.nodes.iter().map(|node| node.has_code(address, block))).await
        });
        Ok(seen.await?.contains(&true))
    }

    /// Asks each node which chain it serves; only a wrong answer is an error.
    pub(super) async fn check_ids(&self) -> Result<(), WrongChain> {
        for fault in join_all(self.nodes.iter().map(|node| node.identify()))
            .await
            .into_iter()
            .filter_map(Result::err)
        {
            let Fault { chain, host, kind } = fault;
            if let Kind::WrongChain(served) = kind {
                return Err(WrongChain { chain, host, served });
            }
            warn!(chain.id = %chain, rpc.host = %host, cause = %kind, "a node of ETH_RPC_URLS does not answer: contract wallets of its chain cannot sign in just now");
        }
        Ok(())
    }

    /// The block at which every node is asked: the latest that each of them has, if they serve the chain at all.
    async fn block(&self) -> Result<u64, Fault> {
        try_join_all(self.nodes.iter().map(|node| node.identify())).await?;
        let latest = try_join_all(self.nodes.iter().map(|node| node.block_number())).await?;
        latest.into_iter().min().ok_or_else(|| Fault::no_node(self.id))
    }

    async fn in_turn<T>(&self, check: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let whole = async {
            let Ok(Ok(_turn)) = tokio::time::timeout(TURN, self.turns.acquire()).await else {
                return Err(self.fault(Kind::Busy));
            };
            check.await
        };
        tokio::time::timeout(CHECK_TIMEOUT, whole)
            .await
            .unwrap_or_else(|_| Err(self.fault(Kind::CHECK_TIMED_OUT)))
    }

    fn fault(&self, kind: Kind) -> Fault {
        metrics::counter!("hasura_siwe_rpc_requests_total", "chain" => self.id.to_string(), "result" => kind.label())
            .increment(1);
        Fault::of_all(self.id, kind)
    }
}

async fn ask(node: &Node, block: u64, question: &Question<'_>) -> Result<Verdict, Fault> {
    let deployed = node.has_code(question.address, block).await?;
    let accepted = if question.is_wrapped {
        let answer = node.call(None, &call::to_the_validator(question), block).await?;
        answer.is_some_and(|answer| call::is_validators_yes(&answer))
    } else if deployed {
        let input = call::to_the_contract(question);
        let answer = node.call(Some(question.address), &input, block).await?;
        answer.is_some_and(|answer| call::is_yes(&answer))
    } else {
        // Nobody lives there: precompiles, whose answers could be anything, have no code either.
        false
    };
    Ok(if accepted {
        Verdict::Accepted { deployed }
    } else {
        Verdict::Rejected
    })
}
