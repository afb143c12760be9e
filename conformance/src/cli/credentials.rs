//! Who a command logs in as: from the environment or a file, never from the command line alone.

use std::{fs, io, io::Read, path::Path};

use super::usage;

/// User and password as a command was given them; `besides` is what it takes in place of both, for the error.
pub(super) fn given(
    user: Option<&str>,
    password_file: Option<&Path>,
    besides: &str,
) -> Result<(String, String), u8> {
    let user = user.map(str::to_owned).or_else(|| std::env::var("HALMARK_USER").ok());
    let password = match password_file {
        Some(file) => Some(first_line(file)?),
        None => std::env::var("HALMARK_PASSWORD").ok(),
    };
    match (user, password) {
        (Some(user), Some(password)) => Ok((user, password)),
        (None, None) => Err(usage(format!(
            "no credentials: set HALMARK_USER and HALMARK_PASSWORD, or give --user and --password-file{besides}"
        ))),
        (Some(_), None) => Err(usage("no password: set HALMARK_PASSWORD or give --password-file")),
        (None, Some(_)) => Err(usage("no user: set HALMARK_USER or give --user")),
    }
}

/// The first line of a file; `-` is standard input.
pub(super) fn first_line(file: &Path) -> Result<String, u8> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        io::stdin().read_to_string(&mut text).map(drop)
    } else {
        fs::read_to_string(file).map(|read| text = read)
    };
    read.map_err(|e| usage(format!("{} cannot be read: {e}", file.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
