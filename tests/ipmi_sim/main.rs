//! The IPMI driver against OpenIPMI's `ipmi_sim`: another team's BMC, in real time.
//!
//! What ipmi_sim 2.0.33 gets wrong is not asserted here: it keeps no valid, persistent or EFI bit of the boot flags, has
//! no Cold Reset, and does not enforce an account's privilege.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod areas;
mod console;

use std::{
    fs,
    net::UdpSocket,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use halmark::{
    Cause, Change, Credentials, Deadline, Driver, Endpoint, Identify, PowerAction, PowerState, SetIdentify,
    drivers::ipmi::Ipmi,
};

/// A running ipmi_sim, and the directory of its chassis: `power` and `chassis.log`.
struct Simulator {
    process: Child,
    port: u16,
    state: PathBuf,
}

impl Simulator {
    async fn start() -> Self {
        Self::start_with("", "").await
    }

    /// With more lines in its configuration and for its emulator.
    async fn start_with(configuration: &str, emulator: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let state =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ipmi-sim-{}-{number}", std::process::id()));
        fs::create_dir_all(&state).unwrap();
        let port = free_port();
        let script = state.join("chassis");
        fs::write(&script, CHASSIS.replace("@STATE@", &state.display().to_string())).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let lan = LAN
            .replace("@PORT@", &port.to_string())
            .replace("@SCRIPT@", &script.display().to_string())
            .replace("@STATE@", &state.display().to_string());
        fs::write(state.join("lan.conf"), lan + configuration).unwrap();
        fs::write(state.join("fru0.bin"), fru()).unwrap();
        let emulator = EMULATOR.replace("@MORE@", emulator).replace("@STATE@", &state.display().to_string());
        fs::write(state.join("bmc.emu"), emulator).unwrap();
        let lancontrol = state.join("lancontrol");
        fs::write(&lancontrol, LANCONTROL).unwrap();
        fs::set_permissions(&lancontrol, fs::Permissions::from_mode(0o755)).unwrap();
        let records = state.join("run/ipmi_sim/anvil");
        fs::create_dir_all(&records).unwrap();
        fs::write(records.join("sdr.20.main"), include_bytes!("sensors.bsdr")).unwrap();
        let file = |name: &str| state.join(name).display().to_string();
        let process = Command::new("ipmi_sim")
            .args(["-n", "-c", &file("lan.conf"), "-f", &file("bmc.emu"), "-s", &file("run")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("install openipmi: these tests need its ipmi_sim");
        let simulator = Self { process, port, state };
        simulator.become_ready().await;
        simulator
    }

    /// Waits until it answers Get Channel Authentication Capabilities, at most five seconds.
    async fn become_ready(&self) {
        const ASK: [u8; 23] = [
            0x06, 0, 0xFF, 0x07, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x20, 0x18, 0xC8, 0x81, 0x04, 0x38, 0x8E,
            0x04, 0xB1,
        ];
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(("127.0.0.1", self.port)).await.unwrap();
        for _ in 0..500 {
            let _ = socket.send(&ASK).await;
            let mut answer = [0; 64];
            let waited = tokio::time::timeout(Duration::from_millis(10), socket.recv(&mut answer)).await;
            if matches!(waited, Ok(Ok(_))) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("ipmi_sim does not answer on port {}", self.port);
    }

    fn driver(&self) -> Ipmi {
        self.driver_as("admin", "adminpw")
    }

    fn driver_as(&self, user: &str, password: &str) -> Ipmi {
        let endpoint = Endpoint::parse(&format!("ipmi://127.0.0.1:{}", self.port)).unwrap();
        Ipmi::new(endpoint.with_credentials(Credentials::new(user, password))).unwrap()
    }

    fn power(&self, to: &str) {
        fs::write(self.state.join("power"), to).unwrap();
    }

    /// What the chassis was told to do, in order.
    fn told(&self) -> Vec<String> {
        let log = fs::read_to_string(self.state.join("chassis.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.state);
    }
}

/// ipmi_sim 2.0.33 shares a port that is taken without a word, so it is given one that is free.
fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

#[tokio::test]
async fn power_is_read_as_the_chassis_has_it() {
    let simulator = Simulator::start().await;
    let driver = simulator.driver();
    simulator.power("0");
    assert_eq!(driver.power_read(soon()).await.unwrap().value, PowerState::PoweredOff);
    simulator.power("1");
    assert_eq!(driver.power_read(soon()).await.unwrap().value, PowerState::PoweredOn);
    driver.close().await;
}

#[tokio::test]
async fn each_power_action_reaches_the_chassis_once() {
    let simulator = Simulator::start().await;
    let driver = simulator.driver();
    simulator.power("0");
    for action in [PowerAction::On, PowerAction::Reset, PowerAction::Shutdown] {
        assert_eq!(driver.power(action, soon()).await.unwrap().value, Change::Changed, "{action}");
    }
    assert_eq!(simulator.told(), ["power 1", "reset 1", "shutdown 1"]);
    driver.close().await;
}

#[tokio::test]
async fn what_the_state_makes_needless_or_impossible_is_not_sent() {
    let simulator = Simulator::start().await;
    let driver = simulator.driver();
    simulator.power("0");
    for action in [PowerAction::Off, PowerAction::Shutdown] {
        assert_eq!(driver.power(action, soon()).await.unwrap().value, Change::AlreadySo, "{action}");
    }
    for action in [PowerAction::Cycle, PowerAction::Reset, PowerAction::Nmi] {
        let error = driver.power(action, soon()).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Conflict { .. }), "{action}: {error}");
    }
    assert_eq!(simulator.told(), [""; 0]);
    driver.close().await;
}

#[tokio::test]
async fn the_identify_light_is_lit_for_a_while_or_until_further_notice() {
    let simulator = Simulator::start().await;
    let driver = simulator.driver();
    for lasting in [Some(Duration::from_secs(30)), None] {
        let lit = SetIdentify { state: Identify::Lit, lasting };
        assert_eq!(driver.set_identify(lit, soon()).await.unwrap().value, Change::Changed);
    }
    assert_eq!(simulator.told(), ["identify 30 0", "identify 0 1"]);
    driver.close().await;
}

#[tokio::test]
async fn the_boot_device_reaches_the_chassis() {
    let simulator = Simulator::start().await;
    let driver = simulator.driver();
    let pxe = halmark::BootOverride {
        device: halmark::BootDevice::Pxe,
        duration: halmark::BootDuration::Once,
        mode: Some(halmark::BootMode::Legacy),
    };
    assert_eq!(driver.set_boot_override(pxe, soon()).await.unwrap().value, Change::Changed);
    assert_eq!(simulator.told(), ["boot pxe"]);
    driver.close().await;
}

#[tokio::test]
async fn the_identity_comes_from_guid_fru_and_device_id() {
    let simulator = Simulator::start().await;
    let driver = simulator.driver();
    let identity = driver.identity(soon()).await.unwrap().value;
    assert_eq!(identity.vendor.as_deref(), Some("Halmark"));
    assert_eq!(identity.model.as_deref(), Some("Anvil 1"));
    assert_eq!(identity.serial.as_deref(), Some("7CX1"));
    assert_eq!(identity.part_number.as_deref(), Some("AN-1"));
    assert_eq!(identity.board_serial.as_deref(), Some("B0ARD"));
    assert_eq!(identity.bmc_firmware.as_deref(), Some("9.08"));
    assert_eq!(identity.uuid.map(|u| u.to_string()).as_deref(), Some("4c4c4544-004c-4c10-8056-c3c04f305233"));
    driver.close().await;
}

#[tokio::test]
async fn a_wrong_password_is_unauthorized() {
    let simulator = Simulator::start().await;
    for driver in [simulator.driver_as("admin", "wrong"), simulator.driver_as("nobody", "adminpw")] {
        let error = driver.power_read(soon()).await.unwrap_err();
        assert_eq!(error.cause, Cause::Unauthorized);
        assert!(!error.to_string().contains("adminpw") && !error.to_string().contains("wrong"));
    }
}

#[tokio::test]
async fn sessions_are_closed_so_that_a_hundred_fit_into_63_slots() {
    let simulator = Simulator::start().await;
    for _ in 0..100 {
        let driver = simulator.driver();
        driver.power_read(soon()).await.unwrap();
        driver.close().await;
    }
}

#[tokio::test]
async fn a_bmc_that_is_gone_is_unreachable() {
    let simulator = Simulator::start().await;
    let driver = simulator.driver();
    driver.power_read(soon()).await.unwrap();
    drop(simulator);
    let error = driver.power_read(Deadline::after(Duration::from_millis(600))).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Unreachable { .. }), "{error}");
}

const CHASSIS: &str = r#"#!/bin/sh
state=@STATE@; op=$1; shift
case $op in
get) for what in "$@"; do
       case $what in
         power) echo "power:$(cat $state/power 2>/dev/null || echo 0)";;
         boot) echo "boot:default";;
       esac
     done;;
set) while [ $# -gt 0 ]; do
       echo "$1 $2" >> $state/chassis.log
       [ "$1" = power ] && echo "$2" > $state/power
       shift 2
     done;;
*) exit 1;;
esac
exit 0
"#;

/// What ipmi_sim asks for its LAN configuration.
const LANCONTROL: &str = r#"#!/bin/sh
op=$1; shift
case $op in
get) for what in "$@"; do
       case $what in
         ip_addr) echo "ip_addr:192.0.2.12";;
         ip_addr_src) echo "ip_addr_src:static";;
         mac_addr) echo "mac_addr:02:00:00:00:00:2a";;
         subnet_mask) echo "subnet_mask:255.255.255.0";;
         default_gw_ip_addr) echo "default_gw_ip_addr:192.0.2.1";;
         default_gw_mac_addr) echo "default_gw_mac_addr:02:00:00:00:00:01";;
         backup_gw_ip_addr) echo "backup_gw_ip_addr:0.0.0.0";;
         backup_gw_mac_addr) echo "backup_gw_mac_addr:00:00:00:00:00:00";;
       esac
     done;;
esac
exit 0
"#;

const LAN: &str = r#"name "anvil"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 @PORT@
    priv_limit admin
    allowed_auths_admin none md2 md5 straight
    guid 3352304fc0c35680104c4c0044454c4c
    lan_config_program "@STATE@/lancontrol"
  endlan
  chassis_control "@SCRIPT@"
  user 1 true "" "anon" user 10 none md2 md5 straight
  user 2 true "admin" "adminpw" admin 10 none md2 md5 straight
"#;

const EMULATOR: &str = r#"mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
@MORE@
mc_add_fru_data 0x20 0 256 file 0 "@STATE@/fru0.bin"
mc_enable 0x20
"#;

/// A FRU store with a board and a product area (Platform Management FRU Information v1.0 §8, §11, §12).
fn fru() -> Vec<u8> {
    let board = area(&[0, 0, 0, 0], &["Halmark", "Anvil board", "B0ARD", "AN-B"]);
    let product = area(&[0], &["Halmark", "Anvil 1", "AN-1", "", "7CX1"]);
    let mut fru = vec![1, 0, 0, 1, (1 + board.len() / 8) as u8, 0, 0];
    fru.push(sum_to_zero(&fru));
    fru.extend(board);
    fru.extend(product);
    fru.resize(256, 0);
    fru
}

fn area(head: &[u8], texts: &[&str]) -> Vec<u8> {
    let mut area = [&[1, 0], head].concat();
    for text in texts {
        area.push(0xC0 | text.len() as u8);
        area.extend_from_slice(text.as_bytes());
    }
    area.push(0xC1);
    area.resize((area.len() + 1).next_multiple_of(8) - 1, 0);
    area[1] = ((area.len() + 1) / 8) as u8;
    area.push(sum_to_zero(&area));
    area
}

fn sum_to_zero(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg()
}
