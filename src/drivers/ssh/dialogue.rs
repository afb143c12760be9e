//! What is said to a shell until it leads to the console, without a connection: bytes in, steps out.

use super::Shell;

/// So much is kept of what a shell says; a banner that is longer is no shell's.
const MOST: usize = 64 * 1024;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More has to be heard.
    Wait,
    /// This has to be said.
    Say(&'static str),
    /// The console has begun, and the host has said this.
    Open(Vec<u8>),
    /// The shell has said this instead, and waits for another command.
    Refused(String),
}

/// A talk with a shell.
#[derive(Debug)]
pub(super) struct Dialogue {
    shell: &'static Shell,
    has_asked: bool,
    heard: Vec<u8>,
}

impl Dialogue {
    pub(super) fn new(shell: &'static Shell) -> Self {
        Self { shell, has_asked: false, heard: Vec::new() }
    }

    /// Takes what the shell says.
    pub(super) fn heard(&mut self, bytes: &[u8]) -> Step {
        self.heard.extend_from_slice(bytes);
        let over = self.heard.len().saturating_sub(MOST);
        self.heard.drain(..over);
        if !self.has_asked {
            if !is_at_prompt(self.shell, &self.heard) {
                return Step::Wait;
            }
            self.has_asked = true;
            self.heard.clear();
            return Step::Say(self.shell.enter);
        }
        if let Some(at) = find(&self.heard, self.shell.entered.as_bytes()) {
            let rest = &self.heard[at..];
            return match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => Step::Open(rest[end + 1..].to_vec()),
                None => Step::Wait,
            };
        }
        // A prompt before the end of the line that was typed is the one that it was typed at.
        match self.heard.contains(&b'\n') && is_at_prompt(self.shell, &self.heard) {
            true => Step::Refused(self.answer()),
            false => Step::Wait,
        }
    }

    /// The end of what the shell has said.
    pub(super) fn last_words(&self) -> String {
        const ENOUGH: usize = 200;
        String::from_utf8_lossy(&self.heard[self.heard.len().saturating_sub(ENOUGH)..]).into_owned()
    }

    /// What the shell said between the echo of the command and its prompt.
    fn answer(&self) -> String {
        let text = String::from_utf8_lossy(&self.heard);
        let echo = self.shell.enter.trim();
        let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.pop();
        lines.retain(|line| !line.is_empty() && *line != echo);
        lines.join("\n")
    }
}

/// Whether what was said ends in a prompt, at the start of a line.
pub(super) fn is_at_prompt(shell: &Shell, heard: &[u8]) -> bool {
    ends_in(shell.prompts, heard)
}

/// The end of what a console says, as much as a prompt needs.
#[derive(Debug, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    /// So much of what comes last is looked at.
    const LENGTH: usize = 256;

    /// Takes what was said; whether the shell is at a prompt that no host has.
    pub(super) fn heard(&mut self, bytes: &[u8], shell: &Shell) -> bool {
        self.0.extend_from_slice(&bytes[bytes.len().saturating_sub(Self::LENGTH)..]);
        let over = self.0.len().saturating_sub(Self::LENGTH);
        self.0.drain(..over);
        self.0.contains(&b'\n') && ends_in(shell.own_prompts, &self.0)
    }
}

fn ends_in(prompts: &[&str], heard: &[u8]) -> bool {
    let line = heard.rsplit(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    let line = line.trim_ascii();
    // No prompt has a space in it; a sentence that ends in an arrow is none.
    !line.contains(&b' ') && prompts.iter().any(|prompt| line.ends_with(prompt.as_bytes()))
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len().max(1)).position(|part| part == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHELL: Shell = Shell {
        prompts: &["racadm>>", "->"],
        own_prompts: &["racadm>>"],
        enter: "console com2\r",
        entered: "To end type:",
        leave: 0x1C,
        exit: "exit\r",
        taken: &["in use"],
        denied: &["privilege"],
    };

    /// The steps that whole talks lead to, heard byte by byte.
    fn steps(talk: &str) -> Vec<Step> {
        let mut dialogue = Dialogue::new(&SHELL);
        talk.bytes().map(|byte| dialogue.heard(&[byte])).filter(|step| *step != Step::Wait).collect()
    }

    #[test]
    fn the_prompts_of_old_and_new_lead_to_the_console() {
        for prompt in ["racadm>>", "/admin1-> ", "\r\nWelcome -> here\r\n/admin1/system1-> "] {
            let talk =
                format!("{prompt}console com2\r\n\r\nConnected to Serial Device 2. To end type: ^\\\r\n");
            assert_eq!(steps(&talk), [Step::Say("console com2\r"), Step::Open(Vec::new())], "{prompt}");
        }
    }

    #[test]
    fn what_the_host_says_at_once_is_the_host_s() {
        let mut dialogue = Dialogue::new(&SHELL);
        dialogue.heard(b"racadm>>");
        let step = dialogue.heard(b"Connected to Serial Device 2. To end type: ^\\\r\nlogin: ");
        assert_eq!(step, Step::Open(b"login: ".to_vec()));
    }

    #[test]
    fn a_shell_that_says_no_is_back_at_its_prompt() {
        let steps = steps("racadm>>console com2\r\nERROR: in use by another session\r\nracadm>>");
        assert_eq!(steps[1], Step::Refused("ERROR: in use by another session".to_owned()));
    }

    #[test]
    fn a_prompt_that_no_host_has_ends_the_console() {
        let ended = |said: &str| {
            let mut tail = Tail::default();
            said.as_bytes().iter().filter(|byte| tail.heard(&[**byte], &SHELL)).count()
        };
        assert_eq!(ended("closed by another session\r\nracadm>>"), 1);
        assert_eq!(ended("\r\nmysql-> \r\n> echo racadm>>\r\nracadm>"), 0);
        let mut tail = Tail::default();
        assert!(!tail.heard(&[b'x'; 1000], &SHELL) && tail.heard(b"\r\nracadm>>", &SHELL));
    }

    #[test]
    fn a_prompt_that_is_drawn_again_is_no_answer() {
        let drawn = "racadm>>\rracadm>>console com2\r\nTo end type: ^\\\r\n";
        assert_eq!(steps(drawn), [Step::Say("console com2\r"), Step::Open(Vec::new())]);
    }

    #[test]
    fn a_shell_that_never_ends_its_banner_is_not_kept_whole() {
        let mut dialogue = Dialogue::new(&SHELL);
        for _ in 0..100 {
            assert_eq!(dialogue.heard(&[b'x'; 4096]), Step::Wait);
        }
        assert!(dialogue.heard.len() <= MOST);
    }
}
