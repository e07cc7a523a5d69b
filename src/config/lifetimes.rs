//! How long tokens and sessions live, for each way to sign in.
//!
//! The variables without a prefix are those of `v1Login`, and of every other flow whose document names no
//! figure of its own.

use std::time::Duration;

use super::read::Reader;
use crate::model::Flow;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const LONGEST_OF_CONTRACT: Duration = DAY;

/// How long the tokens and sessions of one flow live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// An access token.
    pub access: Duration,
    /// A refresh token that is not used.
    pub idle: Duration,
    /// A session, used or not.
    pub absolute: Duration,
}

/// How long things live.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    siwe: Lifetime,
    lens: Lifetime,
    email: Lifetime,
    username: Lifetime,
    tanx: Lifetime,
    /// How long the direct predecessor of a refresh token is still answered, with the same successor.
    pub grace: Duration,
    /// How many sessions one person may have; the oldest ends for the next.
    pub most_sessions: i64,
}

/// The variables of one flow.
struct Names {
    access: &'static str,
    idle: &'static str,
    absolute: &'static str,
}

const SIWE: Names = Names {
    access: "ACCESS_TOKEN_TTL",
    idle: "REFRESH_IDLE_TTL",
    absolute: "REFRESH_ABSOLUTE_TTL",
};
const LENS: Names = Names {
    access: "LENS_ACCESS_TOKEN_TTL",
    idle: "LENS_REFRESH_IDLE_TTL",
    absolute: "LENS_REFRESH_ABSOLUTE_TTL",
};
const EMAIL: Names = Names {
    access: "EMAIL_ACCESS_TOKEN_TTL",
    idle: "EMAIL_REFRESH_IDLE_TTL",
    absolute: "EMAIL_REFRESH_ABSOLUTE_TTL",
};
const USERNAME: Names = Names {
    access: "USERNAME_ACCESS_TOKEN_TTL",
    idle: "USERNAME_REFRESH_IDLE_TTL",
    absolute: "USERNAME_REFRESH_ABSOLUTE_TTL",
};
const TANX: Names = Names {
    access: "TANX_ACCESS_TOKEN_TTL",
    idle: "TANX_REFRESH_IDLE_TTL",
    absolute: "TANX_REFRESH_ABSOLUTE_TTL",
};

impl Lifetimes {
    /// The most that an access token may live, where the flow's document does not say more.
    pub const LONGEST_ACCESS: Duration = DAY;
    /// No access token that may act as `admin` lives longer than this.
    pub const ADMIN_ACCESS: Duration = Duration::from_secs(15 * 60);

    /// Those of one flow.
    pub fn of(&self, flow: Flow) -> Lifetime {
        match flow {
            Flow::Siwe => self.siwe,
            Flow::Lens => self.lens,
            Flow::Email => self.email,
            Flow::Username => self.username,
            Flow::Tanx => self.tanx,
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let all = Lifetime {
            access: HOUR,
            idle: 14 * DAY,
            absolute: 90 * DAY,
        };
        let siwe = Lifetime::read(reader, SIWE, all, Self::LONGEST_ACCESS);
        let lens = Lifetime {
            access: 30 * MINUTE,
            idle: 7 * DAY,
            ..siwe
        };
        let username = Lifetime {
            access: 2 * HOUR,
            idle: 7 * DAY,
            absolute: 7 * DAY,
        };
        // The email flow's document prints twenty days of access: allowed, and not the default.
        let longest_of_email = 20 * DAY;
        let lifetimes = Self {
            siwe,
            lens: Lifetime::read(reader, LENS, lens, Self::LONGEST_ACCESS),
            email: Lifetime::read(reader, EMAIL, siwe, longest_of_email),
            username: Lifetime::read(reader, USERNAME, username, Self::LONGEST_ACCESS),
            tanx: Lifetime::read(reader, TANX, siwe, Self::LONGEST_ACCESS),
            grace: reader.duration("REFRESH_GRACE", Duration::from_secs(30), (Duration::ZERO, MINUTE)),
            most_sessions: reader.parsed("SESSIONS_PER_USER", 50, "a number of sessions"),
        };
        if !(1..=1000).contains(&lifetimes.most_sessions) {
            let sentence = format!(
                "SESSIONS_PER_USER is {}, and must lie between 1 and 1000",
                lifetimes.most_sessions
            );
            reader.fault(sentence);
        }
        lifetimes
    }
}

impl Lifetime {
    /// These for a contract wallet: whoever may sign for it can change, and nobody tells us. So its sessions end
    /// after a day, and it signs anew.
    pub fn of_contract_wallet(self) -> Self {
        Self {
            access: self.access.min(LONGEST_OF_CONTRACT),
            idle: self.idle.min(LONGEST_OF_CONTRACT),
            absolute: self.absolute.min(LONGEST_OF_CONTRACT),
        }
    }

    fn read(reader: &mut Reader<'_>, names: Names, default: Self, longest_access: Duration) -> Self {
        let access = reader.duration(names.access, default.access, (MINUTE, longest_access));
        let absolute = reader.duration(names.absolute, default.absolute, (HOUR, 730 * DAY));
        // A default gives way to a shorter absolute time; a value that was typed is held against it below.
        let idle = default.idle.min(absolute);
        let idle = reader.duration(names.idle, idle, (10 * MINUTE, 365 * DAY));
        if idle > absolute {
            reader.fault(format!(
                "{} is longer than {}: a session cannot be idle for longer than it lives",
                names.idle, names.absolute
            ));
        }
        Self {
            access,
            idle,
            absolute,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;

    fn read(given: &[(&str, &str)]) -> Result<Lifetimes, Vec<String>> {
        let variables: Variables = given.iter().copied().collect();
        let mut reader = Reader::of(&variables);
        let lifetimes = Lifetimes::read(&mut reader);
        if reader.faults.is_empty() {
            Ok(lifetimes)
        } else {
            Err(reader.faults)
        }
    }

    #[test]
    fn each_flow_has_the_figures_of_its_document_except_where_they_are_not_safe() {
        let lifetimes = read(&[]).unwrap();
        let figures = |access, idle, absolute| Lifetime {
            access,
            idle,
            absolute,
        };
        let ours = figures(HOUR, 14 * DAY, 90 * DAY);
        assert_eq!(lifetimes.of(Flow::Siwe), ours);
        assert_eq!(lifetimes.of(Flow::Lens), figures(30 * MINUTE, 7 * DAY, 90 * DAY));
        assert_eq!(lifetimes.of(Flow::Email), ours);
        assert_eq!(lifetimes.of(Flow::Username), figures(2 * HOUR, 7 * DAY, 7 * DAY));
        assert_eq!(lifetimes.of(Flow::Tanx), ours);
    }

    #[test]
    fn what_stands_without_a_prefix_holds_for_the_flows_whose_documents_are_silent() {
        let lifetimes = read(&[
            ("ACCESS_TOKEN_TTL", "5m"),
            ("REFRESH_ABSOLUTE_TTL", "1d"),
            ("REFRESH_IDLE_TTL", "2h"),
        ])
        .unwrap();
        assert_eq!(lifetimes.of(Flow::Tanx).access, 5 * MINUTE);
        assert_eq!(lifetimes.of(Flow::Email).idle, 2 * HOUR);
        assert_eq!(lifetimes.of(Flow::Lens).access, 30 * MINUTE);
        assert_eq!(lifetimes.of(Flow::Lens).idle, DAY, "no longer than the session");
    }

    #[test]
    fn the_email_document_s_own_figures_may_be_set_and_no_other_flow_s_tokens_live_that_long() {
        let preset = [
            ("EMAIL_ACCESS_TOKEN_TTL", "20d"),
            ("EMAIL_REFRESH_IDLE_TTL", "10h"),
        ];
        assert_eq!(read(&preset).unwrap().of(Flow::Email).access, 20 * DAY);
        for name in [
            "ACCESS_TOKEN_TTL",
            "LENS_ACCESS_TOKEN_TTL",
            "TANX_ACCESS_TOKEN_TTL",
        ] {
            assert!(read(&[(name, "20d")]).unwrap_err()[0].starts_with(name));
        }
        let fault = read(&[("LENS_REFRESH_IDLE_TTL", "91d")]).unwrap_err();
        assert!(fault[0].contains("LENS_REFRESH_ABSOLUTE_TTL"), "{fault:?}");
    }
}
