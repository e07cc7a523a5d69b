//! The only SQL of the service, one file a noun.
//!
//! A function here is one statement: it says which rows it finds, inserts, spends or rotates, and
//! decides nothing but atomicity. What several processes must agree on (expiry, grace) is judged by
//! the database's clock; every statement that asks for the time adds an offset to it, which is
//! zero except in tests.

mod accounts;
mod aging;
mod announcements;
mod audit;
mod challenges;
mod claims;
mod columns;
mod connect;
mod credentials;
mod deletions;
mod disabling;
mod ends;
mod epoch;
mod error;
mod exports;
mod grants;
mod guesses;
mod hasura_limits;
mod housekeeping;
mod inspection;
mod limits;
mod live;
mod log_ins;
mod migrations;
mod minted;
mod networks;
mod nonces;
mod opening;
mod password_log_ins;
mod profiles;
mod repeats;
mod roles;
mod rotations;
mod sessions;
mod sign_ups;
mod signing_keys;
mod statements;
mod turns;
mod unreachable;
mod user_lists;
mod user_roles;
mod users;
mod wallet_links;
mod wallet_looks;
mod wallet_owner;
mod whose;
mod writes;

pub use accounts::{NewName, Renamed};
pub use aging::{Aged, Ages, Found, Stretch};
pub use announcements::{Announcement, listen};
pub use audit::{AuditFilter, AuditRecord};
pub use challenges::{ChallengeLogIn, ChallengeLoggedIn};
pub use claims::{NewClaim, UnsendableClaims, unsendable_claims};
pub use connect::{connect_directly, settings_for_pooler};
pub use credentials::{ChangePassword, NewCredential, Set};
pub use deletions::{Deleted, Gone};
pub use disabling::{Ended, LoggedOut};
pub use ends::End;
pub use error::Error;
pub use grants::{Grants, grant_to_hasura};
pub use guesses::{Admission, Admitted, Credential, Guess, Guessed};
pub use hasura_limits::{RoleLimits, hasura_limits};
pub use housekeeping::Swept;
pub use inspection::Inspection;
pub use limits::{Rate, Subject};
pub use live::LiveSession;
pub use log_ins::{LogIn, LoggedIn};
pub use migrations::{known_migrations, latest_version, migrate};
pub use minted::{Mint, Minting};
pub use networks::Network;
pub use nonces::ProofNonce;
pub use opening::{Opening, SessionState};
pub use password_log_ins::PasswordLogIn;
pub use profiles::{LoginNames, Profile};
pub use roles::{Added, Removed, Role};
pub use sessions::{Rotated, Rotation};
pub use sign_ups::SignUpLimits;
pub use signing_keys::{KeyHistory, Retired};
pub use statements::Db;
pub use turns::Turn;
pub use unreachable::Unreachable;
pub use user_lists::{UserFilter, UserLine};
pub use user_roles::{Changed, RoleChange};
pub use users::{Account, Session, User, Wallet};
pub use wallet_links::{LinkWallet, Linked, UnlinkWallet, Unlinked};

/// Every statement of this module, so that a test can prepare each one.
pub const STATEMENTS: &[(&str, &str)] = &[
    ("accounts::RENAME", accounts::RENAME),
    ("aging::PAGES_OF_SESSIONS", aging::PAGES_OF_SESSIONS),
    ("aging::LOOK", aging::LOOK),
    ("aging::WIPE_SALTS", aging::WIPE_SALTS),
    ("aging::DELETE_OLD_TOKENS", aging::DELETE_OLD_TOKENS),
    ("aging::DELETE_TOKENS", aging::DELETE_TOKENS),
    ("aging::DELETE_SESSIONS", aging::DELETE_SESSIONS),
    ("ends::END", ends::END),
    ("audit::READ", audit::READ),
    ("challenges::ISSUE", challenges::ISSUE),
    ("challenges::FIND", challenges::FIND),
    ("challenges::LOG_IN", challenges::LOG_IN),
    ("challenges::GIVE_UID", challenges::GIVE_UID),
    ("claims::SET", claims::SET),
    ("claims::REMOVE", claims::REMOVE),
    ("claims::UNSENDABLE", claims::UNSENDABLE),
    ("credentials::REGISTER", credentials::REGISTER),
    ("credentials::ADD", credentials::ADD),
    ("credentials::CHANGE", credentials::CHANGE),
    ("credentials::RESET", credentials::RESET),
    ("deletions::DELETE", deletions::DELETE),
    ("deletions::FORGET", deletions::FORGET),
    ("disabling::DISABLE", disabling::DISABLE),
    ("disabling::ENABLE", disabling::ENABLE),
    ("disabling::LOG_OUT", disabling::LOG_OUT),
    ("epoch::END_BEFORE", epoch::END_BEFORE),
    ("epoch::FORGET_PROOFS", epoch::FORGET_PROOFS),
    ("exports::EXPORT", exports::EXPORT),
    ("guesses::ADMIT", guesses::ADMIT),
    ("guesses::UNLOCK", guesses::UNLOCK),
    ("guesses::NOTE_UNLOCK", guesses::NOTE_UNLOCK),
    ("hasura_limits::HASURA_LIMITS", hasura_limits::HASURA_LIMITS),
    (
        "housekeeping::DELETE_ISSUED_NONCES",
        housekeeping::DELETE_ISSUED_NONCES,
    ),
    (
        "housekeeping::DELETE_SPENT_NONCES",
        housekeeping::DELETE_SPENT_NONCES,
    ),
    ("housekeeping::DELETE_LIMITS", housekeeping::DELETE_LIMITS),
    ("housekeeping::DELETE_GUESSES", housekeeping::DELETE_GUESSES),
    ("housekeeping::DELETE_CHALLENGES", housekeeping::DELETE_CHALLENGES),
    ("inspection::INSPECT", inspection::INSPECT),
    ("inspection::APPLIED", inspection::APPLIED),
    ("limits::TAKE", limits::TAKE),
    ("live::FIND", live::FIND),
    ("log_ins::LOG_IN", log_ins::LOG_IN),
    ("migrations::READY", migrations::READY),
    ("migrations::UNSAFE_SETTINGS", migrations::UNSAFE_SETTINGS),
    ("minted::MINT", minted::MINT),
    ("networks::LIST", networks::LIST),
    ("networks::ADD", networks::ADD),
    ("networks::SWITCH", networks::SWITCH),
    ("nonces::ISSUE", nonces::ISSUE),
    ("password_log_ins::LOG_IN", password_log_ins::LOG_IN),
    ("profiles::FIND", profiles::FIND),
    ("profiles::NAMES", profiles::NAMES),
    ("profiles::WHO", profiles::WHO),
    ("roles::LIST", roles::LIST),
    ("roles::ADD", roles::ADD),
    ("roles::REMOVE", roles::REMOVE),
    ("rotations::ROTATE_MANY", rotations::ROTATE_MANY),
    ("sessions::ROTATE", sessions::ROTATE),
    ("signing_keys::LIVE", signing_keys::LIVE),
    ("signing_keys::LIST", signing_keys::LIST),
    ("signing_keys::ADD", signing_keys::ADD),
    ("signing_keys::PROMOTE", signing_keys::PROMOTE),
    ("signing_keys::RETIRE", signing_keys::RETIRE),
    ("signing_keys::RETIRE_EXPIRED", signing_keys::RETIRE_EXPIRED),
    ("turns::LOCK", turns::LOCK),
    ("turns::STILL_HOLDS", turns::STILL_HOLDS),
    ("user_lists::LIST", user_lists::LIST),
    ("user_roles::GRANT", user_roles::GRANT),
    ("user_roles::REVOKE", user_roles::REVOKE),
    ("users::FIND", users::FIND),
    ("users::WALLETS", users::WALLETS),
    ("users::ACCOUNTS", users::ACCOUNTS),
    ("users::SESSIONS", users::SESSIONS),
    ("wallet_links::LINK", wallet_links::LINK),
    ("wallet_links::UNLINK", wallet_links::UNLINK),
    ("wallet_looks::CLAIM", wallet_looks::CLAIM),
    ("writes::SPILL_TO_DISK", writes::SPILL_TO_DISK),
    ("writes::TAKE_ROOM", writes::TAKE_ROOM),
    ("writes::WRITE", writes::WRITE),
    ("writes::UNDO", writes::UNDO),
];
