//! `ETH_RPC_URLS`: the nodes that are asked about contract wallets, by chain.
//!
//! Keys of providers sit in these URLs, so no sentence here quotes one. It connects to none; `rpc` does.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use iri_string::types::UriAbsoluteStr;

use super::read::Reader;
use crate::model::ChainId;
use crate::secret::Secret;

/// A node of one chain.
#[derive(Clone, Debug)]
pub struct RpcUrl {
    /// Where it is asked.
    pub url: Secret<String>,
    /// Its host and port: all of the URL that may be seen.
    pub host: String,
}

const NAME: &str = "ETH_RPC_URLS";
/// The chains of Anvil, Hardhat and Ganache, and of `geth --dev`. Each such chain runs on one machine, and nothing on it has a value.
const DEVELOPMENT: [u64; 2] = [31_337, 1_337];
/// Two that must agree are a safeguard; a third would only be one more that can be down.
const MOST_OF_A_CHAIN: usize = 2;

impl Reader<'_> {
    /// The nodes of each chain, one or two.
    pub(super) fn rpc_urls(&mut self) -> BTreeMap<ChainId, Vec<RpcUrl>> {
        let mut chains: BTreeMap<ChainId, Vec<RpcUrl>> = BTreeMap::new();
        let text = self.secret(NAME).unwrap_or_default();
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        for (at, entry) in entries.enumerate() {
            match parse(entry) {
                Ok((chain, url)) => {
                    let of_chain = chains.entry(chain).or_default();
                    if of_chain
                        .iter()
                        .any(|other| other.url.matches(url.url.expose().as_bytes()))
                    {
                        self.fault(format!("{NAME} holds the same URL of chain {chain} twice: a node that agrees with itself proves nothing, so leave one out"));
                    } else if of_chain.len() == MOST_OF_A_CHAIN {
                        self.fault(format!("{NAME} holds more than {MOST_OF_A_CHAIN} URLs of chain {chain}: all of them must agree, so keep one or two"));
                    } else {
                        of_chain.push(url);
                    }
                }
                Err(end) => self.fault(format!("{NAME}, entry {}, {end}", at + 1)),
            }
        }
        chains
    }
}

/// Reads `CHAIN=URL`.
fn parse(entry: &str) -> Result<(ChainId, RpcUrl), &'static str> {
    let (chain, url) = entry.split_once('=').ok_or(
        "is not CHAIN=URL, such as 1=https://node.example.com (a comma inside a URL is written %2C)",
    )?;
    let chain: ChainId = chain
        .trim()
        .parse()
        .map_err(|_| "does not begin with a chain id, such as 1=https://node.example.com")?;
    let url = url.trim();
    let not_a_url = "holds no URL: expected https:// and a host";
    let parsed = UriAbsoluteStr::new(url).map_err(|_| not_a_url)?;
    let authority = parsed.authority_components().ok_or(not_a_url)?;
    let host = authority.host();
    if authority.userinfo().is_some() {
        return Err(
            "holds a user name or password in front of the host: put the key where the provider puts it, in path or query",
        );
    }
    if host.is_empty() || host.contains('%') {
        return Err(not_a_url);
    }
    let port = match authority.port() {
        None => String::new(),
        Some(digits) if digits.starts_with('0') || digits.parse::<u16>().is_err() => return Err(not_a_url),
        Some(digits) => format!(":{digits}"),
    };
    match parsed.scheme_str() {
        "https" => {}
        "http" if is_loopback(host) => {}
        "http" if DEVELOPMENT.contains(&chain.get()) && is_private(host) => {}
        "http" => {
            return Err(
                "is http://, and an attacker on the way could sign in as any contract: use https:// (http:// is for this machine alone, and on the development chains 31337 and 1337 for a container such as http://anvil:8545, host.docker.internal and private IPv4 addresses)",
            );
        }
        _ => return Err(not_a_url),
    }
    let url = RpcUrl {
        url: Secret::new(url.to_owned()),
        host: format!("{host}{port}"),
    };
    Ok((chain, url))
}

fn is_loopback(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    host == "localhost"
        || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        || v6.is_some_and(|v6| v6.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback()))
}

/// A container's name, the machine that containers run on, or a private IPv4 address. A name without a dot is resolved by a
/// container network or by the machine itself; one that begins with a digit could be a public address in another notation.
fn is_private(host: &str) -> bool {
    let is_label = host.starts_with(|first: char| first.is_ascii_alphabetic())
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    is_label
        || ["host.docker.internal", "host.containers.internal"].contains(&host)
        || host.parse().is_ok_and(|address: Ipv4Addr| address.is_private())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;

    fn read(text: &str) -> Result<BTreeMap<ChainId, Vec<RpcUrl>>, Vec<String>> {
        let variables: Variables = [(NAME, text)].into_iter().collect();
        let mut reader = Reader::of(&variables);
        let urls = reader.rpc_urls();
        if reader.faults.is_empty() {
            Ok(urls)
        } else {
            Err(reader.faults)
        }
    }

    #[test]
    fn a_chain_has_one_node_or_two() {
        let urls = read(
            "1=https://eth.example.com/v3/KEY?a=b=c, 137=https://a.example.com,137=https://b.example.com:8443/x,",
        )
        .unwrap();
        let hosts = |chain| -> Vec<&str> {
            urls[&ChainId::new(chain).unwrap()]
                .iter()
                .map(|url| url.host.as_str())
                .collect()
        };
        assert_eq!(hosts(1), ["eth.example.com"]);
        assert_eq!(hosts(137), ["a.example.com", "b.example.com:8443"]);
        assert!(!format!("{urls:?}").contains("KEY"));
        assert!(read("").unwrap().is_empty());
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(read(&format!("31337=http://{host}:8545")).is_ok(), "{host}");
        }
        for host in [
            "node.example.com",
            "10.0.0.1",
            "169.254.169.254",
            "localhost.example.com",
            "127.1",
            "[fe80::1]",
        ] {
            let faults = read(&format!("1=http://{host}/KEY")).unwrap_err();
            assert!(faults[0].contains("is http://"), "{host}: {faults:?}");
        }
    }

    // Field report C09.
    #[test]
    fn on_a_development_chain_plain_http_is_also_for_containers_and_private_networks() {
        for host in [
            "anvil:8545",
            "hardhat_node:8545",
            "my-node",
            "host.docker.internal:8545",
            "host.containers.internal:8545",
            "10.0.0.1:8545",
            "172.17.0.1:8545",
            "192.168.1.2",
        ] {
            for chain in [31_337, 1_337] {
                assert!(read(&format!("{chain}=http://{host}")).is_ok(), "{host}");
            }
            let faults = read(&format!("1=http://{host}/KEY")).unwrap_err();
            assert!(faults[0].contains("is http://"), "{host}: {faults:?}");
        }
        for host in [
            "node.example.com",
            "anvil.example.com",
            "anvil.",
            "203.0.113.7",
            "169.254.169.254",
            // 8.8.8.8 in other notations.
            "134744072",
            "0x08080808",
            "8.8.2056",
            "[fd00::1]",
        ] {
            let faults = read(&format!("31337=http://{host}/KEY")).unwrap_err();
            assert!(faults[0].contains("is http://"), "{host}: {faults:?}");
        }
    }

    #[test]
    fn what_is_not_a_node_of_a_chain_is_refused_and_never_quoted() {
        for (text, word) in [
            ("https://node.example.com/KEY", "CHAIN=URL"),
            ("https://node.example.com/?key=KEY", "chain id"),
            ("nodeKEY", "CHAIN=URL"),
            ("0=https://node.example.com/KEY", "chain id"),
            ("0x1=https://node.example.com/KEY", "chain id"),
            ("1=node.example.com/KEY", "no URL"),
            ("1=wss://node.example.com/KEY", "no URL"),
            ("1=https:///KEY", "no URL"),
            ("1=https://node.example.com:99999/KEY", "no URL"),
            ("1=https://node.example.com/KEY#part", "no URL"),
            ("1=https://node.example.com/K EY", "no URL"),
            ("1=https://user:KEY@node.example.com", "user name"),
            ("1=https://a.example.com/KEY,1=https://a.example.com/KEY", "twice"),
            (
                "1=https://a.example.com/KEY,1=https://b.example.com,1=https://c.example.com",
                "more than 2",
            ),
        ] {
            let faults = read(text).unwrap_err();
            assert!(faults[0].contains(word), "{text}: {faults:?}");
            assert!(
                faults
                    .iter()
                    .all(|fault| !fault.contains("KEY") && fault.contains(NAME)),
                "{faults:?}"
            );
        }
    }
}
