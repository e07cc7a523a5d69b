//! What a node's answer says, from its bytes: a result, an execution that failed, or nothing that can be used.
//!
//! Nodes agree on little about errors. Whether the contract failed or the node did must be told apart, because the
//! first is a no and the second is none. What is not known for the first is taken for the second.

use serde::Deserialize;

use super::fault::Kind;

/// The result of a question, `None` where the execution failed.
pub(super) type Answer = Option<String>;

#[derive(Deserialize)]
struct Envelope {
    result: Option<String>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    #[serde(default)]
    message: String,
}

/// Reads the body of an answer. Every result that is asked for here is a text.
pub(super) fn read(body: &[u8]) -> Result<Answer, Kind> {
    match serde_json::from_slice(body) {
        Ok(Envelope {
            error: Some(refusal), ..
        }) if refusal.is_of_the_execution() => Ok(None),
        Ok(Envelope {
            error: Some(refusal), ..
        }) if refusal.is_of_an_unknown_block() => Err(Kind::UnknownBlock(refusal.code)),
        Ok(Envelope {
            error: Some(refusal), ..
        }) => Err(Kind::Refused(refusal.code)),
        Ok(Envelope {
            result: Some(result), ..
        }) => Ok(Some(result)),
        Ok(_) | Err(_) => Err(Kind::Malformed),
    }
}

/// The bytes of a result: `0x` and whole bytes in hexadecimal.
pub(super) fn bytes(result: &str) -> Result<Vec<u8>, Kind> {
    let digits = result.strip_prefix("0x").ok_or(Kind::Malformed)?;
    hex::decode(digits).map_err(|_| Kind::Malformed)
}

/// The number of a result: `0x` and hexadecimal digits.
pub(super) fn number(result: &str) -> Result<u64, Kind> {
    let digits = result.strip_prefix("0x").ok_or(Kind::Malformed)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Kind::Malformed);
    }
    u64::from_str_radix(digits, 16).map_err(|_| Kind::Malformed)
}

/// What clients (Geth, Erigon, Nethermind, Besu, Reth, anvil) write of a failed execution.
const OF_THE_EXECUTION: &[&str] = &[
    "revert",
    "out of gas",
    "outofgas",
    "gas uint64 overflow",
    "invalid opcode",
    "invalid jump",
    "invalidfeopcode",
    "bad instruction",
    "bad jump",
    "stack underflow",
    "stack overflow",
    "stack limit reached",
    "write protection",
    "return data out of bounds",
    "max code size exceeded",
    "max initcode size exceeded",
    "evm error",
    "vm execution error",
];

/// What nodes (Geth, Erigon, Nethermind, Reth, anvil, the ZK stack, Avalanche) and the balancers of providers write when
/// they do not have a block that another node behind the same address has named.
const OF_AN_UNKNOWN_BLOCK: &[&str] = &[
    "header not found",
    "header for hash not found",
    "block not found",
    "unknown block",
    "could not find block",
    "unable to find block",
    "unsupported block number",
    "no such block",
    "block does not exist",
    "block with such an id doesn't exist",
    "blockoutofrange",
    "block is out of range",
    "greater than current head",
    "above the latest",
    "cannot query unfinalized",
    "after last accepted",
];

impl Refusal {
    fn is_of_an_unknown_block(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        let numbered = message.contains("block ") && message.ends_with("not found");
        numbered || OF_AN_UNKNOWN_BLOCK.iter().any(|words| message.contains(words))
    }

    fn is_of_the_execution(&self) -> bool {
        // 3: Geth and its kin. -32015: Parity's, which Nethermind kept.
        if matches!(self.code, 3 | -32015) {
            return true;
        }
        let message = self.message.to_ascii_lowercase();
        OF_THE_EXECUTION.iter().any(|words| message.contains(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_execution_and_a_failing_node_are_told_apart() {
        for error in [
            r#"{"code":3,"message":"execution reverted: no","data":"0x"}"#,
            r#"{"code":-32000,"message":"out of gas"}"#,
            r#"{"code":-32000,"message":"invalid opcode: INVALID"}"#,
            r#"{"code":-32015,"message":"VM execution error."}"#,
            r#"{"code":-32603,"message":"EVM error OutOfGas"}"#,
            r#"{"code":-32000,"message":"Execution reverted"}"#,
        ] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":1,"error":{error}}}"#);
            assert_eq!(read(body.as_bytes()), Ok(None), "{error}");
        }
        for (error, code) in [
            (
                r#"{"code":-32005,"message":"daily request count exceeded"}"#,
                -32005,
            ),
            (
                r#"{"code":-32000,"message":"execution aborted (timeout = 5s)"}"#,
                -32000,
            ),
            (r#"{"code":-32603,"message":"Internal error"}"#, -32603),
            (r#"{"code":-32601,"message":"the method does not exist"}"#, -32601),
        ] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":1,"error":{error}}}"#);
            assert_eq!(read(body.as_bytes()), Err(Kind::Refused(code)), "{error}");
        }
    }

    // Issue 14, item 22: field report W03.
    #[test]
    fn a_block_that_a_node_does_not_have_is_told_apart_from_its_other_errors() {
        for error in [
            r#"{"code":-32000,"message":"header not found"}"#,
            r#"{"code":-32001,"message":"unknown block number"}"#,
            r#"{"code":-32001,"message":"block not found: 0x10"}"#,
            r#"{"code":-32014,"message":"Block #16 not found"}"#,
            r#"{"code":-32602,"message":"BlockOutOfRangeError: block height is 15 but requested was 16"}"#,
            r#"{"code":-32602,"message":"Block with such an ID doesn't exist yet"}"#,
            r#"{"code":-32000,"message":"cannot query unfinalized data"}"#,
            r#"{"code":-32000,"message":"requested block number 16 is greater than current head block number 15"}"#,
        ] {
            let body = format!(r#"{{"jsonrpc":"2.0","id":1,"error":{error}}}"#);
            assert!(
                matches!(read(body.as_bytes()), Err(Kind::UnknownBlock(_))),
                "{error}"
            );
        }
        // What a contract says when it fails is a no, whatever the words.
        let body = r#"{"error":{"code":3,"message":"execution reverted: header not found"}}"#;
        assert_eq!(read(body.as_bytes()), Ok(None));
        let body = r#"{"error":{"code":-32601,"message":"method not found"}}"#;
        assert_eq!(read(body.as_bytes()), Err(Kind::Refused(-32601)));
    }

    #[test]
    fn what_is_no_answer_is_malformed() {
        for body in [
            "",
            "<html>",
            "null",
            "[]",
            "{}",
            r#"{"result":null}"#,
            r#"{"result":1}"#,
            r#"{"result":{"code":"0x"}}"#,
            r#"{"error":"no"}"#,
            r#"{"result":"0x"} trailing"#,
        ] {
            assert_eq!(read(body.as_bytes()), Err(Kind::Malformed), "{body}");
        }
        assert_eq!(read(br#"{"result":"0x"}"#), Ok(Some("0x".to_owned())));
        for text in ["", "0", "1626", "0x1", "0xzz", "0X12"] {
            assert_eq!(bytes(text), Err(Kind::Malformed), "{text}");
        }
        for text in ["", "1", "0x", "0x+1", "0xg", "0x10000000000000000"] {
            assert_eq!(number(text), Err(Kind::Malformed), "{text}");
        }
        assert_eq!((number("0x89"), bytes("0x")), (Ok(137), Ok(Vec::new())));
    }
}
