//! People with a password, as tests make them through the engine.

use serde_json::json;

use super::Hasura;
use hasura_siwe::entropy::Entropy;

/// Long enough, and nobody's first guess.
pub const PASSWORD: &str = "correct horse battery staple";

/// Somebody who registered.
#[derive(Debug)]
pub struct Registered {
    pub id: String,
    pub email: String,
    pub username: String,
}

/// Registers somebody whom nobody knows yet: a real Hasura may stand before a database that was used before.
pub async fn register(hasura: &Hasura) -> Registered {
    let tag = hex::encode(Entropy::system().bytes::<6>());
    let (email, username) = (format!("john-{tag}@mail.com"), format!("john-{tag}"));
    register_as(hasura, &email, &username).await
}

pub async fn register_as(hasura: &Hasura, email: &str, username: &str) -> Registered {
    let query = "mutation ($email: String, $username: String, $password: String!) {
        register(email: $email, username: $username, password: $password, name: \"Jhon\") { id }
    }";
    let variables = json!({"email": email, "username": username, "password": PASSWORD});
    let answer = hasura.graphql(&[], query, variables).await;
    Registered {
        id: answer.data()["register"]["id"].as_str().unwrap().to_owned(),
        email: email.to_owned(),
        username: username.to_owned(),
    }
}
