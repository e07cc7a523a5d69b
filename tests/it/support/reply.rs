//! An answer of the service, with the assertions that tests make of it.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use super::app::JWT_SECRET;

/// Status, headers and body.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Reply {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        super::watch::cookies(&headers);
        let text = response.text().await.unwrap();
        super::watch::answer(&text);
        Self {
            status,
            headers,
            text,
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    #[track_caller]
    pub fn assert_ok(&self) -> &Self {
        assert_eq!(self.status, 200, "{self:?}");
        self
    }

    /// A refusal as Hasura reads it: the code at the top and in the extensions, and a sentence.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str) -> &Self {
        let body = self.json();
        assert_eq!(
            (self.status, body["code"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        assert_eq!(body["extensions"]["code"], code);
        assert!(
            body["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty()),
            "{self:?}"
        );
        self
    }

    pub fn res(&self) -> Value {
        let body = self.json();
        assert_eq!(body["success"], true, "{self:?}");
        body["res"].clone()
    }

    pub fn refresh_token(&self) -> String {
        self.res()["refreshToken"].as_str().unwrap().to_owned()
    }

    /// The claims of the access token, its signature and bindings verified; its times are not.
    pub fn claims(&self) -> Value {
        claims_of(self.res()["accessToken"].as_str().unwrap())
    }

    pub fn user_id(&self) -> String {
        self.claims()["sub"].as_str().unwrap().to_owned()
    }
}

/// The claims of a token of the tests' key.
pub fn claims_of(token: &str) -> Value {
    let secret: Value = serde_json::from_str(JWT_SECRET).unwrap();
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&["hasura"]);
    validation.set_issuer(&["hasura-siwe"]);
    validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(secret["key"].as_str().unwrap().as_bytes());
    jsonwebtoken::decode::<Value>(token, &key, &validation)
        .unwrap()
        .claims
}

/// Where Hasura finds its claims.
pub const NAMESPACE: &str = "https://hasura.io/jwt/claims";
