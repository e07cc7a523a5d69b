//! Signatures in an ERC-6492 wrapper, also on chains where the universal validator cannot be created inside a call.
//!
//! The ZK stack (ZKsync Era, Abstract and others) does not run EVM creation code there. A contract that is deployed can
//! still be asked about the signature inside the wrapper, which is what the validator does first. One that is not deployed
//! cannot be asked, which is no verdict about the signature.

use std::sync::atomic::Ordering;

use super::chain::says_yes;
use super::fault::{Fault, Kind};
use super::node::{CALLER, Node};
use super::{Question, Verdict, call};

/// Invalid parameters, of JSON-RPC: what a node says that knows no call without a receiver.
const INVALID_PARAMETERS: i64 = -32602;

/// What came of a call that creates the validator.
enum Run {
    /// It ran to its end and said whether the signature is the contract's own.
    Said(bool),
    /// It failed, or something else answered: either the wrapper is at fault or the chain.
    Failed,
    /// The node takes no such call.
    NotTaken,
}

/// Asks the contract about a wrapped signature.
pub(super) async fn ask(
    node: &Node,
    block: u64,
    question: &Question<'_>,
    deployed: bool,
) -> Result<Verdict, Fault> {
    let run = run(node, block, question).await;
    match &run {
        Ok(Run::Said(true)) => return Ok(Verdict::Accepted { deployed }),
        Ok(Run::Said(false)) => return Ok(Verdict::Rejected),
        Err(fault) if !matches!(fault.kind, Kind::Refused(_)) => return Err(fault.clone()),
        Ok(Run::Failed | Run::NotTaken) | Err(_) => {}
    }
    // After a refusal something else may answer at the same address.
    node.identify().await?;
    let inner = call::unwrap(question.signature);
    // The same as if the client had sent the inner signature alone, so nothing is accepted that was not before.
    if let (true, Some(inner)) = (deployed, &inner)
        && says_yes(node, block, question, inner).await?
    {
        return Ok(Verdict::Accepted { deployed });
    }
    let run = run?;
    if deployed || inner.is_none() || (matches!(run, Run::Failed) && runs_validator(node, block).await?) {
        Ok(Verdict::Rejected)
    } else {
        Ok(Verdict::Unsupported)
    }
}

async fn run(node: &Node, block: u64, question: &Question<'_>) -> Result<Run, Fault> {
    match node.call(None, &call::to_the_validator(question), block).await {
        Ok(answer) => {
            let said = answer.as_deref().and_then(call::validators_answer);
            Ok(said.map_or(Run::Failed, Run::Said))
        }
        Err(fault) if fault.kind == Kind::Refused(INVALID_PARAMETERS) => Ok(Run::NotTaken),
        Err(fault) => Err(fault),
    }
}

/// Whether the chain runs the validator at all: found out by a question whose answer is no. A chain that was seen to
/// run it is not asked again.
async fn runs_validator(node: &Node, block: u64) -> Result<bool, Fault> {
    if node.runs_validator.load(Ordering::Relaxed) {
        return Ok(true);
    }
    // Without code and without a known key: whatever key these bytes recover to, it is not this address's.
    let question = Question {
        chain: node.chain(),
        address: CALLER,
        hash: &[0x64; 32],
        signature: &[27; 65],
        is_wrapped: false,
    };
    let runs = matches!(run(node, block, &question).await?, Run::Said(false));
    if runs {
        node.runs_validator.store(true, Ordering::Relaxed);
    }
    Ok(runs)
}
