//! How long texts and tokens live, with a clock that the test sets.

use hasura_siwe::clock::Clock;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::{SPENT, count, is, outcome};
use crate::support::hasura::Hasura;
use crate::support::reply::claims_of;
use crate::support::wallet;
use crate::support::wallet_flow::{BOTH, WalletFlow};

/// Early in a minute of the calendar, so that a slow machine does not run into the next.
const AT: OffsetDateTime = datetime!(2030-01-01 12:00:05 UTC);

async fn at_a_time(extra: &[(&str, &str)]) -> (Hasura, Clock) {
    let hasura = Hasura::local(Clock::starting_at(AT), extra).await;
    let clock = hasura.app.as_ref().unwrap().clock.clone();
    (hasura, clock)
}

#[tokio::test]
async fn asked_again_within_a_minute_the_text_is_the_same_and_later_another() {
    for flow in BOTH {
        let (hasura, clock) = at_a_time(&[]).await;
        let alice = wallet();
        let address = alice.address().to_string();
        clock.advance(Duration::seconds(25));
        let first = flow.challenge(&hasura, &address).await.unwrap();
        // In another minute of the calendar, and not a minute old.
        clock.advance(Duration::seconds(45));
        assert_eq!(
            flow.challenge(&hasura, &address).await.unwrap(),
            first,
            "{flow:?}"
        );
        clock.advance(Duration::seconds(20));
        let second = flow.challenge(&hasura, &address).await.unwrap();
        assert_ne!(second, first, "{flow:?}");
        assert_eq!(count(&hasura, "auth.challenges").await, 2);
        // Who began with the first text may still come back with it, and the second is not spent by that.
        flow.answer(&hasura, &address, &alice.sign(&first)).await.unwrap();
        assert_eq!(
            flow.challenge(&hasura, &address).await.unwrap(),
            second,
            "{flow:?}"
        );
        flow.answer(&hasura, &address, &alice.sign(&second))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_text_lives_five_minutes() {
    for flow in BOTH {
        let (hasura, clock) = at_a_time(&[]).await;
        let (alice, bob) = (wallet(), wallet());
        let texts = [
            flow.challenge(&hasura, &alice.address().to_string())
                .await
                .unwrap(),
            flow.challenge(&hasura, &bob.address().to_string()).await.unwrap(),
        ];
        clock.advance(Duration::seconds(285));
        let address = alice.address().to_string();
        flow.answer(&hasura, &address, &alice.sign(&texts[0]))
            .await
            .unwrap();
        clock.advance(Duration::seconds(15));
        let late = outcome(flow, &hasura, &bob.address().to_string(), &bob.sign(&texts[1])).await;
        assert_eq!(is(&late), SPENT, "{flow:?}");
    }
}

#[tokio::test]
async fn a_flood_for_one_address_is_one_row_and_one_text_and_is_swept_when_it_is_over() {
    let (hasura, clock) = at_a_time(&[]).await;
    let address = wallet().address().to_string();
    for flow in BOTH {
        let all = (0..100).map(|_| flow.challenge(&hasura, &address));
        let texts = futures_util::future::join_all(all).await;
        assert!(
            texts.iter().all(|text| *text == texts[0] && text.is_ok()),
            "{flow:?}"
        );
    }
    assert_eq!(count(&hasura, "auth.challenges").await, 2);
    let service = &hasura.app.as_ref().unwrap().app_service;
    service.sweep().await.unwrap();
    assert_eq!(count(&hasura, "auth.challenges").await, 2, "they still live");
    clock.advance(Duration::minutes(6));
    service.sweep().await.unwrap();
    assert_eq!(count(&hasura, "auth.challenges").await, 0);
}

/// From issue to expiry, less the five seconds by which `iat` is set back.
fn access_lives(token: &str) -> i64 {
    let claims = claims_of(token);
    claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() - 5
}

#[tokio::test]
async fn tokens_live_as_long_as_the_documents_say() {
    for (flow, minutes, days) in [(WalletFlow::Lens, 30, 7), (WalletFlow::Tanx, 60, 14)] {
        let (hasura, clock) = at_a_time(&[]).await;
        let (access, token) = flow.log_in(&hasura, &wallet()).await;
        let (_, lost) = flow.log_in(&hasura, &wallet()).await;
        assert_eq!(access_lives(&access), minutes * 60, "{flow:?}");
        clock.advance(Duration::days(days) - Duration::minutes(10));
        let (access, token) = flow.refresh(&hasura, &token).await.unwrap();
        assert_eq!(access_lives(&access), minutes * 60, "{flow:?}");
        clock.advance(Duration::minutes(10));
        let late = flow.refresh(&hasura, &lost).await;
        assert_eq!(late.unwrap_err(), "refresh_token_invalid", "{flow:?}");
        flow.refresh(&hasura, &token).await.unwrap();
    }
}

#[tokio::test]
async fn the_tanx_flow_has_figures_of_its_own_where_they_are_set() {
    let (hasura, _) = at_a_time(&[("TANX_ACCESS_TOKEN_TTL", "5m")]).await;
    let (access, _) = WalletFlow::Tanx.log_in(&hasura, &wallet()).await;
    assert_eq!(access_lives(&access), 300);
}

#[tokio::test]
async fn a_spent_refresh_token_that_comes_back_after_the_grace_time_ends_the_session() {
    for flow in BOTH {
        let (hasura, clock) = at_a_time(&[]).await;
        let (_, first) = flow.log_in(&hasura, &wallet()).await;
        let (_, second) = flow.refresh(&hasura, &first).await.unwrap();
        assert_eq!(flow.refresh(&hasura, &first).await.unwrap().1, second, "{flow:?}");
        clock.advance(Duration::seconds(31));
        for token in [&first, &second] {
            let refused = flow.refresh(&hasura, token).await;
            assert_eq!(refused.unwrap_err(), "refresh_token_invalid", "{flow:?}");
        }
    }
}
