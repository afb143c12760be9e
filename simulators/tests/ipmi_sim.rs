//! `ipmi_sim` seen by a stranger: `ipmitool`, in real time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use halmark_simulators::{
    Bmc, BmcOptions, Profile,
    machine::{Device, Lasting, Led, Power},
    openipmi::{IpmiSim, Options, StartError},
};
use tokio::{process::Command, time::timeout};

fn options() -> Options {
    Options { helper: PathBuf::from(env!("CARGO_BIN_EXE_halmark-chassis")), ..Options::default() }
}

fn bmc(deviations: &[&str]) -> Bmc {
    let deviations = deviations.iter().map(|name| (*name).to_owned()).collect();
    let profile = Profile::named("generic").unwrap();
    Bmc::start(&profile, BmcOptions { seed: 3, deviations, time_scale: 0.01 }).unwrap()
}

async fn start(bmc: &Bmc) -> IpmiSim {
    let started = IpmiSim::start(bmc, options()).await;
    started.unwrap_or_else(|problem| panic!("failed to {problem}"))
}

async fn ipmitool(bmc: &Bmc, sim: &IpmiSim, words: &str) -> Output {
    let (user, password) = bmc.control().credentials();
    let port = sim.addr().port().to_string();
    let run = Command::new("ipmitool")
        .args(["-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", &port, "-U", &user, "-E"])
        .args(words.split(' '))
        .env("IPMI_PASSWORD", password)
        .output();
    let output = timeout(Duration::from_secs(30), run).await.expect("ipmitool ends within 30 s");
    output.expect("ipmitool runs: install it (Debian and Ubuntu: `apt-get install ipmitool`)")
}

async fn said(bmc: &Bmc, sim: &IpmiSim, words: &str) -> String {
    let output = ipmitool(bmc, sim, words).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ipmitool {words}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Waits until the truth log has this event, at most ten seconds.
async fn happens(bmc: &Bmc, name: &str) {
    let control = bmc.control();
    let seen = async {
        loop {
            let changed = control.changed();
            if control.events_from(0).iter().any(|event| event.name == name) {
                return;
            }
            changed.await;
        }
    };
    timeout(Duration::from_secs(10), seen).await.unwrap_or_else(|_| panic!("{name} does not happen"));
}

#[tokio::test]
async fn ipmitool_switches_the_power_of_the_machine() {
    let bmc = bmc(&[]);
    let sim = start(&bmc).await;
    assert!(said(&bmc, &sim, "power status").await.contains("is off"));
    said(&bmc, &sim, "power on").await;
    happens(&bmc, "power.on").await;
    assert!(said(&bmc, &sim, "power status").await.contains("is on"));
    said(&bmc, &sim, "power off").await;
    happens(&bmc, "power.off").await;
    assert!(said(&bmc, &sim, "power status").await.contains("is off"));
    sim.check().unwrap();
}

#[tokio::test]
async fn a_cycle_takes_the_power_and_gives_it_back() {
    let bmc = bmc(&[]);
    bmc.control().establish_power(Power::On);
    let sim = start(&bmc).await;
    said(&bmc, &sim, "power cycle").await;
    happens(&bmc, "power.off").await;
    happens(&bmc, "power.on").await;
}

#[tokio::test]
async fn reset_and_soft_off_reach_the_host() {
    let bmc = bmc(&[]);
    bmc.control().establish_power(Power::On);
    let sim = start(&bmc).await;
    said(&bmc, &sim, "power reset").await;
    happens(&bmc, "host.reset").await;
    happens(&bmc, "host.os").await;
    said(&bmc, &sim, "power soft").await;
    happens(&bmc, "host.os-stopped").await;
}

#[tokio::test]
async fn a_deviation_reaches_ipmi_too() {
    let bmc = bmc(&["reset-powers-off"]);
    bmc.control().establish_power(Power::On);
    let sim = start(&bmc).await;
    said(&bmc, &sim, "power reset").await;
    happens(&bmc, "power.off").await;
    assert!(bmc.control().events_from(0).iter().all(|event| event.name != "host.reset"));
}

#[tokio::test]
async fn a_boot_device_and_the_light_reach_the_machine() {
    let bmc = bmc(&[]);
    let sim = start(&bmc).await;
    said(&bmc, &sim, "chassis bootdev pxe").await;
    let stored = bmc.control().truth().override_.unwrap();
    assert_eq!((stored.device, stored.lasting), (Device::Pxe, Lasting::Once));
    assert!(said(&bmc, &sim, "chassis bootparam get 5").await.contains("PXE"));
    said(&bmc, &sim, "chassis identify force").await;
    assert_eq!(bmc.control().truth().led, Led::Lit);
}

#[tokio::test]
async fn identity_is_the_machines_own() {
    let bmc = bmc(&[]);
    let id = bmc.control().truth().id;
    let sim = start(&bmc).await;
    let guid = said(&bmc, &sim, "mc guid ipmi").await;
    assert!(guid.to_lowercase().contains(&id.uuid_text()), "{guid}");
    let fru = said(&bmc, &sim, "fru print 0").await;
    for label in
        [&id.serial, &id.board_serial, &id.part_number, &id.board_part_number, &id.manufacturer, &id.model]
    {
        assert!(fru.contains(label.as_str()), "{label} is not in {fru}");
    }
    assert!(said(&bmc, &sim, "lan print 1").await.contains(&id.mac_text()));
    let firmware = said(&bmc, &sim, "mc info").await;
    let version = id.bmc_firmware.rsplit_once('.').unwrap().0;
    assert!(firmware.contains(&format!(": {version}\n")), "{firmware}");
    assert!(said(&bmc, &sim, "sdr list").await.contains("MBTemp"));
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let bmc = bmc(&[]);
    let sim = start(&bmc).await;
    let port = sim.addr().port().to_string();
    let run = Command::new("ipmitool")
        .args([
            "-I",
            "lanplus",
            "-C",
            "3",
            "-H",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "admin",
            "-P",
            "wrong",
            "-R",
            "1",
        ])
        .args(["power", "status"])
        .output();
    assert!(!run.await.unwrap().status.success());
}

#[tokio::test]
async fn it_ends_with_its_bmc_and_that_is_noticed() {
    let bmc = bmc(&[]);
    let sim = start(&bmc).await;
    bmc.control().kill();
    let died = async {
        while sim.check().is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(5), died).await.expect("the child ends with its BMC");
}

#[tokio::test]
async fn a_missing_binary_says_what_to_install() {
    let binary = Some(PathBuf::from("/nowhere/ipmi_sim"));
    let problem = IpmiSim::start(&bmc(&[]), Options { binary, ..options() }).await.unwrap_err();
    assert!(matches!(problem, StartError::MissingBinary { .. }));
    assert!(problem.to_string().contains("apt-get install openipmi"), "{problem}");
}

#[tokio::test]
async fn a_binary_that_ends_at_once_is_named() {
    let binary = Some(Path::new("/bin/false").to_owned());
    let problem = IpmiSim::start(&bmc(&[]), Options { binary, ..options() }).await.unwrap_err();
    assert!(matches!(problem, StartError::DiedEarly { .. }), "{problem}");
}

#[tokio::test]
async fn a_taken_port_is_not_shared() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = Some(taken.local_addr().unwrap().port());
    let problem = IpmiSim::start(&bmc(&[]), Options { port, ..options() }).await.unwrap_err();
    assert!(matches!(problem, StartError::PortTaken { .. }), "{problem}");
}

#[tokio::test]
async fn it_ends_when_its_console_ends_so_that_none_is_left_behind() {
    let bmc = bmc(&[]);
    let sim = start(&bmc).await;
    sim.close_console();
    let died = async {
        while sim.check().is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(5), died).await.expect("the child ends with its console");
}
