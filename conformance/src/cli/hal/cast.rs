//! What the host said, kept in a file: an asciicast (version 2) that `asciinema play` shows, or the bytes as they came.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use serde_json::json;
use tokio::time::Instant;

/// A recording under way. What was typed is not in it, but for what the host echoes.
#[derive(Debug)]
pub(in crate::cli) struct Recording {
    file: File,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Plain,
    Cast {
        began: Instant,
        /// The beginning of a character whose end has not come yet.
        rest: Vec<u8>,
    },
}

impl Recording {
    /// A recording in a new file, which is its owner's alone: consoles show secrets. Nothing is written over.
    pub(in crate::cli) fn new(path: &Path, columns: u16, rows: u16) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        if path.extension().is_none_or(|it| it != "cast") {
            return Ok(Self { file, form: Form::Plain });
        }
        writeln!(file, "{}", json!({"version": 2, "width": columns, "height": rows}))?;
        Ok(Self { file, form: Form::Cast { began: Instant::now(), rest: Vec::new() } })
    }

    /// Keeps what the host said now.
    pub(in crate::cli) fn keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.form {
            Form::Plain => self.file.write_all(bytes),
            Form::Cast { began, rest } => {
                rest.extend_from_slice(bytes);
                let text = whole_characters(rest);
                if text.is_empty() {
                    return Ok(());
                }
                let at = began.elapsed().as_micros() as f64 / 1e6;
                writeln!(self.file, "{}", json!([at, "o", text]))
            }
        }
    }
}

/// Takes what can be read as text out of `bytes`; the beginning of a character stays until its end has come.
fn whole_characters(bytes: &mut Vec<u8>) -> String {
    let mut begun = 0;
    if let Some(chunk) = bytes.utf8_chunks().last() {
        let invalid = chunk.invalid();
        let could_go_on =
            |more: &[u8]| std::str::from_utf8(more).is_err_and(|error| error.error_len().is_none());
        if !invalid.is_empty() && could_go_on(invalid) {
            begun = invalid.len();
        }
    }
    let rest = bytes.split_off(bytes.len() - begun);
    let text = String::from_utf8_lossy(bytes).into_owned();
    *bytes = rest;
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_comes_in_two_parts_is_kept_whole() {
        let mut bytes = b"a\xc3".to_vec();
        assert_eq!(whole_characters(&mut bytes), "a");
        bytes.push(0xA4);
        assert_eq!(whole_characters(&mut bytes), "\u{e4}");
        bytes.extend(b"\xff!");
        assert_eq!(whole_characters(&mut bytes), "\u{fffd}!");
        assert!(bytes.is_empty());
    }
}
