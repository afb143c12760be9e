//! Every platform that is compiled in: the reference driver passes the suite on it.

mod common;

use common::{folder, halmark, told};
use halmark_simulators::Profile;

/// Runs the whole suite on a platform; what it told, and its exit code.
fn judged(name: &str) -> (Option<i32>, String) {
    let folder = folder(&format!("platform-{name}"));
    let output = halmark(&folder, &["run", "--target", &format!("sim:{name}"), "--out", "out", "--quiet"]);
    (output.status.code(), told(&output))
}

#[test]
fn the_reference_driver_passes_on_every_platform() {
    let names = Profile::names();
    assert!(names.len() >= 10, "{names:?}");
    let bad: Vec<_> = names
        .iter()
        .map(|name| (name, judged(name)))
        .filter(|(_, (code, told))| *code != Some(0) || !told.contains(" 0 fail, "))
        .map(|(name, (_, told))| format!("{name}:\n{told}"))
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
