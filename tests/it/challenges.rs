//! The challenges of Lens and tanX: good once, for one address, in one flow and for five minutes. Each test
//! tries both flows, through the engine and the front of the local stack.

mod clock;
mod crossed;
mod uids;

use hasura_siwe::clock::Clock;

use crate::support::hasura::{Hasura, RESTORE};
use crate::support::wallet_flow::{BOTH, WalletFlow};
use crate::support::{spellings, wallet};

const SPENT: Result<(), &str> = Err("nonce_invalid");

/// What a log-in came to, without its tokens.
async fn outcome(flow: WalletFlow, hasura: &Hasura, address: &str, signature: &str) -> Result<(), String> {
    flow.answer(hasura, address, signature).await.map(drop)
}

fn is(outcome: &Result<(), String>) -> Result<(), &str> {
    outcome.as_ref().copied().map_err(String::as_str)
}

async fn count(hasura: &Hasura, table: &str) -> i64 {
    let client = hasura.app.as_ref().unwrap().db.connect().await;
    let row = client
        .query_one(&format!("select count(*) from {table}"), &[])
        .await;
    row.unwrap().get(0)
}

#[tokio::test]
async fn s27_what_is_no_address_is_refused_and_writes_nothing() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let right = wallet().address().to_string();
    let swapped: String = right
        .chars()
        .enumerate()
        .map(|(at, c)| match c {
            'a'..='f' if at > 1 => c.to_ascii_uppercase(),
            'A'..='F' => c.to_ascii_lowercase(),
            other => other,
        })
        .collect();
    let ones = format!("0X{}", &right[2..]);
    for address in [
        "",
        "0x",
        "Ox",
        "vitalik.eth",
        &right[2..],
        &right[..41],
        &ones,
        &swapped,
        &format!("{right} "),
        &"0x".repeat(50_000 / 2),
    ] {
        for flow in BOTH {
            let refused = flow.challenge(&hasura, address).await;
            assert_eq!(refused.unwrap_err(), "bad_request", "{flow:?} {address:.60}");
            let refused = flow.answer(&hasura, address, &wallet().sign("x")).await;
            assert_eq!(refused.unwrap_err(), "bad_request", "{flow:?} {address:.60}");
        }
    }
    assert_eq!(count(&hasura, "auth.challenges").await, 0);
}

// Issue 14, item 22: field report W01.
#[tokio::test]
async fn every_spelling_of_a_signature_answers_a_challenge() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for flow in BOTH {
        for at in 0..spellings("0x").len() {
            let alice = wallet();
            let address = alice.address().to_string();
            let text = flow.challenge(&hasura, &address).await.unwrap();
            let signature = alice.sign(&text);
            let spelt = &spellings(&signature)[at];
            flow.answer(&hasura, &address, spelt)
                .await
                .unwrap_or_else(|code| panic!("{flow:?} {spelt:?}: {code}"));
            // Another spelling is not another proof.
            let again = outcome(flow, &hasura, &address, &signature).await;
            assert_eq!(is(&again), SPENT, "{flow:?}");
        }
    }
}

#[tokio::test]
async fn an_address_in_one_case_is_taken_and_is_the_same_address() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for flow in BOTH {
        let alice = wallet();
        let address = alice.address().to_string();
        let upper = format!("0x{}", address[2..].to_uppercase());
        let text = flow.challenge(&hasura, &address.to_lowercase()).await.unwrap();
        assert_eq!(flow.challenge(&hasura, &upper).await.unwrap(), text);
        flow.answer(&hasura, &upper, &alice.sign(&text)).await.unwrap();
    }
}

#[tokio::test]
async fn s28_another_wallets_signature_of_the_text_is_refused_and_the_owners_is_good() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for flow in BOTH {
        let (alice, mallory) = (wallet(), wallet());
        let address = alice.address().to_string();
        let text = flow.challenge(&hasura, &address).await.unwrap();
        let refused = outcome(flow, &hasura, &address, &mallory.sign(&text)).await;
        assert_eq!(is(&refused), Err("signature_invalid"), "{flow:?}");
        // Nor does it sign mallory in: the text is alice's, and mallory has none.
        let own = mallory.address().to_string();
        let refused = outcome(flow, &hasura, &own, &mallory.sign(&text)).await;
        assert_eq!(is(&refused), SPENT, "{flow:?}");
        flow.answer(&hasura, &address, &alice.sign(&text)).await.unwrap();
    }
}

#[tokio::test]
async fn s29_of_two_log_ins_with_one_text_at_once_one_wins() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for flow in BOTH {
        for _ in 0..10 {
            let alice = wallet();
            let address = alice.address().to_string();
            let text = flow.challenge(&hasura, &address).await.unwrap();
            let signature = alice.sign(&text);
            let (one, two) = tokio::join!(
                outcome(flow, &hasura, &address, &signature),
                outcome(flow, &hasura, &address, &signature),
            );
            let mut both = [is(&one), is(&two)];
            both.sort();
            assert_eq!(both, [Ok(()), SPENT], "{flow:?}");
        }
    }
    assert_eq!(count(&hasura, "auth.sessions").await, 20);
}

#[tokio::test]
async fn s30_the_stored_text_is_what_is_hashed() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for flow in BOTH {
        let alice = wallet();
        let address = alice.address().to_string();
        let text = flow.challenge(&hasura, &address).await.unwrap();
        for other in [
            format!("{text} "),
            text.replace("localhost", "evil.example"),
            text[..text.len() - 1].to_owned(),
            format!("{text}\n"),
            String::new(),
        ] {
            let refused = outcome(flow, &hasura, &address, &alice.sign(&other)).await;
            assert_eq!(is(&refused), Err("signature_invalid"), "{flow:?} {other}");
        }
        flow.answer(&hasura, &address, &alice.sign(&text)).await.unwrap();
    }
}

#[tokio::test]
async fn s31_a_text_that_was_given_out_for_another_address_signs_nobody_in() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for flow in BOTH {
        let (alice, mallory) = (wallet(), wallet());
        let text = flow
            .challenge(&hasura, &alice.address().to_string())
            .await
            .unwrap();
        let own = mallory.address().to_string();
        let refused = outcome(flow, &hasura, &own, &mallory.sign(&text)).await;
        assert_eq!(is(&refused), SPENT, "{flow:?}");
        // With a text of their own it is just no signature of that one.
        flow.challenge(&hasura, &own).await.unwrap();
        let refused = outcome(flow, &hasura, &own, &mallory.sign(&text)).await;
        assert_eq!(is(&refused), Err("signature_invalid"), "{flow:?}");
    }
}

#[tokio::test]
async fn a_text_is_good_once_and_a_signature_without_one_is_good_for_nothing() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for flow in BOTH {
        let alice = wallet();
        let address = alice.address().to_string();
        let none = outcome(flow, &hasura, &address, &alice.sign("anything")).await;
        assert_eq!(is(&none), SPENT, "{flow:?}");
        let text = flow.challenge(&hasura, &address).await.unwrap();
        let signature = alice.sign(&text);
        flow.answer(&hasura, &address, &signature).await.unwrap();
        let again = outcome(flow, &hasura, &address, &signature).await;
        assert_eq!(is(&again), SPENT, "{flow:?}");
        assert_ne!(flow.challenge(&hasura, &address).await.unwrap(), text, "{flow:?}");
    }
}

#[tokio::test]
async fn what_is_no_signature_is_refused_as_in_every_flow_and_spends_nothing() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for flow in BOTH {
        let alice = wallet();
        let address = alice.address().to_string();
        let text = flow.challenge(&hasura, &address).await.unwrap();
        let good = alice.sign(&text);
        for (signature, code) in [
            ("", "signature_malformed"),
            ("Ox", "signature_malformed"),
            ("0xzz", "signature_malformed"),
            (&good[..130], "signature_invalid"),
            (&format!("0x{}", "00".repeat(65)), "signature_invalid"),
            (
                &format!("{good}{}", "6492".repeat(16)),
                "contract_wallet_unsupported",
            ),
            (&format!("0x{}", "00".repeat(10_000)), "message_too_large"),
        ] {
            let refused = outcome(flow, &hasura, &address, signature).await;
            assert_eq!(is(&refused), Err(code), "{flow:?} {signature:.20}");
        }
        flow.answer(&hasura, &address, &good).await.unwrap();
    }
}

#[tokio::test]
async fn a_disabled_account_is_told_so_and_its_text_stays_good() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let client = hasura.app.as_ref().unwrap().db.connect().await;
    for flow in BOTH {
        let alice = wallet();
        let address = alice.address().to_string();
        flow.log_in(&hasura, &alice).await;
        let text = flow.challenge(&hasura, &address).await.unwrap();
        let set = |value: &str| format!("update auth.users set disabled_at = {value}");
        client.batch_execute(&set("now()")).await.unwrap();
        let refused = outcome(flow, &hasura, &address, &alice.sign(&text)).await;
        assert_eq!(is(&refused), Err("account_disabled"), "{flow:?}");
        client.batch_execute(&set("null")).await.unwrap();
        flow.answer(&hasura, &address, &alice.sign(&text)).await.unwrap();
    }
}

#[tokio::test]
async fn the_person_is_the_one_whom_v1_login_knows_and_no_network_is_claimed() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let alice = wallet();
    for flow in BOTH {
        flow.log_in(&hasura, &alice).await;
    }
    assert_eq!(count(&hasura, "public.accounts").await, 0);
    hasura.log_in(&alice).await;
    assert_eq!(count(&hasura, "public.accounts").await, 1);
    assert_eq!(count(&hasura, "auth.users").await, 1);
    let client = hasura.app.as_ref().unwrap().db.connect().await;
    let noted = client
        .query(
            "select detail->>'flow' from auth.audit_log where action = 'log_in' and result = 'ok' order by id",
            &[],
        )
        .await
        .unwrap();
    let flows: Vec<String> = noted.iter().map(|row| row.get(0)).collect();
    assert_eq!(flows, ["lens", "tanx", "siwe"]);
}

#[tokio::test]
async fn fifty_refreshes_at_once_have_one_successor() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    for flow in BOTH {
        let (_, token) = flow.log_in(&hasura, &wallet()).await;
        let all = (0..50).map(|_| flow.refresh(&hasura, &token));
        let answers = futures_util::future::join_all(all).await;
        let first = answers[0].as_ref().unwrap().1.clone();
        assert_ne!(first, token);
        for answer in answers {
            assert_eq!(answer.unwrap().1, first, "{flow:?}");
        }
        flow.refresh(&hasura, &first).await.unwrap();
    }
}

#[tokio::test]
async fn without_its_database_each_of_them_is_unavailable() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let alice = wallet();
    let address = alice.address().to_string();
    let (access, refresh) = WalletFlow::Lens.log_in(&hasura, &alice).await;
    hasura.app.as_ref().unwrap().app_service.db().close();
    for flow in BOTH {
        let answer = flow.challenge(&hasura, &address).await;
        assert_eq!(answer.unwrap_err(), "unavailable", "{flow:?}");
        let answer = outcome(flow, &hasura, &address, &alice.sign("x")).await;
        assert_eq!(is(&answer), Err("unavailable"), "{flow:?}");
        let answer = flow.refresh(&hasura, &refresh).await;
        assert_eq!(answer.unwrap_err(), "unavailable", "{flow:?}");
    }
    // Whether the token is good cannot be known, and that is neither yes nor no.
    let request = serde_json::json!({"request": {"accessToken": access}});
    let answer = hasura
        .graphql(&[], crate::support::wallet_flow::VERIFY, request)
        .await;
    answer.assert_code("unavailable");
    let restore = serde_json::json!({"session": {"refreshToken": refresh}});
    hasura
        .graphql(&[], RESTORE, restore)
        .await
        .assert_code("unavailable");
}
