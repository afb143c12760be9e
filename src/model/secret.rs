//! What never prints.

use std::fmt;

use zeroize::Zeroizing;

/// A value that never prints. Memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes a secret in.
    pub fn new(secret: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The secret itself, for the wire only.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// The secret as text, for protocols that carry text; lossy for what is not UTF-8.
    pub fn reveal_text(&self) -> Zeroizing<String> {
        Zeroizing::new(String::from_utf8_lossy(&self.0).into_owned())
    }

    /// What somebody said, without the secret, should it be said there.
    pub(crate) fn hidden_in(&self, said: &str) -> String {
        let secret = self.reveal_text();
        if secret.is_empty() { said.to_owned() } else { said.replace(secret.as_str(), "…") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_said_back_is_not_told() {
        assert_eq!(Secret::new("calvin").hidden_in("no such user: calvin"), "no such user: …");
        assert_eq!(Secret::new("").hidden_in("no"), "no");
    }
}
