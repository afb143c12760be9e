//! The dependency rules, kept by a test.

mod common;

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use common::root;

fn dependencies(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "-e", "normal", "--prefix", "none", "-f", "{p}", "-p", package])
        .current_dir(root())
        .output()
        .expect("cargo is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn drivers_and_simulators_do_not_know_each_other() {
    let (drivers, simulators) = (dependencies("halmark"), dependencies("halmark-simulators"));
    assert!(drivers.contains("hyper") && simulators.contains("hyper"), "the tree was read");
    assert!(!drivers.iter().any(|d| d.starts_with("halmark-")), "{drivers:?}");
    assert!(!simulators.contains("halmark") && !simulators.contains("halmark-conformance"), "{simulators:?}");
}

#[test]
fn the_grpc_api_knows_the_contract_and_not_the_simulators() {
    let grpc = dependencies("halmark-grpc");
    assert!(grpc.contains("halmark") && grpc.contains("tonic"), "the tree was read");
    assert!(!grpc.contains("halmark-simulators") && !grpc.contains("halmark-conformance"), "{grpc:?}");
    assert!(!dependencies("halmark").contains("tonic"), "drivers are built without it");
}

#[test]
fn drivers_and_simulators_share_no_crate_that_encodes_ipmi_or_redfish() {
    let protocol =
        |name: &&String| ["ipmi", "redfish", "rmcp", "csdl"].iter().any(|word| name.contains(word));
    let (drivers, simulators) = (dependencies("halmark"), dependencies("halmark-simulators"));
    let shared: Vec<&String> = drivers.intersection(&simulators).filter(protocol).collect();
    assert!(shared.is_empty(), "{shared:?}");
}

fn uses(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|l| !l.trim_start().starts_with("//")).map(str::to_owned).collect()
}

/// The drivers, by their folders and files, and what each may know of the others: `auto` and composites find theirs in the
/// registry alone.
const DRIVERS: &[(&str, &[&str])] = &[
    ("redfish", &[]),
    ("idrac", &["redfish"]),
    ("ipmi", &[]),
    ("ipmi_rs", &[]),
    ("auto", &[]),
    ("composite", &[]),
    ("unmanaged", &[]),
];

fn sources(place: &Path) -> Vec<std::path::PathBuf> {
    if !place.is_dir() {
        return if place.is_file() { vec![place.to_owned()] } else { Vec::new() };
    }
    let inside = fs::read_dir(place).expect("it is a folder").flatten();
    inside.flat_map(|entry| sources(&entry.path())).collect()
}

#[test]
fn no_driver_imports_another() {
    let folder = root().join("src/drivers");
    for (driver, may) in DRIVERS {
        let files = [sources(&folder.join(driver)), sources(&folder.join(format!("{driver}.rs")))].concat();
        assert!(!files.is_empty(), "{driver} is where this test looks for it");
        for (file, (other, _)) in files.iter().flat_map(|file| DRIVERS.iter().map(move |it| (file, it))) {
            let foreign =
                [format!("drivers::{other}::"), format!("super::{other}::"), format!("super::{{{other}::")];
            for line in uses(file).iter().filter(|_| other != driver && !may.contains(other)) {
                assert!(!foreign.iter().any(|it| line.contains(it)), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn the_inventory_is_above_the_drivers_and_finds_them_in_the_registry() {
    let below = ["model", "drivers", "driver.rs", "endpoint.rs", "operation.rs", "capabilities.rs"];
    let below: Vec<_> = below.iter().flat_map(|it| sources(&root().join("src").join(it))).collect();
    assert!(below.len() > 40, "the files were found");
    for file in below {
        assert!(!uses(&file).iter().any(|line| line.contains("crate::inventory")), "{}", file.display());
    }
    let inventory = sources(&root().join("src/inventory"));
    assert!(inventory.len() > 8, "the files were found");
    for file in inventory.into_iter().filter(|it| !it.ends_with("tests.rs")) {
        for line in uses(&file) {
            let named = ["drivers::redfish", "drivers::ipmi::", "hyper", "println", "std::env", "SystemTime"];
            assert!(!named.iter().any(|it| line.contains(it)), "{}: {line}", file.display());
        }
    }
}

#[test]
fn every_driver_in_the_registry_is_known_to_the_dependency_rules() {
    for registered in halmark::drivers::REGISTRY {
        let file = registered.name.replace('-', "_");
        assert!(DRIVERS.iter().any(|(driver, _)| *driver == file), "{file}");
    }
}

#[test]
fn the_machine_is_pure_std_only_and_holds_no_clock() {
    let folder = root().join("simulators/src");
    let mut files = vec![folder.join("machine.rs")];
    files.extend(fs::read_dir(folder.join("machine")).expect("it is a folder").flatten().map(|e| e.path()));
    assert!(files.len() > 2);
    for file in files {
        for line in uses(&file) {
            for foreign in [
                "tokio",
                "hyper",
                "serde",
                "std::net::Tcp",
                "std::net::Udp",
                "std::time::Instant",
                "SystemTime",
                "async ",
            ] {
                assert!(!line.contains(foreign), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn what_is_pure_in_the_judge_touches_neither_files_nor_sockets_nor_clocks() {
    for file in [
        "condition.rs",
        "oracle.rs",
        "docket.rs",
        "blame.rs",
        "plan.rs",
        "verdict.rs",
        "truth.rs",
        "wire/accounts.rs",
        "wire/http.rs",
        "wire/media.rs",
        "wire/rmcp.rs",
        "scenario/read.rs",
        "scenario/steps.rs",
    ] {
        for line in uses(&root().join("conformance/src").join(file)) {
            for foreign in [
                "std::fs",
                "std::net",
                "tokio",
                "std::env",
                "println",
                "Instant::now",
                "crate::lab",
                "crate::execute",
                "crate::cli",
            ] {
                assert!(!line.contains(foreign), "{file}: {line}");
            }
        }
    }
}

#[test]
fn the_executor_does_not_judge_and_the_oracle_does_not_execute() {
    let source = |file: &str| uses(&root().join("conformance/src").join(file)).join("\n");
    assert!(!source("execute.rs").contains("Verdict"));
    assert!(!source("oracle.rs").contains("Driver>") && !source("oracle.rs").contains("lab::"));
}

#[test]
fn the_judge_reads_the_protocols_for_itself() {
    for file in ["wire/mod.rs", "wire/http.rs", "wire/rmcp.rs", "lab/capture.rs"] {
        let text = uses(&root().join("conformance/src").join(file)).join("\n");
        assert!(!text.contains("halmark::drivers") && !text.contains("halmark_simulators"), "{file}");
    }
}

#[test]
fn the_published_report_schema_is_the_one_of_the_types() {
    let published = root().join("conformance/schema/report.json");
    let schema = format!("{}\n", halmark_conformance::report::Report::schema());
    let text = fs::read_to_string(&published).unwrap_or_default();
    assert_eq!(text, schema, "write it anew: halmark schema report > conformance/schema/report.json");
}
