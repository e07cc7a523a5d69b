//! One chain: its nodes, which must agree, and how many checks may be under way.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all, try_join_all};
use reqwest::Client;
use tokio::sync::Semaphore;
use tracing::warn;

use super::fault::{Fault, Kind, WrongChain};
use super::node::Node;
use super::{Question, Verdict, call, wrapped};
use crate::config::RpcUrl;
use crate::model::{Address, ChainId};

/// No check takes longer, the wait for its turn included: half of what a request may take.
pub(super) const CHECK_TIMEOUT: Duration = Duration::from_secs(6);
/// How many checks of one chain may be under way: a flood of them must fill neither the node's quota nor our memory.
const MOST_AT_ONCE: usize = 16;
/// How long a check waits for its turn. Others are slow or many then, and the client had better come again.
const TURN: Duration = Duration::from_secs(1);

/// How long a node is given to learn of a block that another one behind its address has named.
const BLOCK_WAIT: Duration = Duration::from_millis(500);
/// How many blocks further back a node is asked that has still not learnt of it.
const BLOCKS_BACK: u64 = 2;

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
        let check = |block| {
            let verdicts = try_join_all(self.nodes.iter().map(move |node| ask(node, block, question)));
            let agreed = |verdicts: Vec<Verdict>| verdicts.into_iter().reduce(Verdict::and);
            verdicts
                .map(move |verdicts| Ok(agreed(verdicts?).unwrap_or(Verdict::Rejected)))
                .boxed()
        };
        let is_yes = |verdict: &Verdict| matches!(verdict, Verdict::Accepted { .. });
        self.in_turn(self.at_a_block(check, is_yes)).await
    }

    /// Whether any node sees code at an address.
    pub(super) async fn has_code(&self, address: Address) -> Result<bool, Fault> {
        let check = |block| {
            try_join_all(self.nodes.iter().map(move |node| node.has_code(address, block)))
                .map(|seen| Ok(seen?.contains(&true)))
                .boxed()
        };
        self.in_turn(self.at_a_block(check, |seen| *seen)).await
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

    /// Checks at the latest block that every node has. Behind one address there may be many nodes, and the one that is asked
    /// next may not have that block yet: so it is asked again after a moment, and then a little further back.
    ///
    /// An earlier block can only confirm. What is not there yet at that block may be there now, so a no of it is left open.
    async fn at_a_block<'a, T>(
        &self,
        check: impl Fn(u64) -> BoxFuture<'a, Result<T, Fault>>,
        is_yes: impl Fn(&T) -> bool,
    ) -> Result<T, Fault> {
        let block = self.block().await?;
        match check(block).await {
            Err(fault) if fault.is_unknown_block() => tokio::time::sleep(BLOCK_WAIT).await,
            answer => return answer,
        }
        self.identify().await?;
        let fault = match check(block).await {
            Err(fault) if fault.is_unknown_block() => fault,
            answer => return answer,
        };
        let earlier = block.checked_sub(BLOCKS_BACK).ok_or_else(|| fault.clone())?;
        self.identify().await?;
        let answer = check(earlier).await?;
        if is_yes(&answer) { Ok(answer) } else { Err(fault) }
    }

    /// Makes sure that every node serves the chain. After a fault another node may answer, so it is asked anew then.
    async fn identify(&self) -> Result<(), Fault> {
        try_join_all(self.nodes.iter().map(|node| node.identify())).await?;
        Ok(())
    }

    /// The block at which every node is asked: the latest that each of them has, if they serve the chain at all.
    async fn block(&self) -> Result<u64, Fault> {
        self.identify().await?;
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
    if question.is_wrapped {
        return wrapped::ask(node, block, question, deployed).await;
    }
    // Only code is asked: precompiles have none, and their answers could be anything.
    if deployed && says_yes(node, block, question, question.signature).await? {
        Ok(Verdict::Accepted { deployed })
    } else {
        Ok(Verdict::Rejected)
    }
}

/// Whether the contract itself says that `signature` is its own.
pub(super) async fn says_yes(
    node: &Node,
    block: u64,
    question: &Question<'_>,
    signature: &[u8],
) -> Result<bool, Fault> {
    let input = call::to_the_contract(question.hash, signature);
    let answer = node.call(Some(question.address), &input, block).await?;
    Ok(answer.is_some_and(|answer| call::is_yes(&answer)))
}
