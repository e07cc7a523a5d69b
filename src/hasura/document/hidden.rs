//! What of a document is not for eyes: values that metadata may hold in clear.
//!
//! Whoever writes metadata well names an environment variable instead. Not everybody does, and what is shown
//! side by side ends in the logs of a pipeline.

use serde_json::Value;

use super::Difference;

const STARS: &str = "***";

/// Keys whose text may be a secret.
const SECRETS: [&str; 9] = [
    "database_url",
    "connection_string",
    "password",
    "passphrase",
    "service_account",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslrootcert",
];

impl Difference {
    /// The same with stars for secrets.
    pub fn hidden(mut self) -> Self {
        let last = self.path.rsplit('.').next().unwrap_or_default();
        // The value of a header that is written out.
        let in_header = last == "value" && self.path.contains("headers[");
        let names = |part: &str| SECRETS.contains(&part.split('[').next().unwrap_or(part));
        // Below a secret the name of a variable may stand alone: both sides name one, and not the same.
        let is_name = last == "from_env";
        let is_secret = !is_name && self.path.split('.').any(names) || in_header;
        let is_header = last.starts_with("headers[");
        for side in [&mut self.here, &mut self.there].into_iter().flatten() {
            if is_secret && !names_variable(side) {
                *side = STARS.into();
            } else if let (true, Some(value)) = (is_header, side.get_mut("value")) {
                *value = STARS.into();
            } else {
                hide(side);
            }
        }
        self
    }
}

/// `{"from_env": "NAME"}` is how metadata is written well.
fn names_variable(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|object| object.len() == 1 && object.contains_key("from_env"))
}

/// A user name and a password in front of a host.
fn without_userinfo(text: &mut String) {
    if let Some((scheme, rest)) = text.split_once("://")
        && let Some((_, host)) = rest.split('/').next().unwrap_or(rest).rsplit_once('@')
    {
        let path = rest.find('/').map_or("", |slash| &rest[slash..]);
        *text = format!("{scheme}://{STARS}@{host}{path}");
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::String(text) => without_userinfo(text),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), &mut *value) {
                    (key, value) if SECRETS.contains(&key) && !names_variable(value) => *value = STARS.into(),
                    ("headers", Value::Array(headers)) => {
                        for header in headers {
                            if let Some(value) = header.get_mut("value") {
                                *value = STARS.into();
                            }
                        }
                    }
                    _ => hide(value),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_written_out_are_stars_and_names_of_variables_are_not() {
        let difference = |path: &str, here: Value| Difference {
            path: path.to_owned(),
            here: Some(here),
            there: None,
        };
        let source = json!({"connection_info": {"database_url": "postgres://u:p@h/d"}, "headers": [{"name": "A", "value": "s"}]});
        assert_eq!(
            difference("sources[a].configuration", source).hidden().here,
            Some(
                json!({"connection_info": {"database_url": "***"}, "headers": [{"name": "A", "value": "***"}]})
            )
        );
        for path in ["a.database_url", "actions[a].definition.headers[X].value"] {
            assert_eq!(difference(path, json!("s")).hidden().here, Some(json!("***")));
        }
        let header = json!({"name": "X", "value": "s"});
        assert_eq!(
            difference("a.headers[X]", header).hidden().here,
            Some(json!({"name": "X", "value": "***"}))
        );
        let account = json!({"service_account": {"private_key": "s"}, "url": "https://u:p@h/x"});
        assert_eq!(
            difference("sources[a].configuration", account).hidden().here,
            Some(json!({"service_account": "***", "url": "https://***@h/x"}))
        );
        assert_eq!(
            difference("a.service_account.private_key", json!("s"))
                .hidden()
                .here,
            Some(json!("***"))
        );
        // Issue 14, item 21.
        for path in [
            "sources[a].configuration.connection_info.database_url.from_env",
            "sources[a].configuration.connection_info.database_url.connection_parameters.password.from_env",
            "sources[a].configuration.connection_info.ssl_configuration.sslpassword.from_env",
        ] {
            assert_eq!(
                difference(path, json!("PG_URL")).hidden().here,
                Some(json!("PG_URL")),
                "{path}"
            );
        }
        for path in [
            "a.database_url.from_env.x",
            "a.password.value",
            "a.database_url[from_env]",
        ] {
            assert_eq!(
                difference(path, json!("s")).hidden().here,
                Some(json!("***")),
                "{path}"
            );
        }
        let variable = json!({"database_url": {"from_env": "PG_DATABASE_URL"}});
        assert_eq!(difference("a", variable.clone()).hidden().here, Some(variable));
    }
}
