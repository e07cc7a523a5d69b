//! Ids on the command line, refused in words that say where the right one is found.

use uuid::Uuid;

pub(super) fn user_id(text: &str) -> Result<Uuid, String> {
    parse(text, "a user id", "hasura-siwe account list")
}

pub(super) fn session_id(text: &str) -> Result<Uuid, String> {
    parse(text, "a session's id", "hasura-siwe account show ADDRESS")
}

fn parse(text: &str, what: &str, command: &str) -> Result<Uuid, String> {
    text.parse().map_err(|_| {
        format!("expected {what}, such as d1789988-2406-4937-bc3d-2f9e039e7e1b: `{command}` shows it")
    })
}
