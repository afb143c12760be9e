//! Where a password comes from: the argument that others can read, a file, the environment, or a person at a terminal.

use std::{io::IsTerminal as _, path::Path};

use halmark::Secret;

use super::prompt;
use crate::cli::{complain, credentials, usage};

/// The places of one password, the first that has it first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Places<'a> {
    /// What was given openly, by the option `--ipmi-password` or its like.
    pub(super) argument: Option<(&'static str, &'a str)>,
    /// The option for a file.
    pub(super) by_file: &'static str,
    /// A file with it in its first line; `-` is standard input.
    pub(super) file: Option<&'a Path>,
    /// A variable of the environment.
    pub(super) variable: &'static str,
}

impl Places<'_> {
    /// The password, where it was given in one of these.
    pub(super) fn given(&self) -> Result<Option<Secret>, u8> {
        if let Some((option, password)) = self.argument {
            complain(&format!(
                "warning: a password given by {option} can be read by others on this machine, and stays in the shell's \
                 history; {} or {} hides it\n",
                self.by_file, self.variable
            ));
            return not_empty(password.to_owned()).map(Some);
        }
        match self.file {
            Some(file) => credentials::first_line(file).and_then(not_empty).map(Some),
            None => std::env::var(self.variable).ok().map(not_empty).transpose(),
        }
    }

    /// The password, asked for where it was not given; `of` says whose it is.
    pub(super) fn asked(&self, of: &str) -> Result<Secret, u8> {
        if let Some(password) = self.given()? {
            return Ok(password);
        }
        if !std::io::stdin().is_terminal() {
            return Err(usage(format!(
                "no password for {of}: set {} or give {} FILE",
                self.variable, self.by_file
            )));
        }
        prompt::password(&format!("password for {of}: ")).and_then(not_empty)
    }
}

fn not_empty(password: String) -> Result<Secret, u8> {
    if password.is_empty() { Err(usage("the password is empty")) } else { Ok(Secret::new(password)) }
}

/// Standard input can be read once.
pub(super) fn one_reader(files: &[Option<&Path>]) -> Result<(), u8> {
    match files.iter().filter(|it| **it == Some(Path::new("-"))).count() {
        0 | 1 => Ok(()),
        _ => Err(usage("standard input can be read for one password only: give a file for the other")),
    }
}
