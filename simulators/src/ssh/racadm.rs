//! What an iDRAC says at its prompt: the line that is typed, the few words that it knows here, and how its console begins and
//! ends. What it says of the console was seen (`/admin1-> console com2`, iDRAC 6 to 9); what it says of everything else is made up.

/// The prompt of an iDRAC 9.
pub(super) const PROMPT: &str = "racadm>>";
/// What ends the console: Ctrl and backslash.
pub(super) const END: u8 = 0x1C;
/// How the console begins.
pub(super) const CONNECTED: &str = "\r\nConnected to Serial Device 2. To end type: ^\\\r\n";
/// What somebody hears who may not have the console.
pub(super) const DENIED: &str = "\r\nERROR: RAC985: the account does not have the privilege for this\r\n";
/// What somebody hears while another has the console.
pub(super) const IN_USE: &str = "\r\nERROR: the serial device is in use by another session\r\n";
/// The last word.
pub(super) const FAREWELL: &str = "\r\nCLP Session terminated\r\n";
const HELP: &str =
    "\r\nconsole com2   the host's serial console; ^\\ ends it\r\nexit           ends the session\r\n";
/// No line is longer.
const LONGEST: usize = 1024;

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The host's console.
    Console,
    /// To go.
    Exit,
    /// To be told this.
    Words(String),
}

/// The line that is being typed.
#[derive(Debug, Default)]
pub(super) struct Line(Vec<u8>);

impl Line {
    /// A character that was typed: what is echoed, and the line where it is at its end.
    pub(super) fn typed(&mut self, byte: u8) -> (Vec<u8>, Option<Asked>) {
        match byte {
            b'\r' | b'\n' => {
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.0)).into_owned();
                (b"\r\n".to_vec(), Some(asked(&line)))
            }
            0x7F | 0x08 if self.0.pop().is_some() => (b"\x08 \x08".to_vec(), None),
            0x20..=0x7E if self.0.len() < LONGEST => {
                self.0.push(byte);
                (vec![byte], None)
            }
            _ => (Vec::new(), None),
        }
    }
}

fn asked(line: &str) -> Asked {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [] => Asked::Words(String::new()),
        ["console", "com2"] => Asked::Console,
        ["exit" | "quit"] => Asked::Exit,
        ["help" | "?"] => Asked::Words(HELP.to_owned()),
        [word, ..] => Asked::Words(format!("\r\nERROR: {word} is not known here; help says what is\r\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> (String, Vec<Asked>) {
        let (mut line, mut echo, mut asked) = (Line::default(), Vec::new(), Vec::new());
        for byte in text.bytes() {
            let (new, end) = line.typed(byte);
            echo.extend(new);
            asked.extend(end);
        }
        (String::from_utf8(echo).unwrap(), asked)
    }

    #[test]
    fn a_line_is_echoed_and_understood_when_it_ends() {
        assert_eq!(typed("console com2\r"), ("console com2\r\n".to_owned(), vec![Asked::Console]));
        assert_eq!(typed("exix\x7ft\r").1, [Asked::Exit]);
        assert!(matches!(&typed("racadm getsel\r").1[..], [Asked::Words(words)] if words.contains("racadm")));
    }
}
