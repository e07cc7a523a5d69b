//! What a session is, in plain values: no database, no HTTP, nothing of the service.

use time::{Duration, OffsetDateTime};

pub const GRACE: Duration = Duration::seconds(30);
pub const IDLE: Duration = Duration::hours(1);
pub const ABSOLUTE: Duration = Duration::hours(3);
pub const CAP: usize = 3;

/// A session as its owner knows it.
#[derive(Clone, Debug)]
pub struct Session {
    pub owner: usize,
    /// Every token that was handed out; the last one is the head.
    pub tokens: Vec<String>,
    /// When each of them but the head was replaced.
    pub replaced: Vec<OffsetDateTime>,
    pub opened: OffsetDateTime,
    pub ended: bool,
}

/// What a restore is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A token that was not issued before: the new head.
    Fresh,
    /// The head as it is.
    Head,
    Refused,
}

impl Session {
    pub fn new(owner: usize, token: String, now: OffsetDateTime) -> Self {
        Self {
            owner,
            tokens: vec![token],
            replaced: Vec::new(),
            opened: now,
            ended: false,
        }
    }

    /// The token so many generations behind the head, or the first.
    pub fn token(&self, behind: u8) -> String {
        let behind = usize::from(behind).min(self.tokens.len() - 1);
        self.tokens[self.tokens.len() - 1 - behind].clone()
    }

    pub fn generation(&self) -> i32 {
        i32::try_from(self.tokens.len() - 1).unwrap()
    }

    /// Before its last end, be it used or not.
    pub fn is_within_its_life(&self, now: OffsetDateTime) -> bool {
        !self.ended && now < self.opened + ABSOLUTE
    }

    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        let used = self.replaced.last().unwrap_or(&self.opened);
        self.is_within_its_life(now) && now < *used + IDLE
    }

    /// Presents a token. Of the token that follows only the service knows what it is: it is `fresh`.
    pub fn restore(&mut self, token: &str, fresh: &str, now: OffsetDateTime) -> Answer {
        if !self.is_live(now) {
            return Answer::Refused;
        }
        let at = self.tokens.iter().position(|known| known == token).unwrap();
        match self.replaced.get(at) {
            None => {
                self.tokens.push(fresh.to_owned());
                self.replaced.push(now);
                Answer::Fresh
            }
            Some(replaced) if now < *replaced + GRACE => Answer::Head,
            Some(_) => {
                self.ended = true;
                Answer::Refused
            }
        }
    }
}

/// A log-in of `owner` at `now` ends their oldest sessions beyond the cap.
pub fn make_room(sessions: &mut [Session], owner: usize, now: OffsetDateTime) {
    let own = sessions
        .iter_mut()
        .filter(|session| session.owner == owner && session.is_within_its_life(now));
    for session in own.rev().skip(CAP - 1) {
        session.ended = true;
    }
}

/// Ends those that `which` says, and how many of them had not ended.
pub fn end(sessions: &mut [Session], which: impl Fn(usize, &Session) -> bool) -> i64 {
    let mut ended = 0;
    for (at, session) in sessions.iter_mut().enumerate() {
        if which(at, session) && !session.ended {
            session.ended = true;
            ended += 1;
        }
    }
    ended
}
