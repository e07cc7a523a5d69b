//! Log-ins that somebody altered, re-spelled or made up, each case of the design's list by its id. Every message is
//! signed by a real key over exactly the text that is sent, unless the case is about the signature.

use hasura_siwe::cli::wallet::{SignedText, Wallet};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::support::app::guest;
use crate::support::{Reply, TestApp, nonce, wallet};

/// A message in its parts, so that a case changes the one that it is about.
struct Parts {
    head: String,
    address: String,
    statement: String,
    uri: String,
    chain: String,
    nonce: String,
    issued: String,
    rest: String,
}

fn at(moment: OffsetDateTime) -> String {
    moment.replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap()
}

impl Parts {
    fn of(app: &TestApp, wallet: &Wallet) -> Self {
        Self {
            head: "https://app.example.com".to_owned(),
            address: wallet.address().to_string(),
            statement: "Sign in.".to_owned(),
            uri: "https://app.example.com".to_owned(),
            chain: "1".to_owned(),
            nonce: nonce(),
            issued: at(app.clock.now()),
            rest: format!(
                "\nExpiration Time: {}",
                at(app.clock.now() + Duration::minutes(5))
            ),
        }
    }

    fn text(&self) -> String {
        format!(
            "{} wants you to sign in with your Ethereum account:\n{}\n\n{}\n\nURI: {}\nVersion: 1\nChain ID: {}\nNonce: {}\nIssued At: {}{}",
            self.head, self.address, self.statement, self.uri, self.chain, self.nonce, self.issued, self.rest
        )
    }
}

fn signed(wallet: &Wallet, message: String) -> SignedText {
    let signature = wallet.sign(&message);
    SignedText { message, signature }
}

async fn send(app: &TestApp, wallet: &Wallet, parts: &Parts) -> Reply {
    app.log_in_with(&signed(wallet, parts.text())).await
}

#[tokio::test]
async fn s05_one_byte_changed_is_another_text() {
    let app = TestApp::start().await;
    let alice = wallet();
    let good = signed(&alice, Parts::of(&app, &alice).text());
    for (from, to) in [
        ("Sign in.", "Sign in!"),
        ("Chain ID: 1\n", "Chain ID: 10\n"),
        ("Version: 1\nChain", "Version: 1\r\nChain"),
    ] {
        let mut bad = good.clone();
        bad.message = bad.message.replace(from, to);
        assert_ne!(bad.message, good.message);
        let reply = app.log_in_with(&bad).await;
        let code = reply.json()["code"].as_str().unwrap().to_owned();
        assert!(
            code == "signature_invalid" || code == "message_malformed",
            "{code}"
        );
    }
    app.log_in_with(&good).await.assert_ok();
}

#[tokio::test]
async fn s06_a_foreign_line_is_not_read_out_of_the_text_before_it_is_hashed() {
    let app = TestApp::start().await;
    let alice = wallet();
    let canonical = Parts::of(&app, &alice).text();
    let signature = alice.sign(&canonical);
    for message in [
        canonical.replacen("\n\nSign", "\nI agree to everything\nSign", 1),
        canonical.replacen("\n\nURI", "\nI agree to everything\nURI", 1),
        canonical.replacen("\n\nSign in.\n\n", "\n\nSign in.\nI agree to everything\n\n", 1),
    ] {
        assert_ne!(message, canonical);
        let signature = signature.clone();
        app.log_in_with(&SignedText { message, signature })
            .await
            .assert_error(400, "message_malformed");
    }
}

#[tokio::test]
async fn s07_only_a_listed_origin_itself_signs_in() {
    let app = TestApp::start().await;
    let alice = wallet();
    for domain in [
        "evil.example",
        "app.example.com.evil.example",
        "evilapp.example.com",
        "sub.app.example.com",
        "app.example.com:8443",
        "http://app.example.com",
        "example.com",
    ] {
        let mut parts = Parts::of(&app, &alice);
        parts.head = domain.to_owned();
        send(&app, &alice, &parts)
            .await
            .assert_error(401, "domain_mismatch");
    }
    send(&app, &alice, &Parts::of(&app, &alice)).await.assert_ok();
}

#[tokio::test]
async fn s08_the_nonce_is_the_one_that_stands_in_its_own_line() {
    let app = TestApp::with(&[("SIWE_NONCES", "server")]).await;
    let alice = wallet();
    let issued = app.call("/actions/nonce", "v1Nonce", guest(), json!({})).await;
    let issued = issued.res()["nonce"].as_str().unwrap().to_owned();
    let hidings: [fn(&mut Parts, &str); 3] = [
        |parts, nonce| parts.statement = format!("Nonce: {nonce}"),
        |parts, nonce| parts.rest += &format!("\nRequest ID: {nonce}"),
        |parts, nonce| parts.rest += &format!("\nResources:\n- https://app.example.com/{nonce}"),
    ];
    for hide in hidings {
        let mut parts = Parts::of(&app, &alice);
        hide(&mut parts, &issued);
        send(&app, &alice, &parts)
            .await
            .assert_error(401, "nonce_invalid");
    }
    let mut parts = Parts::of(&app, &alice);
    parts.nonce = issued;
    send(&app, &alice, &parts).await.assert_ok();
}

#[tokio::test]
async fn s09_a_chain_is_a_plain_number_of_an_enabled_network() {
    let app = TestApp::start().await;
    let alice = wallet();
    for (chain, status, code) in [
        ("999999", 401, "chain_not_supported"),
        ("18446744073709551615", 401, "chain_not_supported"),
        ("18446744073709551616", 400, "message_malformed"),
        (
            "115792089237316195423570985008687907853269984665640564039457584007913129639936",
            400,
            "message_malformed",
        ),
        ("+1", 400, "message_malformed"),
        ("01", 400, "message_malformed"),
        ("1e0", 400, "message_malformed"),
        ("0x1", 400, "message_malformed"),
        ("-1", 400, "message_malformed"),
        ("0", 400, "message_malformed"),
        ("\u{661}", 400, "message_malformed"),
        ("", 400, "message_malformed"),
    ] {
        let mut parts = Parts::of(&app, &alice);
        parts.chain = chain.to_owned();
        send(&app, &alice, &parts).await.assert_error(status, code);
    }
}

#[tokio::test]
async fn s10_an_expiration_counts_without_a_not_before() {
    let app = TestApp::start().await;
    let alice = wallet();
    let mut parts = Parts::of(&app, &alice);
    parts.issued = at(app.clock.now() - Duration::minutes(2));
    parts.rest = format!(
        "\nExpiration Time: {}",
        at(app.clock.now() - Duration::seconds(1))
    );
    send(&app, &alice, &parts)
        .await
        .assert_error(401, "message_expired");
}

#[tokio::test]
async fn s11_a_message_without_an_expiration_grows_old_and_one_of_the_future_waits() {
    let app = TestApp::start().await;
    let alice = wallet();
    let now = app.clock.now();
    for (issued, code) in [
        (now - Duration::days(365), "message_too_old"),
        (now - Duration::minutes(11), "message_too_old"),
        (now + Duration::hours(1), "message_not_yet_valid"),
    ] {
        let mut parts = Parts::of(&app, &alice);
        (parts.issued, parts.rest) = (at(issued), String::new());
        send(&app, &alice, &parts).await.assert_error(401, code);
    }
    let mut parts = Parts::of(&app, &alice);
    parts.rest = String::new();
    send(&app, &alice, &parts).await.assert_ok();
}

#[tokio::test]
async fn s14_what_is_invisible_or_re_spelled_is_malformed() {
    let app = TestApp::start().await;
    let alice = wallet();
    let good = Parts::of(&app, &alice).text();
    for message in [
        good.replace('\n', "\r\n"),
        format!("\u{feff}{good}"),
        format!("{good}\n"),
        format!(" {good}"),
        good.replace("Sign in.", "Sign\0in."),
        good.replace("Sign in.", "Sign\u{2028}in."),
        good.replace("Sign in.", "\u{202e}Sign in."),
        good.replace("Chain ID: 1", "Chain ID: \u{ff11}"),
        good.replace("Nonce: ", "Nonce:  "),
        good.replace("URI:", "uri:"),
    ] {
        let reply = app.log_in_with(&signed(&alice, message)).await;
        reply.assert_error(400, "message_malformed");
    }
}

#[tokio::test]
async fn s15_each_field_stands_once_in_its_place() {
    let app = TestApp::start().await;
    let alice = wallet();
    let good = Parts::of(&app, &alice).text();
    let line = |label: &str| {
        good.lines()
            .find(|line| line.starts_with(label))
            .unwrap()
            .to_owned()
    };
    let (nonce, expiration) = (line("Nonce:"), line("Expiration Time:"));
    for message in [
        good.replace(&nonce, &format!("{nonce}\n{nonce}")),
        format!("{good}\n{expiration}"),
        good.replace(&nonce, &format!("{nonce}\nRole: admin")),
        format!("{good}\nRole: admin"),
        good.replace(&format!("\n{nonce}"), "") + "\n" + &nonce,
        good.replace("Version: 1\nChain ID: 1", "Chain ID: 1\nVersion: 1"),
        good.replace(&format!("\n{nonce}"), ""),
    ] {
        assert_ne!(message, good);
        let reply = app.log_in_with(&signed(&alice, message)).await;
        reply.assert_error(400, "message_malformed");
    }
}

#[tokio::test]
async fn s17_a_signature_has_one_spelling() {
    let app = TestApp::start().await;
    let alice = wallet();
    let good = signed(&alice, Parts::of(&app, &alice).text());
    let digits = good.signature[2..].to_owned();
    let (rs, v) = digits.split_at(128);
    let (r, s) = rs.split_at(64);
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let other_v = |v: &str| format!("0x{rs}{v}");
    let high_s = {
        let flipped = if v == "1b" { "1c" } else { "1b" };
        format!("0x{r}{}{flipped}", negated(s, order))
    };
    for (signature, status, code) in [
        (other_v("36"), 401, "signature_invalid"),
        (other_v("f3"), 401, "signature_invalid"),
        (other_v("1d"), 401, "signature_invalid"),
        (other_v("25"), 401, "signature_invalid"),
        (high_s, 401, "signature_invalid"),
        (format!("0x{}{s}{v}", "0".repeat(64)), 401, "signature_invalid"),
        (format!("0x{r}{}{v}", "0".repeat(64)), 401, "signature_invalid"),
        (format!("0x{order}{s}{v}"), 401, "signature_invalid"),
        (format!("0x{}", "0".repeat(130)), 401, "signature_invalid"),
        (format!("0x{}", &digits[2..]), 401, "signature_invalid"),
        (format!("0x{digits}00"), 401, "signature_invalid"),
        (format!("0x{}", &digits[1..]), 400, "signature_malformed"),
        (format!("0x{}zz", &digits[2..]), 400, "signature_malformed"),
        (String::new(), 400, "signature_malformed"),
    ] {
        let message = good.message.clone();
        let shown = signature.clone();
        let reply = app.log_in_with(&SignedText { message, signature }).await;
        assert_eq!(reply.status, status, "{shown}");
        reply.assert_error(status, code);
    }
    app.log_in_with(&good).await.assert_ok();
}

/// The order less a number, both as 64 hexadecimal digits.
fn negated(number: &str, order: &str) -> String {
    let bytes = |text: &str| hex::decode(text).unwrap();
    let (number, order) = (bytes(number), bytes(order));
    let (mut result, mut borrow) = (vec![0u8; 32], 0i16);
    for place in (0..32).rev() {
        let digit = i16::from(order[place]) - i16::from(number[place]) - borrow;
        borrow = i16::from(digit < 0);
        result[place] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    hex::encode(result)
}

#[tokio::test]
async fn s18_nobody_s_address_is_nobody_s() {
    let app = TestApp::start().await;
    let mut parts = Parts::of(&app, &wallet());
    parts.address = format!("0x{}", "0".repeat(40));
    for byte in ["00", "1b", "1c"] {
        let signature = format!("0x{}{byte}", "0".repeat(128));
        let message = parts.text();
        app.log_in_with(&SignedText { message, signature })
            .await
            .assert_error(401, "signature_invalid");
    }
}

#[tokio::test]
async fn s20_s21_s22_addresses_domains_and_uris_are_what_they_say() {
    let app = TestApp::start().await;
    let alice = wallet();
    let mut parts = Parts::of(&app, &alice);
    let swapped: String = parts.address[2..]
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    parts.address = format!("0x{swapped}");
    send(&app, &alice, &parts)
        .await
        .assert_error(400, "address_not_checksummed");

    let mut parts = Parts::of(&app, &alice);
    parts.head = "trusted@app.example.com".to_owned();
    send(&app, &alice, &parts)
        .await
        .assert_error(401, "domain_mismatch");

    for uri in [
        "javascript:alert(1)",
        "https://evil.example/app.example.com",
        "https://app.example.com@evil.example",
        "data:text/html,x",
    ] {
        let mut parts = Parts::of(&app, &alice);
        parts.uri = uri.to_owned();
        let reply = send(&app, &alice, &parts).await;
        reply.assert_error(401, "uri_mismatch");
        assert!(
            !reply.text.contains("evil") && !reply.text.contains("alert"),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn s23_s24_clocks_may_differ_a_little_and_times_are_half_open() {
    let app = TestApp::start().await;
    let alice = wallet();
    let mut parts = Parts::of(&app, &alice);
    parts.issued = at(app.clock.now() + Duration::seconds(30));
    send(&app, &alice, &parts).await.assert_ok();

    let mut parts = Parts::of(&app, &alice);
    parts.rest = format!("\nExpiration Time: {}", at(app.clock.now()));
    send(&app, &alice, &parts)
        .await
        .assert_error(401, "message_expired");

    let mut parts = Parts::of(&app, &alice);
    parts.rest += &format!("\nNot Before: {}", at(app.clock.now()));
    send(&app, &alice, &parts).await.assert_ok();
}
