//! Histories of sessions, drawn at random and shrunk where they fail: the service answers as a model of twenty lines says.
//!
//! One service and one database for all of them, two new people for each. After every step the rows are compared with
//! the model as well: no session has two heads, none that was acknowledged is lost, and one that ended stays so.

mod model;
mod play;

use proptest::array::uniform3;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use tokio::runtime::Runtime;

use crate::support::TestApp;

/// One thing that somebody does. Numbers choose among what is there, so that every history means something.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    LogIn(u8),
    /// A session, and how many generations behind its head the token is.
    Restore(u8, u8),
    /// Three tabs of a session at one moment, and how many generations behind its head the token of each is.
    Tabs(u8, [u8; 3]),
    /// The same, one after the other: none hears of what the others got.
    TabsInTurn(u8, [u8; 3]),
    RestoreUnknown,
    LogOut(u8),
    LogOutEverywhere(u8),
    /// By one session, of another one, which may be somebody else's.
    End(u8, u8),
    Disable(u8),
    Enable(u8),
    /// Seconds.
    Wait(i64),
    Sweep,
}

/// Each limit is met exactly or missed by far more than a step takes: the clock runs on between them.
const WAITS: [i64; 4] = [10, 45, 1200, 3700];

fn step() -> impl Strategy<Value = Step> {
    let who = any::<u8>;
    prop_oneof![
        3 => who().prop_map(Step::LogIn),
        6 => who().prop_map(|session| Step::Restore(session, 0)),
        4 => (who(), 1..6_u8).prop_map(|(session, behind)| Step::Restore(session, behind)),
        3 => (who(), uniform3(0..4_u8)).prop_map(|(session, tabs)| Step::Tabs(session, tabs)),
        2 => (who(), uniform3(0..3_u8)).prop_map(|(session, tabs)| Step::TabsInTurn(session, tabs)),
        1 => Just(Step::RestoreUnknown),
        1 => who().prop_map(Step::LogOut),
        1 => who().prop_map(Step::LogOutEverywhere),
        1 => (who(), who()).prop_map(|(by, of)| Step::End(by, of)),
        1 => who().prop_map(Step::Disable),
        2 => who().prop_map(Step::Enable),
        4 => (0..WAITS.len()).prop_map(|at| Step::Wait(WAITS[at])),
        1 => Just(Step::Sweep),
    ]
}

/// Histories that a run of all tests tries; MODEL_CASES asks for more, and then each run for others.
const CASES: u32 = 400;

#[test]
fn every_history_of_sessions_is_answered_as_the_model_says() {
    #[expect(clippy::disallowed_methods, reason = "the tests' own switch for a long run")]
    let asked = std::env::var("MODEL_CASES")
        .ok()
        .and_then(|text| text.parse().ok());
    let config = Config {
        cases: asked.unwrap_or(CASES),
        max_shrink_iters: 400,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = match asked {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let runtime = Runtime::new().unwrap();
    let (app, rows) = runtime.block_on(async {
        let app = TestApp::with(&play::SETTINGS).await;
        let rows = app.db.connect().await;
        (app, rows)
    });
    let outcome = runner.run(&vec(step(), 1..30), |history| {
        runtime.block_on(play::play(&app, &rows, &history));
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, history)) => panic!("{reason}\nthe shortest history: {history:#?}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}
