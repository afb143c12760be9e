//! The program that `ipmi_sim` runs to know or change the chassis: it asks the simulator over a Unix socket.
//!
//! It is run for every command, so it does next to nothing.

use std::{
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    time::Duration,
};

/// Between the words of a question.
pub(super) const SEPARATOR: char = '\u{1f}';

/// The helper's whole `main`: `SOCKET get power boot …`, `SOCKET set power 1`, `SOCKET check …`, and the same behind `lan`.
/// Returns the exit status: 0, or 1 where the answer is no.
pub fn chassis_helper(args: &[String]) -> i32 {
    match ask(args) {
        Ok(status) => status,
        Err(problem) => {
            let _ = writeln!(io::stderr(), "chassis helper: {problem}");
            1
        }
    }
}

fn ask(args: &[String]) -> io::Result<i32> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let (socket, question) = args.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut desk = UnixStream::connect(socket)?;
    desk.set_read_timeout(Some(PATIENCE))?;
    desk.write_all(question.join(&SEPARATOR.to_string()).as_bytes())?;
    desk.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    desk.read_to_string(&mut answer)?;
    let (status, output) = answer.split_once('\n').ok_or(io::ErrorKind::UnexpectedEof)?;
    io::stdout().write_all(output.as_bytes())?;
    Ok(i32::from(status != "ok"))
}
