//! stub until merge
use crate::clock::Clock;
#[derive(Clone, Debug, Default)]
pub struct Environment;
impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(_: I) -> Self {
        Self
    }
}
#[derive(Debug)]
pub struct Config;
impl Config {
    pub fn read(_: &Environment) -> Result<Self, Vec<String>> {
        Ok(Self)
    }
}
#[derive(Debug)]
pub struct Engine;
impl Engine {
    pub async fn start(_: Config, _: Environment, _: Clock) -> Result<Self, std::io::Error> {
        Ok(Self)
    }
    pub fn router(&self) -> axum::Router {
        axum::Router::new()
    }
    pub fn inconsistencies(&self) -> &[String] {
        &[]
    }
}
