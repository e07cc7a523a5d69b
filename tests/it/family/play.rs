//! Plays a history on the service and on the model, and compares them after each step.

use futures_util::future::join_all;
use hasura_siwe::cli::wallet::Wallet;
use hasura_siwe::entropy::Entropy;
use hasura_siwe::model::Whose;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use tokio_postgres::Client;

use super::Step;
use super::model::{Answer, Session, end, make_room};
use crate::ends::{id_of, session_of};
use crate::support::reply::Reply;
use crate::support::{TestApp, wallet};

/// The model's numbers.
pub const SETTINGS: [(&str, &str); 4] = [
    ("REFRESH_GRACE", "30s"),
    ("REFRESH_IDLE_TTL", "1h"),
    ("REFRESH_ABSOLUTE_TTL", "3h"),
    ("SESSIONS_PER_USER", "3"),
];

struct World<'a> {
    app: &'a TestApp,
    people: [Wallet; 2],
    exists: [bool; 2],
    disabled: [bool; 2],
    sessions: Vec<Session>,
    /// The session variables that Hasura makes of each session's access token.
    variables: Vec<Value>,
}

pub async fn play(app: &TestApp, rows: &Client, history: &[Step]) {
    let mut world = World {
        app,
        people: [wallet(), wallet()],
        exists: [false; 2],
        disabled: [false; 2],
        sessions: Vec::new(),
        variables: Vec::new(),
    };
    for step in history {
        world.take(*step).await;
        world.compare(rows).await;
    }
    // Whatever was acknowledged is good to the end, and nothing else is.
    for at in 0..world.sessions.len() {
        world.restore_together(at, &[0]).await;
    }
    world.compare(rows).await;
}

impl World<'_> {
    async fn take(&mut self, step: Step) {
        let pick = |number: u8| usize::from(number) % self.sessions.len().max(1);
        let has_sessions = !self.sessions.is_empty();
        match step {
            Step::LogIn(who) => self.log_in(usize::from(who % 2)).await,
            Step::Disable(who) => self.switch(usize::from(who % 2), true).await,
            Step::Enable(who) => self.switch(usize::from(who % 2), false).await,
            Step::Wait(seconds) => self.app.clock.advance(Duration::seconds(seconds)),
            Step::Sweep => self.app.app_service.sweep().await.unwrap(),
            Step::RestoreUnknown => {
                let token = Entropy::system().uuid().to_string();
                refused(&self.app.restore(&token).await);
            }
            Step::Restore(at, behind) if has_sessions => self.restore_together(pick(at), &[behind]).await,
            Step::Tabs(at, tabs) if has_sessions => self.restore_together(pick(at), &tabs).await,
            Step::TabsInTurn(at, tabs) if has_sessions => self.restore_in_turn(pick(at), tabs).await,
            Step::LogOut(at) if has_sessions => self.log_out(pick(at)).await,
            Step::LogOutEverywhere(at) if has_sessions => self.log_out_everywhere(pick(at)).await,
            Step::End(by, of) if has_sessions => self.end(pick(by), pick(of)).await,
            _ => {}
        }
    }

    async fn log_in(&mut self, who: usize) {
        let reply = self.app.log_in_with(&self.app.message(&self.people[who])).await;
        if self.disabled[who] {
            reply.assert_error(403, "account_disabled");
            return;
        }
        let token = reply.assert_ok().refresh_token();
        let now = self.app.clock.now();
        make_room(&mut self.sessions, who, now);
        self.exists[who] = true;
        self.sessions.push(Session::new(who, token, now));
        self.variables.push(session_of(&reply));
    }

    /// Several tabs restore at one moment, each with the token so many generations behind the head. Their answers are those
    /// of one of the orders in which they may have been judged.
    async fn restore_together(&mut self, at: usize, tabs: &[u8]) {
        let session = &self.sessions[at];
        let tokens: Vec<String> = tabs.iter().map(|behind| session.token(*behind)).collect();
        let replies = join_all(tokens.iter().map(|token| self.app.restore(token))).await;
        let now = self.app.clock.now();
        let Some(after) = orders(tokens.len()).iter().find_map(|order| {
            let mut session = session.clone();
            order
                .iter()
                .all(|tab| follows(&mut session, &tokens[*tab], &replies[*tab], now))
                .then_some(session)
        }) else {
            panic!("no order of {tabs:?} explains {replies:?} of {session:?}");
        };
        for token in after.tokens.iter().skip(session.tokens.len()) {
            let known = self.sessions.iter().any(|other| other.tokens.contains(token));
            assert!(!known, "a token was handed out twice");
        }
        self.sessions[at] = after;
    }

    /// Several tabs restore one after the other, each with the token that it had before the first of them did.
    async fn restore_in_turn(&mut self, at: usize, tabs: [u8; 3]) {
        let mut behind = tabs;
        for tab in 0..tabs.len() {
            let generation = self.sessions[at].generation();
            self.restore_together(at, &[behind[tab]]).await;
            if self.sessions[at].generation() > generation {
                behind = behind.map(|behind| behind + 1);
            }
        }
    }

    async fn log_out(&mut self, at: usize) {
        let reply = crate::ends::log_out(self.app, &self.variables[at]).await;
        let expected = end(&mut self.sessions, |one, _| one == at);
        assert_eq!(reply.assert_ok().res()["ended"], expected);
    }

    async fn log_out_everywhere(&mut self, at: usize) {
        if !self.may_ask(at) {
            return;
        }
        let action = self.app.call(
            "/actions/logout-all",
            "v1LogoutAll",
            self.variables[at].clone(),
            json!({}),
        );
        let reply = action.await;
        let owner = self.sessions[at].owner;
        let expected = end(&mut self.sessions, |_, session| session.owner == owner);
        assert_eq!(reply.assert_ok().res()["ended"], expected);
    }

    async fn end(&mut self, by: usize, of: usize) {
        if !self.may_ask(by) {
            return;
        }
        let input = json!({"id": id_of(&self.variables[of])});
        let action = self.app.call(
            "/actions/end-session",
            "v1EndSession",
            self.variables[by].clone(),
            input,
        );
        let reply = action.await;
        let owner = self.sessions[by].owner;
        let expected = end(&mut self.sessions, |at, session| {
            at == of && session.owner == owner
        });
        assert_eq!(reply.assert_ok().res()["ended"], expected);
    }

    /// A session that is over ends nothing, as soon as the process has heard of it; `ends.rs` tests that with a wait.
    fn may_ask(&self, at: usize) -> bool {
        self.sessions[at].is_live(self.app.clock.now())
    }

    async fn switch(&mut self, who: usize, off: bool) {
        let whose: Whose = self.people[who].address().to_string().parse().unwrap();
        let db = self.app.app_service.db();
        let outcome = if off {
            db.disable(&whose).await.unwrap()
        } else {
            db.enable(&whose).await.unwrap()
        };
        assert_eq!(outcome.is_some(), self.exists[who], "{outcome:?}");
        let Some(outcome) = outcome else {
            return;
        };
        let now = self.app.clock.now();
        let expected = match off {
            true => end(&mut self.sessions, |_, session| {
                session.owner == who && session.is_within_its_life(now)
            }),
            false => 0,
        };
        assert_eq!(
            (outcome.changed, outcome.sessions),
            (self.disabled[who] != off, expected)
        );
        self.disabled[who] = off;
    }

    /// The rows say what the model says, and each session has one token of its generation.
    async fn compare(&self, rows: &Client) {
        let sql = "
            select s.ended_at is not null, s.generation,
              (select count(*) from auth.refresh_tokens t where t.session_id = s.id and t.generation >= s.generation)
            from auth.sessions s
            where s.id = $1";
        for (session, variables) in self.sessions.iter().zip(&self.variables) {
            let id = uuid::Uuid::parse_str(id_of(variables)).unwrap();
            let row = rows.query_one(sql, &[&id]).await.unwrap();
            let found: (bool, i32, i64) = (row.get(0), row.get(1), row.get(2));
            assert_eq!(found.2, 1, "heads of a session");
            assert_eq!(
                (found.0, found.1),
                (session.ended, session.generation()),
                "{session:?}"
            );
        }
    }
}

/// Every order of so many tabs.
fn orders(tabs: usize) -> Vec<Vec<usize>> {
    let Some(last) = tabs.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let with_last = |order: Vec<usize>| {
        (0..tabs).map(move |at| {
            let mut order = order.clone();
            order.insert(at, last);
            order
        })
    };
    orders(last).into_iter().flat_map(with_last).collect()
}

/// Whether the model gives this answer as well. It takes the step if so.
fn follows(session: &mut Session, token: &str, reply: &Reply, now: OffsetDateTime) -> bool {
    let told = (reply.status == 200).then(|| reply.refresh_token());
    match session.restore(token, told.as_deref().unwrap_or_default(), now) {
        Answer::Fresh => told.is_some_and(|told| told != token),
        Answer::Head => told.as_ref() == session.tokens.last(),
        Answer::Refused => reply.status == 401 && reply.json()["code"] == "refresh_token_invalid",
    }
}

#[track_caller]
fn refused(reply: &Reply) {
    reply.assert_error(401, "refresh_token_invalid");
}
