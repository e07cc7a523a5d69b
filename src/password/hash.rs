//! The hash of a password: the text that is kept, how it is made and how a password is held against it.
//! Everything here takes tens of milliseconds of a core; [`Hashers`](super::Hashers) says where.

use std::fmt;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time;

use super::Password;
use crate::entropy::Entropy;

/// What a hash costs: memory and passes over it, in one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    kib: u32,
    passes: u32,
}

/// What is kept of a password: argon2 with its parameters, salt and output, as a PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// The text is no argon2 hash that this service would compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is no argon2 hash in PHC form, or it costs too much")]
pub struct HashUnreadable;

impl Cost {
    /// 19 MiB, two passes: one of the equivalent choices of OWASP's Password Storage Cheat Sheet and of
    /// ASVS 5.0, appendix C. It is the one with the least memory of those below three passes, and memory
    /// is what many log-ins at once run out of.
    pub const OWASP: Self = Self {
        kib: 19 * 1024,
        passes: 2,
    };

    /// The most memory that a stored hash may ask for.
    const MOST_KIB: u32 = 256 * 1024;

    /// The most passes that a stored hash may ask for.
    const MOST_PASSES: u32 = 16;

    /// `passes` over `kib` KiB; `None` below what argon2 can do, and above 256 MiB or 16 passes.
    ///
    /// Less than [`Cost::OWASP`] is for tests, and for hashes that others made.
    pub fn new(kib: u32, passes: u32) -> Option<Self> {
        ((Params::MIN_M_COST..=Self::MOST_KIB).contains(&kib)
            && (Params::MIN_T_COST..=Self::MOST_PASSES).contains(&passes))
        .then_some(Self { kib, passes })
    }

    fn params(self) -> Params {
        Params::new(self.kib, self.passes, LANES, Some(OUTPUT)).expect("Cost::new knows argon2's bounds")
    }
}

/// Bytes of salt in a new hash.
pub(super) const SALT: usize = 16;

/// Bytes of output in a new hash.
const OUTPUT: usize = 32;

/// Lanes of a new hash. More would be computed one after the other here.
const LANES: u32 = 1;

/// The most lanes that a stored hash may ask for.
const MOST_LANES: u32 = 16;

/// The least output of a stored hash: shorter ones match by chance, or were cut off.
const LEAST_OUTPUT: usize = 16;

impl PasswordHash {
    /// Reads a hash that came from elsewhere, for example from another system.
    ///
    /// # Errors
    /// When no password would ever match it.
    pub fn parse(text: &str) -> Result<Self, HashUnreadable> {
        Recipe::read(text).map(|_| Self(text.to_owned()))
    }

    /// Takes what a row holds, unjudged. [`Hashers::verify`](super::Hashers::verify) judges it, behind as
    /// much work as for any other, so that nobody outside can tell a damaged row.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// Hashes `password`.
    ///
    /// # Errors
    /// When there is no memory left.
    pub(super) fn make(password: &Password, cost: Cost, salt: &[u8; SALT]) -> Result<Self, argon2::Error> {
        let params = cost.params();
        let mut output = [0; OUTPUT];
        let text = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: phc::ParamsString::try_from(&params).expect("three numbers fit"),
            salt: Some(phc::Salt::new(salt).expect("16 bytes are a salt")),
            hash: {
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                    password.expose().as_bytes(),
                    salt,
                    &mut output,
                )?;
                Some(phc::Output::new(&output).expect("32 bytes are an output"))
            },
        };
        Ok(Self(text.to_string()))
    }

    /// The PHC string, for SQL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(***)")
    }
}

/// A hash, read: all that is needed to hold a password against it.
pub(super) struct Recipe {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl Recipe {
    /// # Errors
    /// When it is no argon2 hash, or asks for more than we give.
    pub(super) fn read(text: &str) -> Result<Self, HashUnreadable> {
        Self::try_read(text).ok_or(HashUnreadable)
    }

    fn try_read(text: &str) -> Option<Self> {
        let hash = phc::PasswordHash::new(text).ok()?;
        let params = Params::try_from(&hash).ok()?;
        Cost::new(params.m_cost(), params.t_cost())?;
        let output = hash.hash?.as_bytes().to_vec();
        if params.p_cost() > MOST_LANES || output.len() < LEAST_OUTPUT {
            return None;
        }
        // The first version wrote no version.
        let version = hash.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
        Some(Self {
            algorithm: Algorithm::new(hash.algorithm).ok()?,
            version,
            params,
            salt: hash.salt?.to_vec(),
            output,
        })
    }

    /// One that stands for nobody: random bytes where the output of a password would be, at `cost`.
    pub(super) fn dummy(cost: Cost, entropy: &Entropy) -> Self {
        Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: cost.params(),
            salt: entropy.bytes::<SALT>().to_vec(),
            output: entropy.bytes::<OUTPUT>().to_vec(),
        }
    }

    /// Whether `password` is the one, in the same time wherever the outputs differ.
    ///
    /// # Errors
    /// When there is no memory left.
    pub(super) fn matches(&self, password: &Password) -> Result<bool, argon2::Error> {
        let mut output = vec![0; self.output.len()];
        Argon2::new(self.algorithm, self.version, self.params.clone()).hash_password_into(
            password.expose().as_bytes(),
            &self.salt,
            &mut output,
        )?;
        Ok(constant_time::verify_slices_are_equal(&output, &self.output).is_ok())
    }

    /// Whether a hash made today, at `cost`, would be better.
    pub(super) fn is_outdated(&self, cost: Cost) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.m_cost() < cost.kib
            || self.params.t_cost() < cost.passes
    }
}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipe(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    /// From the test program of argon2's reference implementation, `src/test.c`.
    const REFERENCE: [&str; 3] = [
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    ];

    #[test]
    fn the_hashes_of_the_reference_implementation_match_their_password_and_no_other() {
        for text in REFERENCE {
            let recipe = Recipe::read(text).unwrap();
            assert!(recipe.matches(&password("password")).unwrap(), "{text}");
            assert!(!recipe.matches(&password("Password")).unwrap(), "{text}");
        }
    }

    #[test]
    fn a_new_hash_is_argon2id_at_the_cost_owasp_names_and_matches_its_password() {
        let secret = password("correct horse battery staple");
        let hash = PasswordHash::make(&secret, Cost::OWASP, &[7; SALT]).unwrap();
        let begin = "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$";
        assert!(hash.as_str().starts_with(begin), "{}", hash.as_str());
        assert_eq!(hash.as_str().len(), begin.len() + 43);
        let recipe = Recipe::read(hash.as_str()).unwrap();
        assert!(recipe.matches(&secret).unwrap());
        assert!(!recipe.is_outdated(Cost::OWASP));
    }

    #[test]
    fn a_hash_of_lower_cost_or_of_an_older_argon2_is_outdated() {
        let cost = Cost::new(256, 2).unwrap();
        let is_outdated = |text: &str| Recipe::read(text).unwrap().is_outdated(cost);
        assert!(!is_outdated(REFERENCE[0]));
        assert!(!is_outdated(&REFERENCE[0].replace("m=256,t=2", "m=512,t=3")));
        assert!(is_outdated(&REFERENCE[0].replace("m=256", "m=255")));
        assert!(is_outdated(&REFERENCE[0].replace("t=2", "t=1")));
        assert!(is_outdated(&REFERENCE[0].replace("argon2id", "argon2i")));
        assert!(is_outdated(&REFERENCE[0].replace("v=19", "v=16")));
        assert!(is_outdated(REFERENCE[2]));
    }

    #[test]
    fn what_is_no_hash_or_would_cost_too_much_is_not_read() {
        let good = REFERENCE[0];
        for bad in [
            "".to_owned(),
            "password".to_owned(),
            "$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m".to_owned(),
            good.replace("m=256", "m=262145"),
            good.replace("m=256", "m=4294967295"),
            good.replace("m=256", "m=4"),
            good.replace("t=2", "t=17"),
            good.replace("t=2", "t=0"),
            good.replace("p=1", "p=17"),
            good.replace("p=1", "p=16777215"),
            good.replace("v=19", "v=20"),
            good.replace("argon2id", "scrypt"),
            good.replace("$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", ""),
            good.replace(
                "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
                "nf65EOgLrQMR/uIPnA4r",
            ),
        ] {
            assert_eq!(PasswordHash::parse(&bad), Err(HashUnreadable), "{bad}");
        }
        assert_eq!(PasswordHash::parse(good).unwrap().as_str(), good);
    }

    #[test]
    fn debug_shows_no_hash() {
        let hash = PasswordHash::parse(REFERENCE[0]).unwrap();
        assert_eq!(format!("{hash:?}"), "PasswordHash(***)");
    }
}
