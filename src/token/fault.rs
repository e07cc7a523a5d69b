//! What can be wrong with an access token. It judges nothing; `verifier` does.

/// Why a token is not good. For the log and for operators; whoever sent it learns only that it is
/// `token_invalid`. Nothing of the token is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Over 8 KiB.
    #[error("the token is longer than any of ours")]
    TooLong,
    /// Not three parts of base64url with a header that JOSE knows; also an unknown `alg`.
    #[error("the token cannot be read")]
    Malformed,
    /// RFC 7515 section 4.1.11: what is critical and not understood must be refused.
    #[error("the header marks something as critical")]
    Critical,
    /// `jku`, `jwk`, `x5u`, `x5c` or a certificate's thumbprint.
    #[error("the header brings a key or the address of one")]
    BringsKey,
    /// Not `at+jwt`.
    #[error("the type is not at+jwt")]
    Type,
    /// A kid that no key has, or none where there must be one.
    #[error("no key of ours has the token's kid")]
    UnknownKey,
    /// The key is no longer published.
    #[error("the key of the token was retired")]
    RetiredKey,
    /// The header's `alg` is not the key's.
    #[error("the algorithm is not that of the key")]
    Algorithm,
    /// The header holds more than `typ`, `alg` and `kid`.
    #[error("the header holds what none of ours does")]
    Header,
    /// The signature is not the key's.
    #[error("the signature is wrong")]
    Signature,
    /// A claim is absent, twice there, or of another type.
    #[error("the claims are not those of an access token")]
    Claims,
    /// `iss`.
    #[error("the issuer is another")]
    Issuer,
    /// `aud`.
    #[error("the audience is another")]
    Audience,
    /// `exp`.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat`.
    #[error("the token is from the future")]
    Future,
    /// A token that an operator minted without a session.
    #[error("the token belongs to no session")]
    NoSession,
}

impl TokenFault {
    /// The frozen code that whoever sent the token gets, whatever the fault.
    pub const CODE: &'static str = "token_invalid";
}
