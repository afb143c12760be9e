//! The `halmark` command.
fn main() {}
