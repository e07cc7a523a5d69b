//! Checks of PostgreSQL, as the service reaches it.

use time::{Duration, OffsetDateTime};

use super::finding::{Outcome, fail, ok, skip, warn};
use super::patient::{Patient, Seen};
use crate::cli::migrate::{SET_AGAIN, told};
use crate::storage::{Db, Error, RoleLimits, connect_directly, hasura_limits, known_migrations};

/// Said of whatever needs a database that does not answer.
const NO_DATABASE: &str = "the database did not answer";

pub(super) async fn connection(patient: &mut Patient) -> Outcome {
    let Ok(database) = &patient.database else {
        return skip("DATABASE_URL cannot be read: see the check `configuration`");
    };
    let db = match Db::open(database, patient.clock.clone(), patient.entropy.clone()) {
        Ok(db) => db,
        Err(error) => return unreachable("DATABASE_URL", &error),
    };
    let asked = patient.clock.now();
    let what = match db.inspect().await {
        Ok(what) => what,
        Err(error) => return unreachable("DATABASE_URL", &error),
    };
    let answered = patient.clock.now();
    // Announcements and migrations go this way, past a pooler.
    if let Err(error) = connect_directly(database).await {
        return unreachable("DATABASE_DIRECT_URL", &error);
    }
    let tls = match (what.is_encrypted, what.is_private) {
        (true, _) => "TLS",
        (false, true) => "no TLS, on this machine or a private network",
        (false, false) => "no TLS, over a public address",
    };
    let seen = format!(
        "PostgreSQL {}, database {}, role {}, {tls}",
        what.version, what.database, what.role
    );
    let writes = db.try_to_write().await;
    let outcome = if let Err(error) = &writes
        && !error.is_schema()
    {
        let cure = error.refuses_writes();
        fail(
            format!("{seen}; it takes no writes: {}", error.for_the_log()),
            cure.unwrap_or("look at the log of PostgreSQL"),
        )
    } else if !what.is_encrypted && !what.is_private {
        warn(
            seen,
            "add sslmode=require to DATABASE_URL, and DATABASE_CA_FILE where the certificate is of an authority of your own",
        )
    } else if what.is_superuser {
        warn(
            seen,
            "the role is a superuser: give the service one of its own that owns the database and no more",
        )
    } else {
        ok(seen)
    };
    patient.inspection = Some(Seen {
        what,
        asked,
        answered,
    });
    patient.db = Some(db);
    outcome
}

fn unreachable(name: &str, error: &Error) -> Outcome {
    // Behind a pooler the types of all statements are asked for at the first.
    let cure = match error {
        Error::Schema(_) => "run `hasura-siwe migrate`",
        Error::Pooler(_) => "docs/deployment.md has the settings behind a pooler",
        _ => {
            "start PostgreSQL, look at host, port and password of the URL and at what lies between; docs/deployment.md has TLS"
        }
    };
    fail(format!("{name}: {}", error.for_the_log()), cure)
}

pub(super) async fn settings(patient: &mut Patient) -> Outcome {
    let Some(db) = &patient.db else {
        return skip(NO_DATABASE);
    };
    match db.unsafe_settings().await {
        Ok(settings) if settings.is_empty() => ok("fsync, full_page_writes and synchronous_commit are on"),
        Ok(settings) => warn(
            format!(
                "{}: a crash may lose sessions that were answered",
                settings.join(", ")
            ),
            "switch it on in postgresql.conf, or for the role",
        ),
        Err(error) => fail(error.for_the_log(), "look at the database's log"),
    }
}

/// Expiry of nonces, challenges and sessions is judged by the database, times of messages by the service. A minute is what a message
/// is forgiven; far below it tokens and sessions begin to disagree.
const CLOCK_WARN: Duration = Duration::seconds(1);
const CLOCK_FAIL: Duration = Duration::seconds(5);

pub(super) async fn clock(patient: &mut Patient) -> Outcome {
    match &patient.inspection {
        None => skip(NO_DATABASE),
        Some(seen) => judge_clock("the database", seen, |inspection| inspection.now, Duration::ZERO),
    }
}

/// Holds another clock against this machine's. `resolution` is how coarsely the other one was told.
pub(super) fn judge_clock<T>(
    whose: &str,
    seen: &Seen<T>,
    time_of: impl FnOnce(&T) -> OffsetDateTime,
    resolution: Duration,
) -> Outcome {
    let half_way: Duration = (seen.answered - seen.asked) / 2_i32;
    let half_step: Duration = resolution / 2_i32;
    // Somewhere on the way there and back, and within what was rounded off.
    let there: OffsetDateTime = time_of(&seen.what) + half_step;
    let ahead: Duration = there - (seen.asked + half_way);
    let unsure: Duration = half_way + half_step;
    let off: Duration = (ahead.abs() - unsure).max(Duration::ZERO);
    let direction = if ahead.is_negative() { "behind" } else { "ahead" };
    let told = format!(
        "{whose} is {:.1} s {direction} (± {:.1} s; tolerated: {} s)",
        ahead.abs().as_seconds_f64(),
        unsure.as_seconds_f64(),
        CLOCK_FAIL.whole_seconds()
    );
    let cure = "let NTP set both clocks: `timedatectl` shows whether it does";
    if off > CLOCK_FAIL {
        fail(told, cure)
    } else if off > CLOCK_WARN {
        warn(told, cure)
    } else {
        ok(told)
    }
}

pub(super) async fn migrations(patient: &mut Patient) -> Outcome {
    let Some(db) = &patient.db else {
        return skip(NO_DATABASE);
    };
    let applied = match db.applied_migrations().await {
        Ok(applied) => applied,
        Err(error) => {
            return fail(
                error.for_the_log(),
                "let DATABASE_URL name the role that ran `hasura-siwe migrate`",
            );
        }
    };
    let known = known_migrations();
    let outstanding: Vec<String> = known
        .iter()
        .filter(|(version, _)| !applied.contains(version))
        .map(|(version, name)| format!("{version:04}_{name}"))
        .collect();
    if applied.is_empty() {
        return fail("nothing was ever migrated", "run `hasura-siwe migrate`");
    }
    if !outstanding.is_empty() {
        return fail(
            format!("outstanding: {}", outstanding.join(", ")),
            "run `hasura-siwe migrate` with this version of the program",
        );
    }
    let newest = known.last().map_or(0, |(version, _)| *version);
    let newer: Vec<String> = applied
        .iter()
        .filter(|version| **version > newest)
        .map(|version| format!("{version:04}"))
        .collect();
    if !newer.is_empty() {
        return warn(
            format!(
                "the database has {}, which this program does not know",
                newer.join(", ")
            ),
            "right while an update rolls out; otherwise run the newer program",
        );
    }
    let ran = format!("all {} ran", known.len());
    match db.unsendable_claims().await.map(|claims| told(&claims)) {
        Ok(None) => ok(ran),
        Ok(Some(left)) => warn(format!("{ran}; {left}"), SET_AGAIN),
        Err(error) => fail(error.for_the_log(), "run `hasura-siwe migrate`"),
    }
}

pub(super) async fn networks(patient: &mut Patient) -> Outcome {
    let Some(db) = &patient.db else {
        return skip(NO_DATABASE);
    };
    let networks = match db.networks().await {
        Ok(networks) => networks,
        Err(error) => return fail(error.for_the_log(), "run `hasura-siwe migrate`"),
    };
    let enabled: Vec<_> = networks.into_iter().filter(|network| network.enabled).collect();
    patient.chains = enabled
        .iter()
        .filter_map(|network| u64::try_from(network.chain_id).ok())
        .collect();
    if enabled.is_empty() {
        return fail(
            "no network is enabled, so no wallet can sign in",
            "run `hasura-siwe network enable ethereum`, or `network add`",
        );
    }
    let names: Vec<&str> = enabled.iter().map(|network| network.name.as_str()).collect();
    ok(names.join(", "))
}

/// Guests choose what Hasura's queries filter by, and a regular expression can run for hours.
pub(super) async fn hasura_role(patient: &mut Patient) -> Outcome {
    let (Ok(database), Some(_)) = (&patient.database, &patient.db) else {
        return skip(NO_DATABASE);
    };
    // Directly, without the time-outs of the pool: the server's own show then.
    let limits = match connect_directly(database).await {
        Ok(client) => hasura_limits(&client).await,
        Err(error) => Err(error),
    };
    let limits = match limits {
        Ok(limits) if limits.is_empty() => {
            return skip(
                "no role of Hasura's was let in: `hasura-siwe migrate` does it where PG_DATABASE_URL is set",
            );
        }
        Ok(limits) => limits,
        Err(error) => return fail(error.for_the_log(), "look at the database's log"),
    };
    let seen: Vec<String> = limits.iter().map(shown).collect();
    let missing: Vec<String> = limits.iter().filter_map(RoleLimits::missing).collect();
    if missing.is_empty() {
        ok(seen.join("; "))
    } else {
        warn(
            seen.join("; "),
            format!(
                "as a superuser run: {} Then restart Hasura; docs/deployment.md says how many connections it needs",
                missing.join(" ")
            ),
        )
    }
}

fn shown(limits: &RoleLimits) -> String {
    let timeout = |value: &Option<String>| value.as_deref().unwrap_or("none").to_owned();
    let connections = match limits.connection_limit {
        Some(limit) => format!("{limit} of {} connections", limits.max_connections),
        None => format!("all {} connections", limits.max_connections),
    };
    format!(
        "role {}: statement_timeout {}, idle_in_transaction_session_timeout {}, {connections}",
        limits.role,
        timeout(&limits.statement_timeout),
        timeout(&limits.idle_in_transaction_timeout),
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;
    use time::macros::datetime;

    fn judged(there: OffsetDateTime, way: Duration, resolution: Duration) -> Status {
        let asked = datetime!(2026-01-31 12:00 UTC);
        let seen = Seen {
            what: there,
            asked,
            answered: asked + way,
        };
        judge_clock("it", &seen, |there| *there, resolution).status
    }

    #[test]
    fn a_clock_is_judged_by_what_is_sure_about_it() {
        let noon = datetime!(2026-01-31 12:00 UTC);
        let ms = Duration::milliseconds;
        let sharp = |off| judged(noon + off, ms(2), Duration::ZERO);
        assert_eq!(sharp(ms(1)), Status::Ok);
        assert_eq!(sharp(ms(-900)), Status::Ok);
        assert_eq!(sharp(ms(1500)), Status::Warn);
        assert_eq!(sharp(ms(-4000)), Status::Warn);
        assert_eq!(sharp(ms(6000)), Status::Fail);
        assert_eq!(sharp(ms(-6000)), Status::Fail);
        // A slow answer, or one that is told in whole seconds, proves less.
        assert_eq!(judged(noon, ms(4000), Duration::ZERO), Status::Ok);
        assert_eq!(judged(noon - ms(1400), ms(2), Duration::seconds(1)), Status::Ok);
    }
}
