//! Refresh tokens: what a client holds, what the database holds, and how one follows another.
//!
//! A token is a version-4 UUID. Only its SHA-256 reaches the database, and the type system sees to
//! it: [`TokenHash`] goes into SQL, [`RefreshToken`] does not. The successor of a token is derived
//! from the token itself and a salt, so that everybody who holds the predecessor while its grace
//! time lasts gets the same successor, and the database alone yields neither. The salts of several
//! rotations lead from a token to the newest one.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::entropy::Entropy;
use crate::secret::Disclosed;

/// A refresh token in clear: 122 random bits, shown to its owner once.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RefreshToken([u8; 16]);

/// The SHA-256 of a refresh token's 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

/// What a successor was derived with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl RefreshToken {
    /// The first token of a session.
    pub fn draw(entropy: &Entropy) -> Self {
        Self(entropy.uuid().into_bytes())
    }

    /// Reads what a client presents: a UUID in its hyphenated form, of any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        // Uuid::parse_str also takes braces, URNs and bare hex: one spelling is enough.
        (text.len() == 36)
            .then(|| Uuid::parse_str(text).ok())
            .flatten()
            .map(|id| Self(id.into_bytes()))
    }

    /// What the database knows the token by.
    pub fn hash(&self) -> TokenHash {
        let digest = digest::digest(&digest::SHA256, &self.0);
        TokenHash(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    /// The token that follows this one when `salt` won: HMAC-SHA256 with this token as the key, cut
    /// and marked as a version-4 UUID.
    pub fn successor(&self, salt: Salt) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), &salt.0);
        let head: [u8; 16] = tag.as_ref()[..16].try_into().expect("the tag has 32 bytes");
        Self(uuid::Builder::from_random_bytes(head).into_uuid().into_bytes())
    }

    /// The token that follows this one when these salts won, the last of them first.
    pub fn descendant(&self, salts: &[Salt]) -> Self {
        salts
            .iter()
            .rev()
            .fold(self.clone(), |token, salt| token.successor(*salt))
    }

    /// The token as the id of a JWT, where a document has one token for both purposes.
    pub fn as_token_id(&self) -> Uuid {
        Uuid::from_bytes(self.0)
    }

    /// The token as its owner receives it.
    pub fn reveal(&self) -> Disclosed {
        Disclosed::new(Uuid::from_bytes(self.0).hyphenated().to_string())
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(***)")
    }
}

impl TokenHash {
    /// For SQL.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Salt {
    /// A fresh one.
    pub fn draw(entropy: &Entropy) -> Self {
        Self(entropy.bytes())
    }

    /// One that the database kept; `None` unless it has 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// For SQL.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_depends_on_the_token_and_on_the_salt_and_is_a_version_4_uuid() {
        let entropy = Entropy::system();
        let (first, other) = (RefreshToken::draw(&entropy), RefreshToken::draw(&entropy));
        let (salt, fresh) = (Salt::draw(&entropy), Salt::draw(&entropy));
        let next = first.successor(salt);
        assert_eq!(next, first.successor(salt));
        assert_ne!(next, first.successor(fresh));
        assert_ne!(next, other.successor(salt));
        let id = Uuid::parse_str(next.reveal().as_str()).unwrap();
        assert_eq!(
            (id.get_version_num(), id.get_variant()),
            (4, uuid::Variant::RFC4122)
        );
    }

    #[test]
    fn salts_lead_from_a_token_over_each_of_its_successors_to_the_newest() {
        let entropy = Entropy::system();
        let token = RefreshToken::draw(&entropy);
        let salts = [(); 3].map(|()| Salt::draw(&entropy));
        let [last, middle, first] = salts;
        let newest = token.successor(first).successor(middle).successor(last);
        assert_eq!(token.descendant(&salts), newest);
        assert_eq!(token.descendant(&[]), token);
    }

    #[test]
    fn the_derivation_never_changes_or_a_rolling_update_would_sign_people_out() {
        let token = RefreshToken::parse("d1789988-2406-4937-bc3d-2f9e039e7e1b").unwrap();
        let next = token.successor(Salt([7; 32]));
        assert_eq!(next.reveal().as_str(), "cace9d27-5a30-4f5e-91d0-4d84afefd544");
        assert_eq!(
            hex::encode(token.hash().as_bytes()),
            "795b4038260d05c82523bd10f9b040832b2a9da8bb5fdc6ecd3d01308f86c6b6"
        );
    }

    #[test]
    fn only_the_hyphenated_form_is_a_token_and_debug_shows_none() {
        let text = "d1789988-2406-4937-bc3d-2f9e039e7e1b";
        let token = RefreshToken::parse(text).unwrap();
        assert_eq!(token.reveal().as_str(), text);
        assert_eq!(RefreshToken::parse(&text.to_uppercase()), Some(token.clone()));
        assert!(!format!("{token:?}").contains("d178"));
        for bad in [
            "",
            "x",
            "{d1789988-2406-4937-bc3d-2f9e039e7e1b}",
            "d178998824064937bc3d2f9e039e7e1b",
            "'; drop table x; --",
        ] {
            assert_eq!(RefreshToken::parse(bad), None, "{bad}");
        }
    }
}
