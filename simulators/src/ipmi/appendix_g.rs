//! Who may send which command, written out by hand from the standard's appendix G (table G-1) and DCMI 1.5 (table 6-1), and held
//! against what the BMC does.

use std::collections::BTreeMap;

use super::{
    command::{Caller, Channel, Completion, Need},
    commands,
    privilege::Privilege,
    world::{IN_BAND, World, over_lan},
};

/// Network function, command, name, and the least who may: `-` everybody, `C`allback, `U`ser, `O`perator, `A`dministrator, `S` the
/// system interface alone.
const TABLE: &str = "
00 00 U Get Chassis Capabilities
00 01 U Get Chassis Status
00 02 O Chassis Control
00 03 O Chassis Reset
00 04 O Chassis Identify
00 05 A Set Chassis Capabilities
00 06 O Set Power Restore Policy
00 07 U Get System Restart Cause
00 08 O Set System Boot Options
00 09 O Get System Boot Options
00 0A A Set Front Panel Button Enables
00 0B A Set Power Cycle Interval
00 0F U Get POH Counter
04 00 A Set Event Receiver
04 01 U Get Event Receiver
04 02 O Platform Event
04 10 U Get PEF Capabilities
04 11 A Arm PEF Postpone Timer
04 12 A Set PEF Configuration Parameters
04 13 O Get PEF Configuration Parameters
04 14 A Set Last Processed Event ID
04 15 A Get Last Processed Event ID
04 16 A Alert Immediate
04 17 - PET Acknowledge
04 20 U Get Device SDR Info
04 21 U Get Device SDR
04 22 U Reserve Device SDR Repository
04 23 U Get Sensor Reading Factors
04 24 O Set Sensor Hysteresis
04 25 U Get Sensor Hysteresis
04 26 O Set Sensor Thresholds
04 27 U Get Sensor Thresholds
04 28 O Set Sensor Event Enable
04 29 U Get Sensor Event Enable
04 2A O Re-arm Sensor Events
04 2B U Get Sensor Event Status
04 2D U Get Sensor Reading
04 2E O Set Sensor Type
04 2F U Get Sensor Type
04 30 O Set Sensor Reading And Event Status
06 01 U Get Device ID
06 02 A Cold Reset
06 03 A Warm Reset
06 04 U Get Self Test Results
06 05 A Manufacturing Test On
06 06 A Set ACPI Power State
06 07 U Get ACPI Power State
06 08 U Get Device GUID
06 09 U Get NetFn Support
06 0A U Get Command Support
06 0B U Get Command Sub-function Support
06 0C U Get Configurable Commands
06 0D U Get Configurable Command Sub-functions
06 22 O Reset Watchdog Timer
06 24 O Set Watchdog Timer
06 25 U Get Watchdog Timer
06 2E S Set BMC Global Enables
06 2F U Get BMC Global Enables
06 30 S Clear Message Flags
06 31 S Get Message Flags
06 32 S Enable Message Channel Receive
06 33 S Get Message
06 34 U Send Message
06 35 S Read Event Message Buffer
06 36 U Get BT Interface Capabilities
06 37 - Get System GUID
06 38 - Get Channel Authentication Capabilities
06 39 - Get Session Challenge
06 3A - Activate Session
06 3B U Set Session Privilege Level
06 3C C Close Session
06 3D U Get Session Info
06 3F O Get AuthCode
06 40 A Set Channel Access
06 41 U Get Channel Access
06 42 U Get Channel Info
06 43 A Set User Access
06 44 O Get User Access
06 45 A Set User Name
06 46 O Get User Name
06 47 A Set User Password
06 48 U Activate Payload
06 49 U Deactivate Payload
06 4A U Get Payload Activation Status
06 4B U Get Payload Instance Info
06 4C A Set User Payload Access
06 4D O Get User Payload Access
06 4E U Get Channel Payload Support
06 4F U Get Channel Payload Version
06 50 U Get Channel OEM Payload Info
06 52 O Master Write-Read
06 54 - Get Channel Cipher Suites
06 55 U Suspend/Resume Payload Encryption
06 56 A Set Channel Security Keys
06 57 U Get System Interface Capabilities
06 58 A Set System Info Parameters
06 59 U Get System Info Parameters
06 60 A Set Command Enables
06 61 U Get Command Enables
06 62 A Set Command Sub-function Enables
06 63 U Get Command Sub-function Enables
06 64 U Get OEM NetFn IANA Support
0A 10 U Get FRU Inventory Area Info
0A 11 U Read FRU Data
0A 12 O Write FRU Data
0A 20 U Get SDR Repository Info
0A 21 U Get SDR Repository Allocation Info
0A 22 U Reserve SDR Repository
0A 23 U Get SDR
0A 24 O Add SDR
0A 25 O Partial Add SDR
0A 26 O Delete SDR
0A 27 O Clear SDR Repository
0A 28 U Get SDR Repository Time
0A 29 O Set SDR Repository Time
0A 2A O Enter SDR Repository Update Mode
0A 2B O Exit SDR Repository Update Mode
0A 2C O Run Initialization Agent
0A 40 U Get SEL Info
0A 41 U Get SEL Allocation Info
0A 42 U Reserve SEL
0A 43 U Get SEL Entry
0A 44 O Add SEL Entry
0A 45 O Partial Add SEL Entry
0A 46 O Delete SEL Entry
0A 47 O Clear SEL
0A 48 U Get SEL Time
0A 49 O Set SEL Time
0A 5A U Get Auxiliary Log Status
0A 5B A Set Auxiliary Log Status
0A 5C U Get SEL Time UTC Offset
0A 5D O Set SEL Time UTC Offset
0C 01 A Set LAN Configuration Parameters
0C 02 O Get LAN Configuration Parameters
0C 03 A Suspend BMC ARPs
0C 04 U Get IP/UDP/RMCP Statistics
0C 21 A Set SOL Configuration Parameters
0C 22 U Get SOL Configuration Parameters
2C 01 - Get DCMI Capabilities Info
2C 02 U Get Power Reading
2C 03 U Get Power Limit
2C 04 O Set Power Limit
2C 05 O Activate/Deactivate Power Limit
2C 06 U Get Asset Tag
2C 07 U Get DCMI Sensor Info
2C 08 O Set Asset Tag
2C 09 U Get Management Controller Identifier String
2C 0A A Set Management Controller Identifier String
2C 0B O Set Thermal Limit
2C 0C U Get Thermal Limit
2C 10 U Get Temperature Readings
2C 12 A Set DCMI Configuration Parameters
2C 13 U Get DCMI Configuration Parameters
";

/// By network function and command: name, and who may.
fn table() -> BTreeMap<(u8, u8), (&'static str, Need)> {
    let line = |line: &'static str| {
        let mut parts = line.splitn(4, ' ');
        let mut part = || parts.next().unwrap();
        let mut byte = || u8::from_str_radix(part(), 16).unwrap();
        let command = (byte(), byte());
        let need = match part() {
            "-" => Need::Nothing,
            "S" => Need::InBand,
            "C" => Need::Level(Privilege::Callback),
            "U" => Need::Level(Privilege::User),
            "O" => Need::Level(Privilege::Operator),
            "A" => Need::Level(Privilege::Administrator),
            other => panic!("{other}"),
        };
        (command, (part(), need))
    };
    TABLE.trim().lines().map(line).collect()
}

#[test]
fn every_command_is_called_and_allowed_as_the_standard_has_it() {
    let table = table();
    for row in commands::all() {
        let known = table.get(&(row.netfn, row.number)).copied();
        assert_eq!(known, Some((row.name, row.need)), "{:02X} {:02X}", row.netfn, row.number);
    }
}

/// Whoever could ask, the least first.
fn callers() -> Vec<(Caller, Option<Privilege>)> {
    let levels =
        [Privilege::Callback, Privilege::User, Privilege::Operator, Privilege::Administrator].into_iter();
    let nobody = Caller { channel: Channel::Lan, session: None };
    std::iter::once((nobody, None)).chain(levels.map(|level| (over_lan(level), Some(level)))).collect()
}

#[tokio::test(start_paused = true)]
async fn every_command_is_refused_to_whoever_may_less_and_to_nobody_else() {
    for row in commands::all() {
        let data: Vec<u8> = row.group.into_iter().collect();
        let command = (row.netfn, row.number);
        let mut world = World::new();
        for (caller, level) in callers() {
            let may = match row.need {
                Need::Nothing => true,
                Need::InBand => false,
                Need::Level(needed) => level >= Some(needed),
            };
            let refused = world.ask_as(caller, command, &data) == Err(Completion::INSUFFICIENT_PRIVILEGE);
            assert_eq!(refused, !may, "{} for {level:?}", row.name);
        }
        let reply = World::new().ask_as(IN_BAND, command, &data);
        assert_ne!(reply, Err(Completion::INSUFFICIENT_PRIVILEGE), "{} in band", row.name);
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_not_there_is_invalid_to_everybody() {
    let mut world = World::new();
    for (caller, _) in callers() {
        // Master Write-Read: there is no bus behind this BMC.
        for command in [(0x06, 0x52), (0x00, 0x7F), (0x30, 0x01)] {
            assert_eq!(world.ask_as(caller, command, &[]), Err(Completion::INVALID_COMMAND));
        }
    }
}

#[test]
fn what_a_bmc_must_have_is_there() {
    // What table G-1 calls mandatory of the groups that are here, and a LAN channel needs.
    let mandatory = [
        (0x06, 0x01),
        (0x06, 0x02),
        (0x06, 0x04),
        (0x06, 0x08),
        (0x06, 0x22),
        (0x06, 0x24),
        (0x06, 0x25),
        (0x06, 0x2E),
        (0x06, 0x2F),
        (0x06, 0x30),
        (0x06, 0x31),
        (0x06, 0x33),
        (0x06, 0x37),
        (0x06, 0x38),
        (0x06, 0x39),
        (0x06, 0x3A),
        (0x06, 0x3B),
        (0x06, 0x3C),
        (0x06, 0x3D),
        (0x06, 0x40),
        (0x06, 0x41),
        (0x06, 0x42),
        (0x06, 0x43),
        (0x06, 0x44),
        (0x06, 0x45),
        (0x06, 0x46),
        (0x06, 0x47),
        (0x06, 0x54),
        (0x00, 0x00),
        (0x00, 0x01),
        (0x00, 0x02),
        (0x0C, 0x01),
        (0x0C, 0x02),
        (0x04, 0x00),
        (0x04, 0x01),
    ];
    let missing: Vec<_> = mandatory
        .into_iter()
        .filter(|it| commands::all().all(|row| (row.netfn, row.number) != *it))
        .collect();
    assert!(missing.is_empty(), "{missing:02x?}");
}
