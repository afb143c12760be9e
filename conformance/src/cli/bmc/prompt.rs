//! Asks a person at a terminal for a password, which is not shown while it is typed.

use std::io;

use rustix::{
    stdio,
    termios::{OptionalActions, Termios, tcgetattr, tcsetattr},
};

use crate::cli::{complain, hal::exit, usage};

/// Backspace, as terminals send it.
const RUBOUT: [u8; 2] = [0x08, 0x7f];
const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const CTRL_U: u8 = 0x15;

/// The password that a person types; the exit code where they leave.
pub(super) fn password(question: &str) -> Result<String, u8> {
    complain(question);
    let typed = Silent::take().and_then(|_silent| line(io::stdin().lock()));
    complain("\n");
    match typed {
        Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| usage("the password is no text")),
        Ok(None) => Err(exit::INTERRUPTED),
        Err(error) => Err(usage(format!("no password can be asked for here: {error}"))),
    }
}

/// The keys up to the end of the line, as they were meant; `None` where the person left.
fn line(keys: impl io::BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    for key in keys.bytes() {
        match key? {
            b'\r' | b'\n' => return Ok(Some(line)),
            CTRL_C => return Ok(None),
            CTRL_D if line.is_empty() => return Ok(None),
            CTRL_D => return Ok(Some(line)),
            CTRL_U => line.clear(),
            key if RUBOUT.contains(&key) => {
                // A letter of several bytes goes at once.
                while line.pop().is_some_and(|it| it & 0xc0 == 0x80) {}
            }
            key => line.push(key),
        }
    }
    Ok(Some(line))
}

/// The terminal without echo and signals, as long as this is there: whatever ends the question sets it back.
struct Silent(Termios);

impl Silent {
    fn take() -> io::Result<Self> {
        let before = tcgetattr(stdio::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdio::stdin(), OptionalActions::Flush, &raw)?;
        Ok(Self(before))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // There is nothing left to do for a terminal that has gone.
        let _ = tcsetattr(stdio::stdin(), OptionalActions::Drain, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_as_they_are_meant() {
        for (keys, meant) in [
            (&b"secret\rmore"[..], Some("secret")),
            (b"secrat\x7f\x7fet\n", Some("secret")),
            (b"wrong\x15right\r", Some("right")),
            ("pä\u{7f}a\r".as_bytes(), Some("pa")),
            (b"\x7fa\r", Some("a")),
            (b"abc\x03", None),
            (b"\x04", None),
            (b"abc\x04", Some("abc")),
            (b"abc", Some("abc")),
        ] {
            let typed = line(keys).unwrap();
            assert_eq!(typed.as_deref(), meant.map(str::as_bytes), "{keys:?}");
        }
    }
}
