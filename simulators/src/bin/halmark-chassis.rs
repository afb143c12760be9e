//! The chassis helper alone, for the tests of this package; elsewhere it is a hidden subcommand of `halmark`.

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    std::process::exit(halmark_simulators::openipmi::chassis_helper(&args));
}
