//! Passwords: hashed with argon2id, a few at a time, and never faster for an address that does not exist.

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash};
use tokio::sync::Semaphore;

use crate::chance::Rng;

/// Characters of a password that is accepted.
const CHARS_MIN: usize = 10;
/// Bytes of a password that is looked at: hashing more is work for whoever sends it for nothing.
const BYTES_MAX: usize = 1024;
/// Each hash fills 19 MiB; so many at a time.
const AT_A_TIME: usize = 2;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Too short.
    #[error("a password needs at least {CHARS_MIN} characters")]
    Short,
    /// Too long.
    #[error("a password may have at most {BYTES_MAX} bytes")]
    Long,
    /// Hashing failed.
    #[error("the password could not be hashed")]
    Hash,
}

/// Checks passwords, with a bound on the memory that it takes.
#[derive(Debug)]
pub struct Passwords {
    turns: Semaphore,
    salt: [u8; 16],
}

impl Passwords {
    pub(crate) fn new(rng: &Rng) -> Self {
        Self { turns: Semaphore::new(AT_A_TIME), salt: rng.bytes() }
    }

    /// Whether `password` is the one of `known`, a PHC string. Without one the answer is no, and takes as long.
    pub(crate) async fn check(&self, password: String, known: Option<String>) -> bool {
        if password.len() > BYTES_MAX {
            return false;
        }
        let Ok(_turn) = self.turns.acquire().await else { return false };
        let salt = self.salt;
        let check = move || match known.as_deref().map(PasswordHash::new) {
            Some(Ok(known)) => Argon2::default().verify_password(password.as_bytes(), &known).is_ok(),
            _ => Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).is_err(),
        };
        tokio::task::spawn_blocking(check).await.unwrap_or(false)
    }
}

/// The PHC string (argon2id, 19 MiB, two passes) that is kept instead of a password.
///
/// # Errors
/// It is too short or too long.
pub fn hash_password(password: &str, rng: &Rng) -> Result<String, PasswordFault> {
    if password.chars().count() < CHARS_MIN {
        return Err(PasswordFault::Short);
    }
    if password.len() > BYTES_MAX {
        return Err(PasswordFault::Long);
    }
    let hash = Argon2::default().hash_password_with_salt(password.as_bytes(), &rng.bytes::<16>());
    Ok(hash.map_err(|_| PasswordFault::Hash)?.to_string())
}

/// A password of 100 random bits that can be read aloud: `k3vq-8mzd-x2ht-p7wr-c4nj`.
#[must_use]
pub fn make_password(rng: &Rng) -> String {
    // 32 letters and digits without look-alikes: five bits each, without bias.
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let letters = rng.bytes::<20>().map(|byte| char::from(LETTERS[usize::from(byte & 31)]));
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rng() -> Rng {
        Rng::new(|bytes| bytes.fill(0xa7))
    }

    #[tokio::test]
    async fn only_the_right_password_is_the_right_one() {
        let hash = hash_password("correct horse", &rng()).unwrap();
        let passwords = Passwords::new(&rng());
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.check("correct horse".into(), Some(hash.clone())).await);
        assert!(!passwords.check("wrong horse!".into(), Some(hash)).await);
        assert!(!passwords.check("correct horse".into(), None).await);
        assert!(!passwords.check("correct horse".into(), Some("nonsense".into())).await);
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert_eq!(hash_password("short", &rng()), Err(PasswordFault::Short));
        assert_eq!(hash_password(&"x".repeat(BYTES_MAX + 1), &rng()), Err(PasswordFault::Long));
    }

    #[test]
    fn generated_password_is_accepted_and_readable() {
        let password = make_password(&rng());
        assert_eq!(password.len(), 24);
        assert!(hash_password(&password, &rng()).is_ok());
    }
}
