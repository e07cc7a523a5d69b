//! A real EVM: anvil, on a port and with a chain id of its own, and the contracts of tests/contracts on it.

use std::path::Path;
use std::process::Stdio;

use ethers_core::abi::{Token, encode};
use ethers_core::types::H160;
use ethers_core::utils::keccak256;
use hasura_siwe::cli::wallet::{SignedText, Wallet};
use hasura_siwe::model::Address;
use hasura_siwe::siwe::signature;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{nonce, origin};

const ANVIL: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
);
const CONTRACTS: &str = include_str!("../../contracts/wallets.json");

/// A chain of one node, with a block for each transaction.
pub struct Evm {
    pub chain: u64,
    pub url: String,
    client: reqwest::Client,
    _process: Child,
}

impl Evm {
    pub async fn start(chain: u64) -> Self {
        assert!(
            Path::new(ANVIL).exists(),
            "{ANVIL} is missing: run `make test-deps`"
        );
        let mut process = Command::new(ANVIL)
            .args([
                "--port",
                "0",
                "--accounts",
                "1",
                "--no-mining",
                "--chain-id",
                &chain.to_string(),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = loop {
            let line = lines.next_line().await.unwrap().expect("anvil is up");
            if let Some(address) = line.strip_prefix("Listening on ") {
                break format!("http://{address}");
            }
        };
        // It logs each request, and must not wait for somebody to read that.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            chain,
            url,
            client: reqwest::Client::new(),
            _process: process,
        }
    }

    /// Its entry of ETH_RPC_URLS.
    pub fn entry(&self) -> String {
        format!("{}={}", self.chain, self.url)
    }

    pub async fn ask(&self, method: &str, params: Value) -> Value {
        let question = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = self.client.post(&self.url).json(&question).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    async fn transact(&self, mut transaction: Value) -> Value {
        transaction["from"] = self.ask("eth_accounts", json!([])).await[0].take();
        let hash = self.ask("eth_sendTransaction", json!([transaction])).await;
        // Its own mining happens some time after the answer.
        self.ask("evm_mine", json!([])).await;
        let receipt = self.ask("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        receipt
    }

    /// Deploys one of the contracts.
    pub async fn deploy(&self, name: &str, arguments: &[Token]) -> Address {
        let code = format!("0x{}{}", code_of(name), hex::encode(encode(arguments)));
        let receipt = self.transact(json!({"data": code})).await;
        receipt["contractAddress"].as_str().unwrap().parse().unwrap()
    }

    /// A wallet of this owner.
    pub async fn wallet_of(&self, owner: &Wallet) -> Address {
        self.deploy("OwnedWallet", &[address(owner.address())]).await
    }

    /// Calls a function of a contract in a transaction.
    pub async fn send(&self, to: Address, function: &str, arguments: &[Token]) {
        let input = format!("0x{}", hex::encode(input(function, arguments)));
        self.transact(json!({"to": to, "data": input})).await;
    }

    /// Asks a function of a contract that returns an address.
    pub async fn address_from(&self, to: Address, function: &str, arguments: &[Token]) -> Address {
        let input = format!("0x{}", hex::encode(input(function, arguments)));
        let word = self
            .ask("eth_call", json!([{"to": to, "data": input}, "latest"]))
            .await;
        format!("0x{}", &word.as_str().unwrap()[26..]).parse().unwrap()
    }

    /// Puts code at an address, or takes it away.
    pub async fn set_code(&self, at: Address, code: &str) {
        self.ask("anvil_setCode", json!([at, code])).await;
    }

    pub async fn code_at(&self, at: Address) -> String {
        self.ask("eth_getCode", json!([at, "latest"]))
            .await
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// What creates a contract.
fn code_of(name: &str) -> String {
    let kept: Value = serde_json::from_str(CONTRACTS).unwrap();
    kept["contracts"][name].as_str().unwrap().to_owned()
}

pub fn address(address: Address) -> Token {
    Token::Address(H160(*address.as_bytes()))
}

/// The input of a call, by the function's signature such as `approve(bytes32)`.
pub fn input(function: &str, arguments: &[Token]) -> Vec<u8> {
    [&keccak256(function)[..4], &encode(arguments)].concat()
}

/// A message of the contract at `account`, good now, signed by `owner`.
pub fn message(account: Address, owner: &Wallet, chain: u64, at: OffsetDateTime) -> SignedText {
    of_contract(account, owner, owner.log_in(&origin(), chain, &nonce(), at))
}

/// A message of the contract at `account` for a purpose, with the nonce and the statement that were issued for it.
pub fn proof(
    account: Address,
    owner: &Wallet,
    chain: u64,
    (nonce, statement): &(String, String),
    at: OffsetDateTime,
) -> SignedText {
    of_contract(
        account,
        owner,
        owner.message(&origin(), chain, nonce, statement, at),
    )
}

fn of_contract(account: Address, owner: &Wallet, own: SignedText) -> SignedText {
    let message = own
        .message
        .replace(&owner.address().to_string(), &account.to_string());
    SignedText {
        signature: owner.sign(&message),
        message,
    }
}

/// What a contract is asked about a text.
pub fn hash(text: &str) -> Token {
    Token::FixedBytes(signature::hash(text).to_vec())
}

/// The same log-in in an ERC-6492 wrapper: what makes the contract, and the signature that it would know.
pub fn wrapped(signed: &SignedText, factory: Address, creation: Vec<u8>) -> SignedText {
    let inner = hex::decode(&signed.signature[2..]).unwrap();
    let wrapper = encode(&[address(factory), Token::Bytes(creation), Token::Bytes(inner)]);
    SignedText {
        message: signed.message.clone(),
        signature: format!("0x{}{}", hex::encode(wrapper), "6492".repeat(16)),
    }
}
