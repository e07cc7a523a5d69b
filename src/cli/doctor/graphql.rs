//! GraphQL at Hasura, as a client speaks it. It judges nothing.

use serde_json::{Value, json};

use super::patient::{Hasura, Patient, cause};
use crate::cli::metadata::url;
use crate::cli::table::plain;

/// What Hasura said.
pub(super) struct Answer {
    /// The code of the first error, or the status where there is no body of Hasura's.
    pub(super) code: Option<String>,
    /// Its sentence, fit to be shown.
    pub(super) message: String,
    pub(super) data: Value,
}

impl Answer {
    fn of(status: u16, body: &Value) -> Self {
        let error = &body["errors"][0];
        let (code, message) = match error.is_null() {
            false => (&error["extensions"]["code"], &error["message"]),
            true => (&body["code"], &body["error"]),
        };
        let code = match code.as_str() {
            None if body["data"].is_null() => Some(format!("status {status}")),
            code => code.map(ToOwned::to_owned),
        };
        let message: String = message.as_str().unwrap_or_default().chars().take(160).collect();
        Self {
            code,
            message: plain(&message),
            data: body["data"].clone(),
        }
    }

    /// What was refused, in Hasura's words.
    pub(super) fn refusal(&self) -> String {
        match (&self.code, self.message.as_str()) {
            (None, _) => "an answer".to_owned(),
            (Some(code), "") => code.clone(),
            (Some(code), message) => format!("{code} ({message})"),
        }
    }

    /// The names of the fields of a type, as introspection tells them.
    pub(super) fn fields(&self, key: &str) -> Vec<&str> {
        let fields = self.data[key]["fields"].as_array();
        fields
            .into_iter()
            .flatten()
            .filter_map(|field| field["name"].as_str())
            .collect()
    }
}

/// Asks with these headers.
pub(super) async fn ask(
    patient: &Patient,
    hasura: &Hasura,
    headers: &[(&str, &str)],
    query: &str,
    variables: &Value,
) -> Result<Answer, String> {
    let url = url(&hasura.endpoint, "/v1/graphql").map_err(|error| error.to_string())?;
    let mut request = patient
        .client
        .post(url)
        .json(&json!({"query": query, "variables": variables}));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = request.send().await.map_err(cause)?;
    let status = reply.status().as_u16();
    let body: Value = reply.json().await.unwrap_or_default();
    Ok(Answer::of(status, &body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_found_in_whichever_form_hasura_gives_it() {
        let of_graphql = Answer::of(
            200,
            &json!({"errors": [{"message": "no\n", "extensions": {"code": "invalid-jwt"}}]}),
        );
        assert_eq!(of_graphql.code.as_deref(), Some("invalid-jwt"));
        assert_eq!(of_graphql.refusal(), "invalid-jwt (no\\n)");
        let flat = Answer::of(
            404,
            &json!({"error": "resource does not exist", "code": "not-found", "path": "$"}),
        );
        assert_eq!(flat.code.as_deref(), Some("not-found"));
        let none = Answer::of(502, &Value::Null);
        assert_eq!(none.refusal(), "status 502");
        let good = Answer::of(
            200,
            &json!({"data": {"t": {"fields": [{"name": "a"}, {"name": "b"}]}}}),
        );
        assert!(good.code.is_none());
        assert_eq!(good.fields("t"), ["a", "b"]);
        assert_eq!(good.fields("u"), [""; 0]);
    }
}
