//! Completions for shells and man pages, both out of the one description of the command line.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::exit;
use crate::cli::{Args, print, usage};

/// `halmark completions SHELL`.
pub(in crate::cli) fn completions(shell: Shell) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "halmark", &mut script);
    print(&String::from_utf8_lossy(&script));
    exit::DONE
}

/// `halmark man DIR`: a page for each command that is not hidden.
pub(in crate::cli) fn pages(folder: &Path) -> u8 {
    let written =
        std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Args::command(), folder));
    match written {
        Ok(()) => exit::DONE,
        Err(error) => usage(format!("man pages cannot be written to {}: {error}", folder.display())),
    }
}
