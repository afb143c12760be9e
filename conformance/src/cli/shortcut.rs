//! The short ways into `halmark power`, which scripts call in a loop, and `halmark sim`, which tests wait for: describing the command
//! line to clap takes longer than reading it. Only what needs no thought is read here; anything else, and every mistake, is clap's
//! to read and to tell.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{Args as _, FromArgMatches as _};

use super::{
    args::{Power, PowerArg},
    hal::{Door, Form},
    sim::args::Sim,
};

/// Reads `sim …` with its own options alone described; `None` where it is another command, asks for help, or is a mistake.
pub(super) fn sim(arguments: &[OsString]) -> Option<Sim> {
    if arguments.first()? != "sim" {
        return None;
    }
    let matches = Sim::augment_args(clap::Command::new("sim")).try_get_matches_from(arguments).ok()?;
    Sim::from_arg_matches(&matches).ok()
}

/// Reads `power ACTION --name value …`, each option once; `None` where clap has to look.
pub(super) fn power(arguments: &[OsString]) -> Option<Power> {
    let mut words = arguments.iter().map(|word| word.to_str());
    let ("power", action) = (words.next()??, action(words.next()??)?) else { return None };
    let mut given = Given::default();
    while let Some(name) = words.next() {
        let place = given.place(name?)?;
        let value = words.next()??;
        if place.is_some() || value.is_empty() || value.starts_with('-') {
            return None;
        }
        *place = Some(value.to_owned());
    }
    given.power(action)
}

fn action(word: &str) -> Option<PowerArg> {
    Some(match word {
        "read" => PowerArg::Read,
        "on" => PowerArg::On,
        "off" => PowerArg::Off,
        "shutdown" => PowerArg::Shutdown,
        "cycle" => PowerArg::Cycle,
        "reset" => PowerArg::Reset,
        "nmi" => PowerArg::Nmi,
        _ => return None,
    })
}

/// What was given, as it was typed.
#[derive(Default)]
struct Given {
    endpoint: Option<String>,
    driver: Option<String>,
    user: Option<String>,
    password_file: Option<String>,
    suite: Option<String>,
    output: Option<String>,
}

impl Given {
    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "--endpoint" => &mut self.endpoint,
            "--driver" => &mut self.driver,
            "--user" => &mut self.user,
            "--password-file" => &mut self.password_file,
            "--suite" => &mut self.suite,
            "--output" => &mut self.output,
            _ => return None,
        })
    }

    fn power(self, action: PowerArg) -> Option<Power> {
        let suite = match self.suite.as_deref() {
            None => None,
            Some("3") => Some(3),
            Some("17") => Some(17),
            Some(_) => return None,
        };
        let output = match self.output.as_deref() {
            None | Some("text") => Form::Text,
            Some("json") => Form::Json,
            Some(_) => return None,
        };
        let door = Door {
            endpoint: vec![self.endpoint?],
            bmc: None,
            inventory: None,
            driver: self.driver,
            user: self.user,
            password_file: self.password_file.map(PathBuf::from),
            ca: None,
            pin: None,
            insecure: false,
            suite,
            kg_file: None,
            ssh_port: None,
            known_hosts: None,
            tools: None,
            timeout: Duration::from_secs(60),
            output,
        };
        Some(Power { action, door })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::{Args, Command};

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn what_is_read_the_short_way_is_what_clap_reads() {
        let options = ["--driver ipmi", "--user admin", "--password-file a.txt", "--suite 3", "--suite 17"];
        let more = ["--output text", "--output json", "--user admin --suite 17 --output json --driver ipmi"];
        for action in ["read", "on", "off", "shutdown", "cycle", "reset", "nmi"] {
            for option in options.iter().chain(&more) {
                for line in [
                    format!("power {action} --endpoint ipmi://bmc"),
                    format!("power {action} --endpoint ipmi://bmc {option}"),
                    format!("power {action} {option} --endpoint ipmi://bmc"),
                ] {
                    let short = power(&words(&line)).unwrap_or_else(|| panic!("{line} takes the long way"));
                    let clap = Power::described(&words(&line)).unwrap_or_else(|e| panic!("{line}: {e}"));
                    assert_eq!(format!("{short:?}"), format!("{clap:?}"), "{line}");
                }
            }
        }
    }

    #[test]
    fn what_sim_is_asked_is_the_same_without_the_other_commands() {
        for line in [
            "sim",
            "sim --count 3 --tls off --deviation basic-only",
            "sim --profile dell-idrac9 --output json --for 3s",
        ] {
            let short = sim(&words(line)).unwrap_or_else(|| panic!("{line} takes the long way"));
            let whole = Args::try_parse_from(words(&format!("halmark {line}")))
                .unwrap_or_else(|e| panic!("{line}: {e}"));
            let Command::Sim(whole) = whole.command else { panic!("{line} is another command") };
            assert_eq!(format!("{short:?}"), format!("{whole:?}"), "{line}");
        }
        for line in ["sim --help", "sim --no-color", "sim --count many", "sim --profile", "simulate", "run"] {
            assert!(sim(&words(line)).is_none(), "{line}");
        }
    }

    #[test]
    fn what_needs_thought_is_left_to_clap() {
        for line in [
            "power",
            "power read",
            "power --help",
            "power read --help",
            "power rea --endpoint ipmi://bmc",
            "power read --endpoint",
            "power read --endpoint --user",
            "power read --endpoint ",
            "power read --endpoint ipmi://a --endpoint ipmi://b",
            "power read --endpoint=ipmi://bmc",
            "power read --endpoint ipmi://bmc --suite 4",
            "power read --endpoint ipmi://bmc --suite +3",
            "power read --endpoint ipmi://bmc --output xml",
            "power read --endpoint ipmi://bmc --insecure",
            "power read --endpoint ipmi://bmc --timeout 5s",
            "power read --endpoint ipmi://bmc --user admin more",
            "power --endpoint ipmi://bmc read",
        ] {
            assert!(power(&words(line)).is_none(), "{line}");
        }
    }
}
