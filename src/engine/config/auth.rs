//! The settings of who may ask: which modes exclude each other is Hasura's rule, in its words.

use super::Reader;
use crate::engine::auth::{AuthMode, Hook, HookMode, JwtConfig, Others};
use crate::engine::session::ADMIN;

const NEEDS_SECRET: &str = "requires --admin-secret (HASURA_GRAPHQL_ADMIN_SECRET) or  \
     --access-key (HASURA_GRAPHQL_ACCESS_KEY) to be set";

impl Reader<'_> {
    pub(super) fn auth(&mut self) -> AuthMode {
        let unauthorized_role = self.text("UNAUTHORIZED_ROLE").map(str::to_owned);
        let jwt = self
            .text("JWT_SECRET")
            .and_then(|text| match JwtConfig::parse(text) {
                Ok(config) => Some(config),
                Err(problem) => {
                    self.problems
                        .push(format!("HASURA_GRAPHQL_JWT_SECRET: {problem}"));
                    None
                }
            });
        let hook = self.hook();
        let has_jwt = self.text("JWT_SECRET").is_some();
        let secret = self.text("ADMIN_SECRET");
        let refusal = match (secret, &hook, has_jwt) {
            (Some(_), None, _) => None,
            _ if unauthorized_role.is_some() => Some(format!(
                "Fatal Error: --unauthorized-role (HASURA_GRAPHQL_UNAUTHORIZED_ROLE) {NEEDS_SECRET} \
                 and is not allowed when --auth-hook (HASURA_GRAPHQL_AUTH_HOOK) is set"
            )),
            (None, None, false) | (Some(_), Some(_), false) => None,
            (None, Some(_), false) => Some(format!(
                "Fatal Error : --auth-hook (HASURA_GRAPHQL_AUTH_HOOK) {NEEDS_SECRET}"
            )),
            (None, None, true) => Some(format!(
                "Fatal Error : --jwt-secret (HASURA_GRAPHQL_JWT_SECRET) {NEEDS_SECRET}"
            )),
            (_, Some(_), true) => {
                Some("Fatal Error: Both webhook and JWT mode cannot be enabled at the same time".to_owned())
            }
        };
        self.problems.extend(refusal);
        let Some(secret) = secret else {
            return AuthMode::Open;
        };
        if unauthorized_role.as_deref() == Some(ADMIN) {
            tracing::warn!("HASURA_GRAPHQL_UNAUTHORIZED_ROLE is admin: whoever asks may do everything");
        }
        let others = match (hook, jwt) {
            (Some(hook), _) => Others::Hook(hook),
            (None, Some(jwt)) => Others::Jwt(Box::new(jwt), unauthorized_role),
            (None, None) => Others::Strangers(unauthorized_role),
        };
        AuthMode::secret(secret, others)
    }

    fn hook(&mut self) -> Option<Hook> {
        // The older name is read when the newer is not there.
        let mode = self
            .text("AUTH_HOOK_MODE")
            .or_else(|| self.text("AUTH_HOOK_TYPE"));
        let send_request_body = self.boolean("AUTH_HOOK_SEND_REQUEST_BODY", true);
        let mode = match mode {
            None | Some("GET") => HookMode::Get,
            Some("POST") => HookMode::Post { send_request_body },
            Some(_) => {
                self.problems
                    .push("HASURA_GRAPHQL_AUTH_HOOK_MODE: Only expecting GET / POST".to_owned());
                HookMode::Get
            }
        };
        self.text("AUTH_HOOK").map(|url| Hook::new(url, mode))
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::config::tests::problems;

    #[test]
    fn startup_jwt_without_secret() {
        let secret = r#"{"type":"HS256","key":"01234567890123456789012345678901"}"#;
        let found = problems(&[("HASURA_GRAPHQL_JWT_SECRET", secret)]);
        assert!(
            found[0].starts_with(
                "Fatal Error : --jwt-secret (HASURA_GRAPHQL_JWT_SECRET) requires --admin-secret"
            )
        );
    }

    #[test]
    fn a_hook_needs_the_secret_and_bears_no_other_mode() {
        let hook = ("HASURA_GRAPHQL_AUTH_HOOK", "http://hook");
        let secret = ("HASURA_GRAPHQL_ADMIN_SECRET", "s");
        let role = ("HASURA_GRAPHQL_UNAUTHORIZED_ROLE", "anon");
        let key = r#"{"type":"HS256","key":"01234567890123456789012345678901"}"#;
        let jwt = ("HASURA_GRAPHQL_JWT_SECRET", key);
        let both = "Fatal Error: Both webhook and JWT mode cannot be enabled at the same time";
        assert_eq!(problems(&[hook, secret]), Vec::<String>::new());
        assert_eq!(
            problems(&[hook]), // startup_hook_without_secret
            [
                "Fatal Error : --auth-hook (HASURA_GRAPHQL_AUTH_HOOK) requires --admin-secret \
                 (HASURA_GRAPHQL_ADMIN_SECRET) or  --access-key (HASURA_GRAPHQL_ACCESS_KEY) to be set"
            ]
        );
        assert_eq!(
            problems(&[hook, secret, role]), // startup_hook_and_unauth_role
            [
                "Fatal Error: --unauthorized-role (HASURA_GRAPHQL_UNAUTHORIZED_ROLE) requires --admin-secret \
                 (HASURA_GRAPHQL_ADMIN_SECRET) or  --access-key (HASURA_GRAPHQL_ACCESS_KEY) to be set and is \
                 not allowed when --auth-hook (HASURA_GRAPHQL_AUTH_HOOK) is set"
            ]
        );
        assert_eq!(problems(&[hook, secret, jwt]), [both]);
        assert_eq!(problems(&[hook, jwt]), [both]);
        assert_eq!(
            problems(&[hook, secret, ("HASURA_GRAPHQL_AUTH_HOOK_MODE", "post")]),
            ["HASURA_GRAPHQL_AUTH_HOOK_MODE: Only expecting GET / POST"]
        );
    }

    #[test]
    fn key_too_short() {
        let secret = r#"{"type":"HS256","key":"0123456789012345678901234567890"}"#;
        let found = problems(&[
            ("HASURA_GRAPHQL_JWT_SECRET", secret),
            ("HASURA_GRAPHQL_ADMIN_SECRET", "s"),
        ]);
        assert_eq!(
            found,
            ["HASURA_GRAPHQL_JWT_SECRET: Invalid JWK: Key size too small; should be atleast 32 characters"]
        );
    }

    #[test]
    fn settings_that_contradict_themselves_are_refused() {
        let key = r#""type":"HS256","key":"01234567890123456789012345678901""#;
        let (both, neither) = (
            "key, jwk_url both cannot be present",
            "key and jwk_url both cannot be empty",
        );
        for (fields, expected) in [
            (format!(r#"{key},"jwk_url":"http://x""#), both),
            (r#""type":"HS256""#.to_owned(), neither),
            (
                format!(r#"{key},"claims_namespace":"a","claims_namespace_path":"$.a""#),
                "claims_namespace and claims_namespace_path both cannot be set",
            ),
            (
                format!(r#"{key},"claims_map":{{"x-hasura-allowed-roles":["user"]}}"#),
                "x-hasura-default-role is expected but not found",
            ),
            (
                r#""type":"RS256","key":"no key""#.to_owned(),
                "Could not decode PEM",
            ),
            (
                r#""type":"PS256","key":"k""#.to_owned(),
                "Key type: PS256 is not supported",
            ),
            (format!(r#"{key},"surprise":1"#), "unknown field `surprise`"),
        ] {
            let secret = format!("{{{fields}}}");
            let found = problems(&[
                ("HASURA_GRAPHQL_JWT_SECRET", &secret),
                ("HASURA_GRAPHQL_ADMIN_SECRET", "s"),
            ]);
            assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
        }
    }
}
