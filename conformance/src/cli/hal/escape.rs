//! What a person types that is not for the host: `~.` and its like at the start of a line, as ssh and ipmitool have it.

/// What is to be done with what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Key {
    /// These bytes are for the host.
    Host(Vec<u8>),
    /// A break is for the host.
    Break,
    /// The person wants to know the escapes.
    Help,
    /// The person wants to leave.
    End,
}

/// Reads what is typed.
#[derive(Debug)]
pub(in crate::cli) struct Escape(Place);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Within,
    Tilde,
}

impl Escape {
    /// At the start of a line.
    pub(in crate::cli) fn new() -> Self {
        Self(Place::Start)
    }

    /// What these bytes ask for, in order.
    pub(in crate::cli) fn read(&mut self, typed: &[u8]) -> Vec<Key> {
        let mut keys = Vec::new();
        for byte in typed {
            match (self.0, *byte) {
                (Place::Start, b'~') => self.0 = Place::Tilde,
                (Place::Tilde, b'.') => keys.push(Key::End),
                (Place::Tilde, b'B') => keys.push(self.after(Key::Break)),
                (Place::Tilde, b'?') => keys.push(self.after(Key::Help)),
                (Place::Tilde, b'~') => self.host(&mut keys, b"~"),
                (Place::Tilde, byte) => self.host(&mut keys, &[b'~', byte]),
                (_, byte) => self.host(&mut keys, &[byte]),
            }
        }
        keys
    }

    fn after(&mut self, key: Key) -> Key {
        self.0 = Place::Start;
        key
    }

    fn host(&mut self, keys: &mut Vec<Key>, bytes: &[u8]) {
        let ends_line = matches!(bytes.last(), Some(b'\r' | b'\n'));
        self.0 = if ends_line { Place::Start } else { Place::Within };
        match keys.last_mut() {
            Some(Key::Host(before)) => before.extend_from_slice(bytes),
            _ => keys.push(Key::Host(bytes.to_vec())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Key {
        Key::Host(text.as_bytes().to_vec())
    }

    #[test]
    fn an_escape_counts_at_the_start_of_a_line_only() {
        assert_eq!(Escape::new().read(b"~."), [Key::End]);
        assert_eq!(Escape::new().read(b"ls\r~."), [host("ls\r"), Key::End]);
        assert_eq!(Escape::new().read(b"cd ~.\r"), [host("cd ~.\r")]);
    }

    #[test]
    fn a_tilde_waits_for_what_follows_and_is_not_lost() {
        let mut escape = Escape::new();
        assert_eq!(escape.read(b"~"), []);
        assert_eq!(escape.read(b"x"), [host("~x")]);
        assert_eq!(Escape::new().read(b"~~~"), [host("~~")]);
        assert_eq!(Escape::new().read(b"~B~?a"), [Key::Break, Key::Help, host("a")]);
    }
}
