//! The uid that the tanX flow shows: drawn once, kept, and drawn again where somebody else has it.

use hasura_siwe::clock::Clock;
use serde_json::json;

use super::count;
use crate::support::hasura::{Answer, Hasura};
use crate::support::wallet;
use crate::support::wallet_flow::{LOGIN_PATH, WalletFlow};

/// A log-in of a new user.
async fn log_in(hasura: &Hasura) -> Answer {
    let alice = wallet();
    let address = alice.address().to_string();
    let text = WalletFlow::Tanx.challenge(hasura, &address).await.unwrap();
    let body = json!({"eth_address": address, "user_signature": alice.sign(&text)});
    hasura.post(LOGIN_PATH, &[], body).await
}

/// As if the first `draws` of them had all come to the uid that alice has.
async fn fix_the_dice(hasura: &Hasura, draws: u32) -> String {
    let alices = log_in(hasura).await.body["payload"]["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    let client = hasura.app.as_ref().unwrap().db.connect().await;
    client
        .batch_execute(&format!(
            "create sequence auth.draws;
             create function auth.fix() returns trigger language plpgsql as $$
             begin
               if nextval('auth.draws') <= {draws} then new.uid = '{alices}'; end if;
               return new;
             end $$;
             create trigger fix before insert on auth.tanx_uids for each row execute function auth.fix()"
        ))
        .await
        .unwrap();
    alices
}

#[tokio::test]
async fn a_uid_that_is_taken_is_drawn_again() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    // The draw inside the log-in and five more.
    let alices = fix_the_dice(&hasura, 6).await;
    let answer = log_in(&hasura).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_ne!(answer.body["payload"]["uid"], alices.as_str());
    assert_eq!(count(&hasura, "auth.tanx_uids").await, 2);
}

#[tokio::test]
async fn when_every_draw_is_taken_it_is_a_fault_and_the_next_log_in_tries_again() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    fix_the_dice(&hasura, 11).await;
    let answer = log_in(&hasura).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (503, &json!("unavailable")),
        "{answer:?}"
    );
    assert_eq!(log_in(&hasura).await.status, 200);
}

#[tokio::test]
async fn first_log_ins_at_once_agree_on_one_uid() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    let alice = wallet();
    let address = alice.address().to_string();
    let clock = &hasura.app.as_ref().unwrap().clock;
    let mut log_ins = Vec::new();
    for _ in 0..4 {
        let text = WalletFlow::Tanx.challenge(&hasura, &address).await.unwrap();
        let body = json!({"eth_address": address, "user_signature": alice.sign(&text)});
        log_ins.push(hasura.post(LOGIN_PATH, &[], body));
        clock.advance(time::Duration::seconds(61));
    }
    let answers = futures_util::future::join_all(log_ins).await;
    let first = &answers[0].body["payload"]["uid"];
    assert!(first.is_string(), "{answers:?}");
    for answer in &answers {
        assert_eq!(&answer.body["payload"]["uid"], first, "{answer:?}");
    }
    assert_eq!(count(&hasura, "auth.users").await, 1);
}

#[tokio::test]
async fn the_lens_flow_draws_none() {
    let hasura = Hasura::local(Clock::system(), &[]).await;
    WalletFlow::Lens.log_in(&hasura, &wallet()).await;
    assert_eq!(count(&hasura, "auth.tanx_uids").await, 0);
}
