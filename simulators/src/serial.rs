//! The host's serial port: who has it, what comes out of it, and what the host makes of what is typed: POST, a boot, and a shell
//! that echoes. Every face that has a console has this one.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::{bmc::Bmc, machine::Host};

const PROMPT: &str = "sim login: root\r\nroot@sim:~# ";

/// The port, which one session has at a time, through whichever face.
#[derive(Debug, Default)]
pub(crate) struct Port(Arc<AtomicBool>);

/// The port, while somebody has it; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Taken(Arc<AtomicBool>);

impl Port {
    /// Takes it, unless somebody has it.
    pub(crate) fn take(&self) -> Option<Taken> {
        (!self.0.swap(true, Ordering::Relaxed)).then(|| Taken(self.0.clone()))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// What the host has written since the first `seen` events of the machine, which then are all of them.
pub(crate) fn written(terminal: &mut Terminal, bmc: &Bmc, seen: &mut usize) -> String {
    let (events, model) = bmc.with(|firmware, _| {
        let machine = &firmware.machine;
        let new: Vec<_> = machine.events_from(*seen).iter().map(|it| it.name.clone()).collect();
        *seen = machine.event_count();
        (new, machine.id().model.clone())
    });
    events.iter().map(|name| terminal.event(name, &model)).collect()
}

/// The host at the other end of the serial line.
#[derive(Debug, Default)]
pub(crate) struct Terminal {
    line: Vec<u8>,
}

impl Terminal {
    /// What the host writes when this happens to it (the words of the machine's log).
    fn event(&mut self, name: &str, model: &str) -> String {
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
    pub(crate) fn typed(&mut self, bytes: &[u8], host: Host) -> Vec<u8> {
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
    pub(crate) fn break_(host: Host) -> &'static str {
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

    #[test]
    fn one_has_the_port_until_he_gives_it_up() {
        let port = Port::default();
        let taken = port.take();
        assert!(taken.is_some() && port.take().is_none());
        drop(taken);
        assert!(port.take().is_some());
    }
}
