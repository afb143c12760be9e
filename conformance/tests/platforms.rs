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
