//! Plays a history on the service and on the model, and compares them after each step.

use hasura_siwe::cli::wallet::Wallet;
use hasura_siwe::entropy::Entropy;
use hasura_siwe::model::Whose;
use serde_json::{Value, json};
use time::Duration;
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
        world.restore(at, 0).await;
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
            Step::Restore(at, behind) if has_sessions => self.restore(pick(at), behind.into()).await,
            Step::RestoreTwice(at, behind) if has_sessions => {
                self.restore_twice(pick(at), behind.into()).await
            }
            Step::RestoreBoth(at) if has_sessions => self.restore_both(pick(at)).await,
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

    async fn restore(&mut self, at: usize, behind: usize) {
        let (behind, token) = self.sessions[at].token(behind);
        let reply = self.app.restore(&token).await;
        let expected = self.sessions[at].restore(behind, self.app.clock.now());
        self.settle(at, &reply, expected);
    }

    /// The answer is the one that the model gave; a fresh token is the new head.
    fn settle(&mut self, at: usize, reply: &Reply, expected: Answer) {
        match expected {
            Answer::Refused => refused(reply),
            Answer::Again(token) => assert_eq!(reply.assert_ok().refresh_token(), token, "another successor"),
            Answer::Fresh => {
                let token = reply.assert_ok().refresh_token();
                let known = self
                    .sessions
                    .iter()
                    .any(|session| session.tokens.contains(&token));
                assert!(!known, "a token was handed out twice");
                self.sessions[at].tokens.push(token);
            }
        }
    }

    /// The second of two equal ones finds what the first one left.
    async fn restore_twice(&mut self, at: usize, behind: usize) {
        let (behind, token) = self.sessions[at].token(behind);
        let (one, other) = tokio::join!(self.app.restore(&token), self.app.restore(&token));
        let now = self.app.clock.now();
        let first = self.sessions[at].restore(behind, now);
        let behind = if first == Answer::Fresh { 1 } else { behind };
        self.settle(at, &one, first);
        let second = self.sessions[at].restore(behind, now);
        self.settle(at, &other, second);
    }

    /// Whichever came first, the answers are those of one of the two orders.
    async fn restore_both(&mut self, at: usize) {
        let ((_, head), (behind, old)) = (self.sessions[at].token(0), self.sessions[at].token(1));
        if behind == 0 {
            return self.restore_twice(at, 0).await;
        }
        let (of_head, of_old) = tokio::join!(self.app.restore(&head), self.app.restore(&old));
        let now = self.app.clock.now();
        if of_old.status == 200 || of_head.status != 200 {
            let expected = self.sessions[at].restore(1, now);
            self.settle(at, &of_old, expected);
            let expected = self.sessions[at].restore(0, now);
            self.settle(at, &of_head, expected);
        } else {
            let expected = self.sessions[at].restore(0, now);
            self.settle(at, &of_head, expected);
            let expected = self.sessions[at].restore(2, now);
            self.settle(at, &of_old, expected);
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

#[track_caller]
fn refused(reply: &Reply) {
    reply.assert_error(401, "refresh_token_invalid");
}
