//! Passwords that nobody has to think of.

use tokio_rustls::rustls::crypto::ring;

use crate::model::Secret;

/// Letters and digits without those that look alike (0 O, 1 I l): some BMCs take nothing else, and a person may have to type it.
const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

/// What IPMI v1.5 carries (16 bytes), and with it every BMC: 16 of 57 letters are 93 bits.
const LENGTH: usize = 16;

/// A random password of 16 letters and digits, at least one capital, one small letter and one digit among them, as BMCs with
/// rules for passwords demand. `None` where the system gives no random numbers.
pub fn random_password() -> Option<Secret> {
    let random = ring::default_provider().secure_random;
    let mut password = Vec::with_capacity(LENGTH);
    loop {
        let mut byte = [0];
        random.fill(&mut byte).ok()?;
        // Bytes past the last whole multiple would make some letters more likely than others.
        let fair = 256 - 256 % LETTERS.len();
        if usize::from(byte[0]) < fair {
            password.push(LETTERS[usize::from(byte[0]) % LETTERS.len()]);
        }
        if password.len() == LENGTH {
            let has = |kind: fn(&u8) -> bool| password.iter().any(kind);
            if has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit) {
                return Some(Secret::new(password));
            }
            password.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same_and_each_pleases_a_rule_for_passwords() {
        let passwords: Vec<Secret> = (0..200).map(|_| random_password().unwrap()).collect();
        for (at, password) in passwords.iter().enumerate() {
            let text = password.reveal_text();
            assert!(text.len() == 16 && text.bytes().all(|it| LETTERS.contains(&it)));
            assert!(
                text.bytes().any(|it| it.is_ascii_digit()) && text.bytes().any(|it| it.is_ascii_uppercase())
            );
            assert!(!passwords[..at].contains(password));
        }
    }
}
