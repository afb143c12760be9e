//! The `halmark` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // ipmi_sim runs its chassis helper for every command, so that it must not wait for a command line to be understood.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == halmark_conformance::CHASSIS_HELPER) {
        let rest: Vec<String> = arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
        return ExitCode::from(
            u8::try_from(halmark_simulators::openipmi::chassis_helper(&rest)).unwrap_or(1),
        );
    }
    ExitCode::from(halmark_conformance::cli::main(std::env::args_os()))
}
