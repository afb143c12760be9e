//! What the tests of the judge share: the binary, a folder of their own, and the ground of a campaign.
#![allow(dead_code, reason = "every test binary uses a part of it")]

pub(crate) mod served;
pub(crate) mod terminal;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use halmark_conformance::{campaign::Ground, suite::Suite};

/// The `halmark` binary under test.
pub(crate) const HALMARK: &str = env!("CARGO_BIN_EXE_halmark");

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// A fresh folder of that name.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

/// Runs `halmark` in a folder; no colours, no credentials from outside.
pub(crate) fn halmark(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("halmark starts")
}

/// The command, for tests that set more.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(HALMARK);
    command
        .args(arguments)
        .current_dir(folder)
        .env_remove("HALMARK_USER")
        .env_remove("HALMARK_PASSWORD")
        .env("NO_COLOR", "1");
    command
}

/// What was printed, both streams, with everything that differs from run to run put out of it.
pub(crate) fn told(output: &Output) -> String {
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}exit {}\n", tidy(&text), output.status.code().unwrap_or(-1))
}

/// Times, ports, digests and version numbers as words.
pub(crate) fn tidy(text: &str) -> String {
    let rules = [
        (r"\d+(\.\d+)? m?s\b", "TIME"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"suite [0-9a-f]{12}", "suite DIGEST"),
        (r" +TIME", " TIME"),
        (r"\d+ datagrams?", "N datagrams"),
    ];
    rules.iter().fold(text.to_owned(), |text, (rule, word)| {
        regex_lite::Regex::new(rule).expect("the rule is valid").replace_all(&text, *word).into_owned()
    })
}

/// The ground of a campaign with that seed.
pub(crate) fn ground(seed: u64) -> Ground {
    let suite = Suite::embedded(seed).unwrap_or_else(|e| panic!("the suite is good: {e}"));
    Ground { suite, seed, helper: PathBuf::from(HALMARK), jobs: 16 }
}

/// Fails with advice where a program that the tests need is missing.
pub(crate) fn need(program: &str, package: &str) {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()));
    assert!(found, "this test needs the real {program}: on Debian, apt-get install {package}");
}
