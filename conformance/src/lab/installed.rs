//! Which version of a target's program is installed here, for waivers that are pinned to one.

use std::process::Command;

use crate::target::TargetKind;

/// The version in the form in which targets name it, such as `openipmi 2.0.33`; nothing where nobody can tell.
///
/// `ipmi_sim` itself says `1.0.13` in every release of OpenIPMI, so that who installed it is asked.
pub fn installed(kind: &TargetKind) -> Option<String> {
    let asked: [(&str, &[&str]); 2] = [
        ("dpkg-query", &["--show", "--showformat=${Version}", "openipmi"]),
        ("rpm", &["--query", "--queryformat=%{VERSION}", "OpenIPMI-lanserv"]),
    ];
    match kind {
        TargetKind::IpmiSim => asked.iter().find_map(|(program, words)| {
            let told =
                Command::new(program).args(*words).output().ok().filter(|told| told.status.success())?;
            upstream(&String::from_utf8_lossy(&told.stdout)).map(|version| format!("openipmi {version}"))
        }),
        TargetKind::Sim(_) | TargetKind::Hardware(_) => None,
    }
}

/// The version without what a distribution puts before and behind it.
fn upstream(version: &str) -> Option<&str> {
    let version = version.trim().split_once(':').map_or(version.trim(), |(_, version)| version);
    let version = version.rsplit_once('-').map_or(version, |(version, _)| version);
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distributions_version_is_cut_to_that_of_the_program() {
        for (whole, version) in [
            ("2.0.33-1+b1", "2.0.33"),
            ("1:2.0.36-2\n", "2.0.36"),
            ("2.0.36", "2.0.36"),
            ("2.0.36-rc1-3", "2.0.36-rc1"),
        ] {
            assert_eq!(upstream(whole), Some(version));
        }
        assert_eq!(upstream("package openipmi is not installed"), None);
    }
}
