//! One BMC, asked by `ipmitool` and by Redfish: what one of them changes the other shows.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use halmark_simulators::{
    Profile,
    ipmi::{Service, ServiceOptions},
};
use serde_json::{Value, json};
use tokio::{process::Command, time::timeout};

mod world;

use world::{MANAGER, SYSTEM, World};

const INTERFACE: &str = "/redfish/v1/Managers/1/EthernetInterfaces/1";
const ACCOUNTS: &str = "/redfish/v1/AccountService/Accounts";

/// A BMC with both faces.
struct Both {
    world: World,
    ipmi: Service,
}

impl Both {
    async fn new() -> Self {
        let mut profile = Profile::named("generic").unwrap();
        profile.spec.bmc_reset = Duration::from_secs(3);
        let world = World::made_of(&profile, &[]).await;
        let ipmi = Service::start(&world.bmc, ServiceOptions::default()).unwrap();
        Self { world, ipmi }
    }

    /// What `ipmitool` says as the administrator.
    async fn ipmitool(&self, words: &str) -> String {
        let (user, password) = self.world.control.credentials();
        self.ipmitool_as(&user, &password, words).await
    }

    async fn ipmitool_as(&self, user: &str, password: &str, words: &str) -> String {
        let port = self.ipmi.addr().port().to_string();
        let run = Command::new("ipmitool")
            .args(["-I", "lanplus", "-H", "127.0.0.1", "-p", &port, "-U", user, "-E", "-N", "1", "-R", "2"])
            .args(words.split(' '))
            .env("IPMI_PASSWORD", password)
            .output();
        let output = timeout(Duration::from_secs(30), run).await.expect("ipmitool ends within 30 s");
        let output =
            output.expect("ipmitool runs: install it (Debian and Ubuntu: `apt-get install ipmitool`)");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// The value of one of its lines.
    async fn line(&self, words: &str, name: &str) -> String {
        let said = self.ipmitool(words).await;
        let line = said.lines().find_map(|it| it.split_once(':').filter(|(key, _)| key.trim() == name));
        line.unwrap_or_else(|| panic!("no {name} in {said}")).1.trim().to_owned()
    }

    async fn property(&self, path: &str, pointer: &str) -> Value {
        self.world.get(path).await.json().pointer(pointer).cloned().unwrap_or_default()
    }

    async fn patch(&self, path: &str, body: Value) {
        let status = self.world.send("PATCH", path, Some(body)).await.status;
        assert!(status < 300, "{path}: {status}");
    }
}

#[tokio::test]
async fn a_user_made_by_ipmi_is_an_account_of_redfish_at_every_step() {
    let both = Both::new().await;
    let path = format!("{ACCOUNTS}/9");
    assert_eq!(both.world.get(&path).await.status, 404);
    both.ipmitool("user set name 9 maria").await;
    assert_eq!(both.property(&path, "/UserName").await, "maria");
    assert_eq!(both.property(&path, "/RoleId").await, "NoAccess");
    assert_eq!(both.property(&path, "/Enabled").await, false);
    both.ipmitool("user set password 9 open-sesame-20-long 20").await;
    both.ipmitool("channel setaccess 1 9 callin=on ipmi=on link=on privilege=3").await;
    both.ipmitool("user enable 9").await;
    assert_eq!(both.property(&path, "/RoleId").await, "Operator");
    assert_eq!(both.property(&path, "/Enabled").await, true);
    let said = both.ipmitool_as("maria", "open-sesame-20-long", "-L OPERATOR chassis power on").await;
    assert!(said.contains("Up/On"), "{said}");
    let reply = both.world.send_as("maria", "GET", SYSTEM, None).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn an_account_made_by_redfish_is_a_user_of_ipmi() {
    let both = Both::new().await;
    let body = json!({
        "UserName": "nora", "Password": "sixteen-letters!", "RoleId": "ReadOnly", "AccountTypes": ["Redfish", "IPMI"],
    });
    assert_eq!(both.world.send("POST", ACCOUNTS, Some(body)).await.status, 201);
    let said = both.ipmitool("user list 1").await;
    let row = said.lines().find(|it| it.contains("nora")).unwrap_or_else(|| panic!("{said}"));
    assert!(row.starts_with('5') && row.ends_with("USER"), "{row}");
    let status = both.ipmitool_as("nora", "sixteen-letters!", "-L USER chassis power status").await;
    assert!(status.contains("is off"), "{status}");
    let refused = both.ipmitool_as("nora", "sixteen-letters!", "-L ADMINISTRATOR chassis power status").await;
    assert!(!refused.contains("is off"), "{refused}");
}

#[tokio::test]
async fn boot_light_and_restore_policy_are_the_same() {
    let both = Both::new().await;
    both.ipmitool("chassis bootdev cdrom options=efiboot,persistent").await;
    assert_eq!(both.world.boot().await, "Continuous Cd UEFI");
    both.world.set_boot("Once", "Pxe").await;
    let flags = both.ipmitool("chassis bootparam get 5").await;
    assert!(flags.contains("Force PXE") && flags.contains("only next boot"), "{flags}");
    both.ipmitool("chassis identify force").await;
    assert_eq!(both.property(SYSTEM, "/IndicatorLED").await, "Lit");
    both.world.set_light("Off").await;
    assert!(both.ipmitool("raw 0 1").await.trim().ends_with("40 f0"));
    both.ipmitool("chassis policy previous").await;
    assert_eq!(both.property(SYSTEM, "/PowerRestorePolicy").await, "LastState");
    both.patch(SYSTEM, json!({"PowerRestorePolicy": "AlwaysOn"})).await;
    assert_eq!(both.line("chassis status", "Power Restore Policy").await, "always-on");
}

#[tokio::test]
async fn addresses_and_vlan_are_the_same() {
    let both = Both::new().await;
    both.ipmitool("lan set 1 ipaddr 10.0.0.9").await;
    both.ipmitool("lan set 1 netmask 255.255.255.0").await;
    both.ipmitool("lan set 1 vlan id 42").await;
    assert_eq!(both.property(INTERFACE, "/IPv4Addresses/0/Address").await, "10.0.0.9");
    assert_eq!(both.property(INTERFACE, "/IPv4StaticAddresses/0/SubnetMask").await, "255.255.255.0");
    assert_eq!(both.property(INTERFACE, "/VLAN").await, json!({"VLANEnable": true, "VLANId": 42}));
    let address = json!({"Address": "10.0.0.7", "SubnetMask": "255.255.0.0", "Gateway": "10.0.0.1"});
    both.patch(INTERFACE, json!({"IPv4StaticAddresses": [address], "VLAN": {"VLANId": 7}})).await;
    assert_eq!(both.property(INTERFACE, "/IPv4Addresses/0/Address").await, "10.0.0.7");
    assert_eq!(both.line("lan print 1", "IP Address").await, "10.0.0.7");
    assert_eq!(both.line("lan print 1", "Subnet Mask").await, "255.255.0.0");
    assert_eq!(both.line("lan print 1", "802.1q VLAN ID").await, "7");
}

#[tokio::test]
async fn ids_are_the_same() {
    let both = Both::new().await;
    let uuid = both.property(SYSTEM, "/UUID").await;
    assert_eq!(json!(both.line("mc guid", "System GUID").await.to_lowercase()), uuid);
    let mac = both.property(INTERFACE, "/MACAddress").await;
    assert_eq!(json!(both.line("lan print 1", "MAC Address").await), mac);
}

#[tokio::test]
async fn ipmi_that_redfish_switches_off_answers_nobody_until_it_is_on_again() {
    let both = Both::new().await;
    let path = format!("{MANAGER}/NetworkProtocol");
    assert_eq!(both.line("channel info 1", "Access Mode").await, "always available");
    both.patch(&path, json!({"IPMI": {"ProtocolEnabled": false}})).await;
    assert!(!both.ipmitool("chassis power status").await.contains("is off"));
    both.patch(&path, json!({"IPMI": {"ProtocolEnabled": true}})).await;
    assert!(both.ipmitool("chassis power status").await.contains("is off"));
}

#[tokio::test]
async fn a_watchdog_of_ipmi_stands_in_the_log_of_redfish() {
    let both = Both::new().await;
    both.world.on().await;
    both.ipmitool("raw 6 0x24 4 1 0 0 5 0").await;
    both.ipmitool("raw 6 0x22").await;
    let deadline = Duration::from_secs(10);
    let seen = async {
        while !both.world.control.events_from(0).iter().any(|it| it.name == "watchdog.expired:reset") {
            both.world.control.changed().await;
        }
    };
    timeout(deadline, seen).await.expect("the watchdog expires within 10 s");
    let entries = both.world.get("/redfish/v1/Systems/1/LogServices/Log1/Entries?$expand=.").await.json();
    assert!(entries.to_string().contains("watchdog"), "{entries}");
    let cause = both.ipmitool("chassis restart_cause").await;
    assert!(cause.contains("watchdog"), "{cause}");
}

#[tokio::test]
async fn a_channel_s_limit_and_a_suite_s_level_hold_for_whoever_logs_in() {
    let both = Both::new().await;
    let (user, password) = both.world.control.credentials();
    let status = async |options: &str| {
        let said = both.ipmitool_as(&user, &password, &format!("{options} chassis power status")).await;
        said.contains("is off")
    };
    assert!(status("-C 3").await && status("-C 17").await);
    // Parameter 24: the third of the suites that are offered is suite 3, and here it may do nothing.
    both.ipmitool("raw 0x0c 1 1 24 0 0x44 0x40 0x44 0x44 0x44 0x44 0x44 0x44").await;
    assert!(!status("-C 3").await && status("-C 17").await);
    // The volatile limit of the channel: user.
    both.ipmitool("raw 6 0x40 1 0 0x82").await;
    assert!(!status("-C 17 -L ADMINISTRATOR").await && status("-C 17 -L USER").await);
}

#[tokio::test]
async fn a_cold_reset_ends_sessions_and_what_only_held_until_then() {
    let both = Both::new().await;
    both.world.on().await;
    both.ipmitool("raw 6 0x40 1 0xb2 0").await;
    assert_eq!(both.line("channel info 1", "Per-message Auth").await, "disabled");
    let returns = both.world.control.changed_after(both.world.control.event_count() + 1);
    assert!(both.ipmitool("mc reset cold").await.contains("Sent cold reset"));
    let ended = async {
        while both.ipmi.sessions() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(2), ended).await.expect("its sessions end with it");
    assert!(!both.ipmitool("chassis power status").await.contains("is on"));
    timeout(Duration::from_secs(30), returns).await.expect("the BMC is back within 30 s");
    assert!(both.ipmitool("chassis power status").await.contains("is on"));
    assert_eq!(both.line("channel info 1", "Per-message Auth").await, "enabled");
}
