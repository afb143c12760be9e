//! Every platform that is compiled in: the reference drivers pass the suite on it.

mod common;

use common::{folder, halmark, told};
use halmark_simulators::Profile;

/// Runs the whole suite on a platform; what it told, and its exit code.
fn judged(driver: &str, name: &str) -> (Option<i32>, String) {
    let folder = folder(&format!("platform-{driver}-{name}"));
    let target = format!("sim:{name}");
    let output =
        halmark(&folder, &["run", "--driver", driver, "--target", &target, "--out", "out", "--quiet"]);
    (output.status.code(), told(&output))
}

/// The driver passes on every platform, and nothing that a platform is said to lack is there.
fn passes_everywhere(driver: &str) {
    let names = Profile::names();
    assert!(names.len() >= 10, "{names:?}");
    let is_good = |told: &str| told.contains(" 0 fail, ") && !told.contains(" xpass");
    let bad: Vec<_> = names
        .iter()
        .map(|name| (name, judged(driver, name)))
        .filter(|(_, (code, told))| *code != Some(0) || !is_good(told))
        .map(|(name, (_, told))| format!("{name}:\n{told}"))
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn the_redfish_driver_passes_on_every_platform() {
    passes_everywhere("redfish");
}

#[test]
fn the_ipmi_driver_passes_on_every_platform() {
    passes_everywhere("ipmi");
}

#[test]
fn the_idrac_driver_passes_on_dells_and_on_what_is_none() {
    for name in ["dell-idrac9", "dell-idrac10", "generic"] {
        let (code, told) = judged("idrac", name);
        assert_eq!(code, Some(0), "{name}: {told}");
        assert!(told.contains(" 0 fail, ") && told.contains(" 0 error"), "{name}: {told}");
    }
}

/// Scenarios on what only an iDRAC does: the driver for it passes, and the one for everybody does not where it cannot know.
#[test]
fn what_only_an_idrac_does_is_known_to_its_driver_alone() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/idrac");
    for (scenario, knows) in [("job-failed", false), ("not-ready", false), ("job-done", true)] {
        let file = fixtures.join(format!("{scenario}.yaml")).display().to_string();
        for target in ["sim:dell-idrac9", "sim:generic"] {
            for (driver, expected) in [("idrac", Some(0)), ("redfish", Some(i32::from(!knows)))] {
                let folder = folder(&format!("idrac-{scenario}-{driver}"));
                let arguments = ["run", &file, "--driver", driver, "--target", target, "--out", "out"];
                let output = halmark(&folder, &arguments);
                assert_eq!(output.status.code(), expected, "{scenario} {driver} {target}: {}", told(&output));
            }
        }
    }
}
