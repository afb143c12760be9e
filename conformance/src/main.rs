//! The `halmark` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // ipmi_sim runs its chassis helper for every command, so that it must not wait for a command line to be understood.
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(halmark_conformance::CHASSIS_HELPER) {
        let rest: Vec<String> = arguments.collect();
        return ExitCode::from(
            u8::try_from(halmark_simulators::openipmi::chassis_helper(&rest)).unwrap_or(1),
        );
    }
    ExitCode::from(halmark_conformance::cli::main(std::env::args_os()))
}
