//! Sensors, inventories, the event log and DCMI of the IPMI face, seen by strangers: ipmitool and FreeIPMI, in real time.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::PathBuf, time::Duration};

use halmark_simulators::{Bmc, BmcOptions, Profile, SensorState, ipmi, machine::Power};
use tokio::{process::Command, time::timeout};

/// A BMC whose host is on, its IPMI service, and a file for FreeIPMI with the password in it.
struct World {
    bmc: Bmc,
    service: ipmi::Service,
    folder: PathBuf,
}

impl World {
    fn new(profile: &str, name: &str) -> Self {
        let profile = Profile::named(profile).unwrap();
        let bmc =
            Bmc::start(&profile, BmcOptions { seed: 3, deviations: Vec::new(), time_scale: 1.0 }).unwrap();
        bmc.control().establish_power(Power::On);
        let service = ipmi::Service::start(&bmc, ipmi::ServiceOptions::default()).unwrap();
        let folder = std::env::temp_dir().join(format!("halmark-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (user, password) = bmc.control().credentials();
        let configuration = format!("username {user}\npassword {password}\ndriver-type LAN_2_0\n");
        fs::write(folder.join("freeipmi.conf"), configuration).unwrap();
        Self { bmc, service, folder }
    }

    async fn ipmitool(&self, words: &str) -> String {
        let (user, password) = self.bmc.control().credentials();
        let port = self.service.addr().port().to_string();
        let mut command = Command::new("ipmitool");
        command
            .args(["-I", "lanplus", "-H", "127.0.0.1", "-p", &port, "-U", &user, "-E"])
            .args(words.split(' '))
            .env("IPMI_PASSWORD", password);
        said(command, words, "ipmitool").await
    }

    async fn dcmi(&self, words: &str) -> String {
        let mut command = Command::new("ipmi-dcmi");
        command.arg("--config-file").arg(self.folder.join("freeipmi.conf")).args([
            "-h",
            &format!("127.0.0.1:{}", self.service.addr().port()),
            words,
        ]);
        said(command, words, "freeipmi-tools").await
    }

    async fn freeipmi(&self, words: &str) -> String {
        let (program, words) = words.split_once(' ').unwrap_or((words, ""));
        let mut command = Command::new(program);
        command
            .arg("--config-file")
            .arg(self.folder.join("freeipmi.conf"))
            .args(["-h", &format!("127.0.0.1:{}", self.service.addr().port())])
            .arg("--sdr-cache-directory")
            .arg(&self.folder)
            .args(words.split(' ').filter(|it| !it.is_empty()));
        said(command, program, "freeipmi-tools").await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

async fn said(mut command: Command, words: &str, package: &str) -> String {
    let output = timeout(Duration::from_secs(60), command.output()).await.expect("it ends within 60 s");
    let output = output
        .unwrap_or_else(|_| panic!("{words}: install it (Debian and Ubuntu: `apt-get install {package}`)"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{words}: {err}");
    assert!(err.trim().is_empty(), "{words}: {err}");
    out.into_owned()
}

/// The values of a row of a table: what stands between the bars.
fn row<'o>(out: &'o str, name: &str) -> Vec<&'o str> {
    let of_row = |line: &'o str| line.split('|').map(str::trim).collect::<Vec<_>>();
    let found = out.lines().map(of_row).find(|row| row.contains(&name));
    found.unwrap_or_else(|| panic!("no {name} in {out}"))
}

#[tokio::test]
async fn ipmitool_reads_every_sensor_and_its_thresholds() {
    let world = World::new("generic", "sensors");
    world.bmc.control().set_sensor("Fan 2", Some(SensorState::Reading(1000.0))).unwrap();
    let sensors = world.ipmitool("sensor list").await;
    let inlet = row(&sensors, "Inlet Temp");
    assert_eq!(inlet[2..4], ["degrees C", "ok"]);
    assert_eq!(inlet[4..10], ["na", "0.000", "5.000", "38.000", "42.000", "47.000"]);
    let fan = row(&sensors, "Fan 2");
    assert_eq!(fan[2..7], ["RPM", "cr", "na", "1200.000", "2000.000"]);
    let records = world.ipmitool("sdr elist all").await;
    assert_eq!(row(&records, "PSU1 Status")[4], "Presence detected");
    assert_eq!(row(&records, "ACPI State")[4], "S0/G0: working");
    assert_eq!(row(&records, "PSU2")[4], "Logical FRU @02h");
    assert_eq!(row(&records, "BMC")[4], "Dynamic MC @ 20h");
    let log = world.ipmitool("sel elist").await;
    assert_eq!(row(&log, "Fan Fan 2")[4..6], ["Lower Non-critical going low", "Asserted"]);
    assert_eq!(row(&log, "Fan Fan Redundancy")[4..6], ["Fully Redundant", "Deasserted"]);
}

#[tokio::test]
async fn freeipmi_reads_every_sensor_and_finds_all_of_them_nominal() {
    let world = World::new("generic", "nominal");
    let sensors = world.freeipmi("ipmi-sensors --output-sensor-state --quiet-cache").await;
    let odd: Vec<_> =
        sensors.lines().skip(1).filter(|it| !it.contains("Nominal") && !it.contains("N/A")).collect();
    assert!(odd.is_empty() && sensors.lines().count() > 40, "{odd:#?}");
    assert_eq!(row(&sensors, "12 V Rail")[5..7], ["V", "'OK'"]);
    world.bmc.control().set_sensor("PSU2 Status", Some(SensorState::States(0b11))).unwrap();
    let sensors = world.freeipmi("ipmi-sensors --output-sensor-state --quiet-cache").await;
    assert_eq!(row(&sensors, "PSU2 Status")[3], "Critical");
}

#[tokio::test]
async fn both_read_the_inventories_that_redfish_shows() {
    let world = World::new("generic", "fru");
    let id = world.bmc.view().id;
    let serial = |label: &str| format!("{label} {}", id.serial);
    let printed = world.ipmitool("fru print").await;
    let printed = printed.replace("        : ", " ").replace("  ", " ");
    assert!(printed.contains(&serial("Chassis Serial")) && printed.contains("Spark 900P"), "{printed}");
    let printed = world.freeipmi("ipmi-fru --quiet-cache").await;
    assert!(printed.contains(&serial("FRU Chassis Serial Number:")), "{printed}");
    assert!(printed.contains("FRU Power Supply Overall Capacity: 900 Watts"), "{printed}");
    assert!(!printed.contains("Error") && !printed.contains("invalid"), "{printed}");
}

#[tokio::test]
async fn both_read_the_log_and_ipmitool_writes_and_clears_it() {
    let world = World::new("generic", "log");
    world.ipmitool("event 1").await;
    let log = world.freeipmi("ipmi-sel --quiet-cache").await;
    assert_eq!(row(&log, "Upper Critical - going high")[4], "Temperature");
    world.ipmitool("sel delete 1").await;
    assert!(world.ipmitool("sel info").await.contains("Entries          : 0"));
    world.ipmitool("event 1").await;
    world.ipmitool("sel clear").await;
    let log = world.ipmitool("sel list").await;
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("Log area reset/cleared"), "{log}");
    let time = world.ipmitool("sel time get").await;
    assert!(time.contains("01/01/26") || time.contains("01/01/2026"), "{time}");
}

#[tokio::test]
async fn both_speak_dcmi_with_it() {
    let world = World::new("generic", "dcmi");
    let power = world.ipmitool("dcmi power reading").await;
    assert!(power.contains("activated"), "{power}");
    world.ipmitool("dcmi set_asset_tag rack-7").await;
    assert!(world.ipmitool("dcmi asset_tag").await.contains("rack-7"));
    assert!(world.ipmitool("dcmi get_temp_reading").await.contains("Baseboard"));
    assert!(world.ipmitool("dcmi sensors").await.contains("CPU: 2 temperature sensors found"));
    assert!(world.ipmitool("dcmi discover").await.contains("1000 SEL entries"));
    world.ipmitool("dcmi power set_limit limit 300").await;
    let power = world.dcmi("--get-system-power-statistics").await;
    assert!(power.contains("Current Power") && power.contains("Active"), "{power}");
    let can = world.dcmi("--get-dcmi-capability-info").await;
    assert!(can.contains("1.5") && can.contains("Power Management / Monitoring Support"), "{can}");
    assert!(world.dcmi("--get-asset-tag").await.contains("rack-7"));
    assert!(world.dcmi("--get-dcmi-sensor-info").await.contains("Inlet"));
}

#[tokio::test]
async fn ipmitool_reads_the_sensors_of_every_platform() {
    for name in Profile::names() {
        let world = World::new(name, &format!("platform-{name}"));
        let sensors = world.ipmitool("sdr list").await;
        assert!(sensors.lines().count() > 20, "{name}: {sensors}");
    }
}
