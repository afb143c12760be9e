//! What comes out of the host's serial port, and what it makes of what is typed: POST, a boot, and a shell that echoes.

use crate::machine::Host;

const PROMPT: &str = "sim login: root\r\nroot@sim:~# ";

/// The host at the other end of the serial line.
#[derive(Debug, Default)]
pub(super) struct Terminal {
    line: Vec<u8>,
}

impl Terminal {
    /// What the host writes when this happens to it (the words of the machine's log).
    pub(super) fn event(&mut self, name: &str, model: &str) -> String {
        match name.split_once(':').unwrap_or((name, "")) {
            ("host.post", _) => {
                self.line.clear();
                format!("\r\n{model}\r\nPOST: memory test passed\r\n")
            }
            ("host.boot", "bios") => "Entering Setup\r\n".to_owned(),
            ("host.boot", device) => format!("Booting from {device}\r\nLoading kernel\r\n"),
            ("host.os", _) => format!("\r\n{PROMPT}"),
            ("host.acpi-shutdown", _) => "\r\nThe system is going down\r\n".to_owned(),
            ("host.os-stopped", _) => "Power down\r\n".to_owned(),
            ("host.nmi", _) => "\r\nUhhuh. NMI received\r\n".to_owned(),
            _ => String::new(),
        }
    }

    /// What it answers to what is typed; only an operating system listens.
    pub(super) fn typed(&mut self, bytes: &[u8], host: Host) -> Vec<u8> {
        if host != Host::Os {
            return Vec::new();
        }
        let mut echo = Vec::with_capacity(bytes.len());
        for byte in bytes {
            match byte {
                b'\r' | b'\n' => {
                    let line = String::from_utf8_lossy(&self.line).into_owned();
                    self.line.clear();
                    echo.extend_from_slice(b"\r\n");
                    echo.extend_from_slice(said(&line).as_bytes());
                }
                0x7F | 0x08 if self.line.pop().is_some() => echo.extend_from_slice(b"\x08 \x08"),
                0x20..=0x7E if self.line.len() < LONGEST_LINE => {
                    self.line.push(*byte);
                    echo.push(*byte);
                }
                _ => {}
            }
        }
        echo
    }

    /// A break on the line: the magic key of Linux.
    pub(super) fn break_(host: Host) -> &'static str {
        if host == Host::Os { "\r\nsysrq: HELP\r\n" } else { "" }
    }
}

const LONGEST_LINE: usize = 255;

/// What a command line prints, and the next prompt.
fn said(line: &str) -> String {
    const NEXT: &str = "root@sim:~# ";
    match line.split_once(' ').unwrap_or((line, "")) {
        ("", _) => NEXT.to_owned(),
        ("echo", rest) => format!("{rest}\r\n{NEXT}"),
        ("uname", _) => format!("Linux\r\n{NEXT}"),
        (command, _) => format!("sh: {command}: not found\r\n{NEXT}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_echoes_and_answers() {
        let mut terminal = Terminal::default();
        assert_eq!(terminal.typed(b"ecXh", Host::Os), b"ecXh");
        assert_eq!(
            terminal.typed(b"\x7f\x7fho hi\r", Host::Os),
            b"\x08 \x08\x08 \x08ho hi\r\nhi\r\nroot@sim:~# "
        );
        assert!(terminal.typed(b"x", Host::Post).is_empty());
    }
}
