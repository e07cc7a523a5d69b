//! Checks of what was typed, and of this machine: nothing is asked of anybody.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::finding::{Outcome, fail, ok, skip, warn};
use super::patient::Patient;
use crate::config::{Config, Faults, JwtKeys, unread};
use crate::model::Flow;
use crate::password::{Hashers, Password};
use crate::siwe::Origin;

/// Said of whatever needs a configuration that cannot be read.
pub(super) const NO_CONFIGURATION: &str = "the configuration cannot be read";

pub(super) async fn configuration(patient: &mut Patient) -> Outcome {
    match &patient.config {
        Ok(config) => {
            let flows: Vec<&str> = config.flows.iter().map(|flow| flow.as_str()).collect();
            let keys = match &config.jwt.keys {
                JwtKeys::Shared { .. } => "a key shared with Hasura",
                JwtKeys::Published => "keys of its own",
            };
            ok(format!("readable; flows {}; {keys}", flows.join(", ")))
        }
        Err(Faults(all)) => fail(
            all.join("; "),
            "give this command the service's environment, with these put right (docs/configuration.md)",
        ),
    }
}

pub(super) async fn variables(patient: &mut Patient) -> Outcome {
    let unread = unread(&patient.variables);
    if unread.is_empty() {
        return ok("no variable looks like ours and is read by nothing");
    }
    let all: Vec<String> = unread.iter().map(ToString::to_string).collect();
    warn(all.join("; "), "correct the name, or take the variable away")
}

pub(super) async fn origins(patient: &mut Patient) -> Outcome {
    let Ok(config) = &patient.config else {
        return skip(NO_CONFIGURATION);
    };
    let plain: Vec<String> = config
        .origins
        .iter()
        .filter(|origin| origin.to_string().starts_with("http://") && !is_of_this_machine(origin))
        .map(ToString::to_string)
        .collect();
    if !plain.is_empty() {
        return warn(
            format!("without TLS: {}", plain.join(", ")),
            "serve the page over https: whoever sits on the way can put a text of their own before the wallet",
        );
    }
    let (local, public): (Vec<&Origin>, Vec<&Origin>) =
        config.origins.iter().partition(|one| is_of_this_machine(one));
    if !local.is_empty() && !public.is_empty() {
        return warn(
            format!(
                "{} of {} origins are of localhost",
                local.len(),
                config.origins.len()
            ),
            "leave them out of SIWE_ORIGINS in production: any program on a visitor's machine may serve a page there",
        );
    }
    let all: Vec<String> = config.origins.iter().map(ToString::to_string).collect();
    ok(all.join(", "))
}

pub(super) async fn flows(patient: &mut Patient) -> Outcome {
    let Ok(config) = &patient.config else {
        return skip(NO_CONFIGURATION);
    };
    let open: Vec<&str> = config
        .flows
        .iter()
        .filter(|flow| !flow.may_carry_admin())
        .map(|flow| flow.as_str())
        .collect();
    let is_public = |origin: &Origin| origin.scheme() == "https" && !is_of_this_machine(origin);
    if open.is_empty() {
        return ok("every open flow binds its proof to this site");
    }
    match config.origins.iter().find(|origin| is_public(origin)) {
        None => ok(format!("{} open, for development", open.join(" and "))),
        Some(origin) => warn(
            format!("open beside {origin}: {}", open.join(", ")),
            "remove from FLOWS those that no client uses: their texts name no site, so another site can have one signed",
        ),
    }
}

fn is_of_this_machine(origin: &Origin) -> bool {
    let host = origin.host().trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Beyond these a stolen token or an account that was shut out lasts longer than most would expect.
const LONG_ACCESS: Duration = Duration::from_secs(2 * 3600);
const LONG_SESSION: Duration = Duration::from_secs(180 * 24 * 3600);

pub(super) async fn lifetimes(patient: &mut Patient) -> Outcome {
    let Ok(config) = &patient.config else {
        return skip(NO_CONFIGURATION);
    };
    let mut long = Vec::new();
    for flow in &config.flows {
        let lifetime = config.lifetimes.of(*flow);
        for (what, value, most) in [
            ("access tokens", lifetime.access, LONG_ACCESS),
            ("sessions", lifetime.absolute, LONG_SESSION),
        ] {
            if value > most {
                let value = shown(value);
                long.push(format!("{what} of the flow {} live {value}", flow.as_str()));
            }
        }
    }
    if !long.is_empty() {
        return warn(
            long.join("; "),
            "shorten them (…ACCESS_TOKEN_TTL, …REFRESH_ABSOLUTE_TTL): in JWT mode a ban counts only when the access token ends",
        );
    }
    let siwe = config.lifetimes.of(Flow::Siwe);
    ok(format!(
        "v1Login: access tokens {}, sessions {} unused and {} at most",
        shown(siwe.access),
        shown(siwe.idle),
        shown(siwe.absolute)
    ))
}

/// As it is typed: 90d, and no months of thirty days and a half.
fn shown(lifetime: Duration) -> String {
    let seconds = lifetime.as_secs();
    let units = [(24 * 3600, "d"), (3600, "h"), (60, "m")];
    let whole = units.iter().find(|(length, _)| seconds.is_multiple_of(*length));
    let (length, unit) = whole.copied().unwrap_or((1, "s"));
    format!("{}{unit}", seconds / length)
}

pub(super) async fn exposure(patient: &mut Patient) -> Outcome {
    let Ok(config) = &patient.config else {
        return skip(NO_CONFIGURATION);
    };
    let Config { listen, metrics, .. } = config;
    let open: Vec<String> = [("LISTEN_ADDR", Some(*listen)), ("METRICS_ADDR", *metrics)]
        .into_iter()
        .filter_map(|(name, address)| Some((name, address?)))
        .filter(|(_, address)| is_open(*address))
        .map(|(name, address)| format!("{name} is {address}"))
        .collect();
    if open.is_empty() {
        let metrics = metrics.map_or_else(|| "off".to_owned(), |address| address.to_string());
        return ok(format!("LISTEN_ADDR {listen}, METRICS_ADDR {metrics}"));
    }
    warn(
        open.join("; "),
        "right in a container whose ports are not published; anywhere else let only Hasura and the proxy reach it, and the metrics nobody but the scraper",
    )
}

/// Every address of the machine, or one that is not on a private network.
fn is_open(address: SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(ip) => !(ip.is_loopback() || ip.is_private() || ip.is_link_local()),
        IpAddr::V6(ip) => !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()),
    }
}

/// A hash that takes longer makes log-ins wait, and a shorter one is no work for whoever guesses.
const SLOW_HASH: Duration = Duration::from_millis(500);

pub(super) async fn password_cost(patient: &mut Patient) -> Outcome {
    let Ok(config) = &patient.config else {
        return skip(NO_CONFIGURATION);
    };
    if !config.flows.contains(&Flow::Email) && !config.flows.contains(&Flow::Username) {
        return skip("no flow with a password is open");
    }
    let hashers = Hashers::new(1, 1, patient.entropy.clone());
    let password = Password::parse(&hex::encode(patient.entropy.bytes::<16>()));
    let password = password.expect("32 digits are no long password");
    let begun = Instant::now();
    if hashers.hash(password).await.is_err() {
        return fail(
            "a password could not be hashed",
            "give the process memory: a hash takes 19 MiB, and up to eight are made at once",
        );
    }
    let took = begun.elapsed();
    let seen = format!("{} ms for a hash (argon2id, 19 MiB, 2 passes)", took.as_millis());
    if took > SLOW_HASH {
        return warn(
            seen,
            "log-ins with a password wait for it: give the process a faster core, or fewer neighbours",
        );
    }
    ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_strangers_can_reach_are_open() {
        for address in [
            "127.0.0.1:1",
            "10.1.2.3:1",
            "192.168.0.1:1",
            "[::1]:1",
            "[fd00::1]:1",
        ] {
            assert!(!is_open(address.parse().unwrap()), "{address}");
        }
        for address in ["0.0.0.0:1", "203.0.113.7:1", "[::]:1", "[2001:db8::1]:1"] {
            assert!(is_open(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_lifetime_is_shown_as_it_is_typed() {
        for (seconds, text) in [
            (90 * 24 * 3600, "90d"),
            (36 * 3600, "36h"),
            (1800, "30m"),
            (61, "61s"),
        ] {
            assert_eq!(shown(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn only_this_machine_needs_no_tls() {
        for origin in [
            "http://localhost:3000",
            "http://app.localhost",
            "http://127.0.0.1:80",
            "http://[::1]:3000",
        ] {
            assert!(is_of_this_machine(&origin.parse().unwrap()), "{origin}");
        }
        for origin in [
            "http://app.example.com",
            "http://localhost.example.com",
            "http://192.168.0.2",
        ] {
            assert!(!is_of_this_machine(&origin.parse().unwrap()), "{origin}");
        }
    }
}
