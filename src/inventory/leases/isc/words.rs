//! A lease file of ISC dhcpd as words, with their lines.

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A bare word.
    Word,
    /// A text in quotes.
    Text,
    /// A text whose quote is not closed in its line.
    Unclosed,
    /// `{`
    Open,
    /// `}`
    Close,
    /// `;`
    Semicolon,
}

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The line, from 1.
    pub(super) line: usize,
    /// Whether it is the first of its line.
    pub(super) begins_line: bool,
    /// What it is.
    pub(super) mark: Mark,
    /// Its bytes; of a text, what is meant by its escapes.
    pub(super) bytes: Vec<u8>,
}

impl Word {
    /// Whether it is this bare word.
    pub(super) fn is(&self, word: &str) -> bool {
        self.mark == Mark::Word && self.bytes == word.as_bytes()
    }

    /// Whether a statement may begin with it.
    pub(super) fn is_keyword(&self) -> bool {
        self.mark == Mark::Word
            && self.bytes.iter().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.'))
    }

    /// It as text; bytes that are none are replaced.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// The words of a file. A text ends with its line at the latest: the servers write a newline in it as `\012`.
pub(super) fn words(file: &[u8]) -> Vec<Word> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let mut words = Vec::new();
    for (number, line) in file.split(|byte| *byte == b'\n').enumerate() {
        let mut rest = line;
        let mut begins_line = true;
        while let Some((mark, bytes, after)) = word(rest) {
            words.push(Word { line: number + 1, begins_line, mark, bytes });
            (rest, begins_line) = (after, false);
        }
    }
    words
}

/// The first word of what is left of a line, and what is left after it.
fn word(line: &[u8]) -> Option<(Mark, Vec<u8>, &[u8])> {
    let from = line.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let line = &line[from..];
    match line[0] {
        b'#' => None,
        b'{' => Some((Mark::Open, Vec::new(), &line[1..])),
        b'}' => Some((Mark::Close, Vec::new(), &line[1..])),
        b';' => Some((Mark::Semicolon, Vec::new(), &line[1..])),
        b'"' => Some(text(&line[1..])),
        _ => {
            let ends =
                |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'{' | b'}' | b';' | b'"' | b'#');
            let end = line.iter().position(ends).unwrap_or(line.len());
            Some((Mark::Word, line[..end].to_vec(), &line[end..]))
        }
    }
}

/// A text after its opening quote: `\"`, `\\`, and bytes as three octal digits.
fn text(line: &[u8]) -> (Mark, Vec<u8>, &[u8]) {
    let mut bytes = Vec::new();
    let mut rest = line;
    loop {
        match rest {
            [] => return (Mark::Unclosed, bytes, rest),
            [b'"', after @ ..] => return (Mark::Text, bytes, after),
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            [b'\\', escaped, after @ ..] | [escaped, after @ ..] => {
                bytes.push(*escaped);
                rest = after;
            }
        }
    }
}
