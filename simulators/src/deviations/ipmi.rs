//! Quirks of IPMI's sessions and of its commands for the chassis, its boot and the BMC itself. The numbers are those of the lists of
//! field quirks: Q those of IPMI in bytes, R those of the overview.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{Deviation, parts::made_by};
use crate::{
    ipmi::{
        Heard,
        command::Completion,
        commands::boot::Selected,
        guid::smbios,
        policy::{Flags, Limits},
    },
    machine::{Device, Mode, Power},
};

pub(super) const ROWS: &[Deviation] = &[
    // Q11: Supermicro X10; gebn/bmc.
    Deviation::named("ipmi-guid-zero", "has a system GUID of nothing but zeros")
        .one_way_of(GUID)
        .on_manners(|manners| manners.guid = |_| [0; 16]),
    // ipmitool before 1.8.19 takes every GUID for one of SMBIOS, since many BMCs give it so.
    Deviation::named("ipmi-guid-smbios", "gives GUIDs in the order of SMBIOS")
        .one_way_of(GUID)
        .on_manners(|manners| manners.guid = smbios),
    // Q12: OpenBMC offers nothing else.
    Deviation::named("ipmi-suite-17-only", "offers cipher suite 17 and no other")
        .one_way_of(SUITES)
        .on_manners(|manners| manners.lan.suites = &[17]),
    // Q12: newer Intel; ipmitool #350.
    Deviation::named("ipmi-no-suite-3", "does not offer cipher suite 3")
        .one_way_of(SUITES)
        .on_manners(|manners| manners.lan.suites = &[1, 2, 6, 7, 8, 11, 12, 15, 16, 17]),
    // Supermicro X10 and others of their time: HMAC-SHA1 is the best that there is.
    Deviation::named("ipmi-no-sha256", "offers no cipher suites with SHA256")
        .one_way_of(SUITES)
        .on_manners(|manners| manners.lan.suites = &[1, 2, 3, 6, 7, 8, 11, 12]),
    // Q16: HPE, Supermicro.
    Deviation::named("ipmi-no-v1.5", "does not speak IPMI v1.5").on_manners(|manners| manners.lan.legacy = 0),
    // Q29: four slots.
    Deviation::named("ipmi-four-sessions", "has four slots for sessions")
        .on_manners(|manners| manners.lan.sessions = 4),
    // Q29: a client that does not close loses its session after 30 s.
    Deviation::named("ipmi-idle-30", "ends sessions after 30 s without a word, where 60 s are due")
        .on_manners(|manners| manners.lan.idle = Duration::from_secs(30)),
    // Q15: pyghmi and go-ipmi ask again without the bit.
    Deviation::named(
        "ipmi-v2-bit-refused",
        "refuses Get Channel Authentication Capabilities that asks for IPMI v2.0 data",
    )
    .on_ipmi_request(|heard, _| {
        let asks = heard.is(AUTHENTICATION) && heard.data.first().is_some_and(|it| it & 0x80 != 0);
        asks.then_some(Err(Completion::INVALID_FIELD))
    }),
    // Q19: pyghmi tries OPERATOR then.
    Deviation::named(
        "ipmi-administrator-refused",
        "refuses to raise a session to ADMINISTRATOR, whoever asks",
    )
    .on_ipmi_request(|heard, _| heard.begins(SET_PRIVILEGE, &[4]).then_some(Err(Completion(0x81)))),
    // Q20: Supermicro; gebn/bmc.
    Deviation::named("ipmi-session-info-long", "answers Get Session Info of no session with six bytes")
        .on_ipmi_answer(|heard, reply| {
            if let Ok(data) = reply
                && heard.is(SESSION_INFO)
                && data.first() == Some(&0)
            {
                data.resize(6, 0);
            }
        }),
    // R25: Dell and iRMC ship so.
    Deviation::named("ipmi-ships-off", "is delivered with IPMI over LAN switched off").on_tree(|tree| {
        for protocol in tree.of_kind("ManagerNetworkProtocol") {
            if protocol["IPMI"].is_object() {
                protocol["IPMI"]["ProtocolEnabled"] = json!(false);
            }
        }
    }),
    // Q23: OpenBMC; ironic, ipmi_disable_boot_timeout.
    Deviation::named(
        "ipmi-boot-timer-refused",
        "refuses boot options parameter 3, by which the 60 s are switched off",
    )
    .on_ipmi_request(|heard, _| heard.begins(SET_BOOT, &[3]).then_some(Err(Completion::NO_SUCH_PARAMETER))),
    // R17: parameter 0 is not supported.
    Deviation::named("ipmi-boot-progress-refused", "knows no set in progress of boot options: CCh")
        .on_ipmi_request(|heard, _| {
            let is_it = heard.begins(SET_BOOT, &[0]) || heard.begins(GET_BOOT, &[0]);
            is_it.then_some(Err(Completion::INVALID_FIELD))
        }),
    // R17: parameter 4 is not supported.
    Deviation::named("ipmi-boot-acknowledge-refused", "knows no acknowledgement of boot options: 80h")
        .on_ipmi_request(|heard, _| {
            let is_it = heard.begins(SET_BOOT, &[4]) || heard.begins(GET_BOOT, &[4]);
            is_it.then_some(Err(Completion::NO_SUCH_PARAMETER))
        }),
    // OpenBMC's host-ipmid has no such timer.
    Deviation::named("ipmi-flags-never-expire", "keeps boot flags valid for longer than 60 s")
        .on_manners(|manners| manners.flags = Flags::Stay),
    // Q23: Supermicro; ironic's vendor supermicro, go-hal. 24h is the second byte, and so selector 9.
    Deviation::named(
        "ipmi-uefi-disk-24",
        "boots from the disk in UEFI mode by 24h alone; 08h is accepted and does nothing",
    )
    .one_way_of(SELECTORS)
    .on_manners(|manners| {
        manners.selected = |selector, mode| match (selector, mode) {
            (2, Mode::Uefi) => Selected::Nothing,
            (9, Mode::Uefi) => Selected::Device(Device::Disk),
            _ => Selected::of(selector, mode),
        }
    }),
    // What a driver may go by where no answer tells: Fujitsu's enterprise number.
    Deviation::named("irmc-by-name", "says that Fujitsu made it")
        .one_way_of("maker")
        .on_view(|view, _| Arc::make_mut(&mut view.id).manufacturer = "FUJITSU".to_owned())
        .on_ipmi_answer(|heard, reply| made_by(10_368, heard, reply)),
    // R25: iRMC; ironic's driver irmc.
    Deviation::named("ipmi-cdrom-20", "boots from CD by 20h alone; 14h is accepted and does nothing")
        .one_way_of(SELECTORS)
        .on_manners(|manners| {
            manners.selected = |selector, mode| match selector {
                5 => Selected::Nothing,
                _ => Selected::of(selector, mode),
            }
        }),
    // R17: persistent is never kept.
    Deviation::named("ipmi-persistent-dropped", "forgets that boot flags are to last").on_ipmi_request(
        |heard, data| {
            without(heard, data, 0x40);
            None
        },
    ),
    // R17: Supermicro X11; bmclib #209.
    Deviation::named("ipmi-efi-ignored", "takes boot flags for UEFI as those of a legacy boot")
        .on_ipmi_request(|heard, data| {
            without(heard, data, 0x20);
            None
        }),
    // Q23: os-autoinst #17794 saw `2004000000` of a parameter that was marked as invalid.
    Deviation::named(
        "ipmi-selector-stale",
        "shows the device of boot flags that are not valid any more, and marks them as invalid",
    )
    .on_ipmi_request(|heard, _| {
        if heard.begins(SET_BOOT, &[5]) && heard.data.len() == 6 {
            heard.memory.keep(STALE, json!(heard.data[2]), heard.facts.now);
        }
        None
    })
    .on_ipmi_answer(|heard, reply| {
        if let Ok(data) = reply
            && heard.begins(GET_BOOT, &[5])
            && data[2] & 0x80 == 0
            && let Some(second) = heard.memory.kept(STALE).and_then(|it| it.as_u64())
        {
            data[1] |= 0x80;
            data[3] = second as u8;
        }
    }),
    // R17: the override is not remembered over a power cycle, so that it must be sent before every power on.
    Deviation::named("override-lost-with-power", "forgets an override, lasting or not, when the power goes")
        .on_rules(|rules| rules.left_by_power_off = |_| None),
    // R18, Q24: ironic looks first.
    Deviation::named("ipmi-off-when-off-refused", "refuses to power off a host that is off").on_ipmi_request(
        |heard, _| {
            let is_off = heard.facts.power == Power::Off && heard.begins(CONTROL, &[0]);
            is_off.then_some(Err(Completion::NOT_IN_THIS_STATE))
        },
    ),
    // R18, Q24: "node busy" is to be tried again.
    Deviation::named("ipmi-busy-at-times", "answers every third Chassis Control and boot option with C0h")
        .on_ipmi_request(|heard, _| {
            let counts = heard.is(CONTROL) || heard.is(SET_BOOT);
            (counts && counted(heard, BUSY, None).is_multiple_of(3)).then_some(Err(Completion::BUSY))
        }),
    // R18: ironic's min_command_interval is 5 s for this reason.
    Deviation::named(
        "ipmi-polled-to-death",
        "answers Get Chassis Status with FFh after the tenth within 5 s",
    )
    .on_ipmi_request(|heard, _| {
        let window = Some(heard.facts.second * 5);
        (heard.is(STATUS) && counted(heard, POLLS, window) > 10).then_some(Err(Completion::UNSPECIFIED))
    }),
    // BMCs of IPMI v1.5 know no second byte; ipmitool and FreeIPMI have options to leave it out.
    Deviation::named("ipmi-identify-no-force", "refuses Chassis Identify with a second byte")
        .on_ipmi_request(|heard, _| {
            (heard.is(IDENTIFY) && heard.data.len() > 1).then_some(Err(Completion::LENGTH_INVALID))
        }),
    // Firmware that takes a message in when a limit is to be looked at: ipmi_sim does not look (README of ipmi_sim).
    Deviation::named("ipmi-limits-ignored", "gives any session the level that it asks for")
        .on_manners(|manners| manners.limits = Limits::Ignored),
];

const GUID: &str = "ipmi-guid";
const SUITES: &str = "ipmi-suites";
const SELECTORS: &str = "ipmi-boot-selectors";

const STATUS: (u8, u8) = (0x00, 0x01);
const CONTROL: (u8, u8) = (0x00, 0x02);
const IDENTIFY: (u8, u8) = (0x00, 0x04);
const SET_BOOT: (u8, u8) = (0x00, 0x08);
const GET_BOOT: (u8, u8) = (0x00, 0x09);
const AUTHENTICATION: (u8, u8) = (0x06, 0x38);
const SET_PRIVILEGE: (u8, u8) = (0x06, 0x3B);
const SESSION_INFO: (u8, u8) = (0x06, 0x3D);

const STALE: &str = "ipmi-stale-selector";
const BUSY: &str = "ipmi-busy-count";
const POLLS: &str = "ipmi-polls";

/// Boot flags without these bits of their first byte.
fn without(heard: &Heard<'_>, data: &mut [u8], bits: u8) {
    if heard.begins(SET_BOOT, &[5])
        && let [_, first, ..] = data
    {
        *first &= !bits;
    }
}

/// How often this was counted, now included; anew where the last window is over.
fn counted(heard: &Heard<'_>, what: &'static str, window: Option<Duration>) -> u64 {
    let now = heard.facts.now;
    let age = heard.memory.age(what, now);
    let before = heard.memory.kept(what).and_then(|it| it.as_u64()).unwrap_or(0);
    match (age, window) {
        (Some(age), Some(window)) if age >= window => {
            heard.memory.keep(what, json!(1), now);
            1
        }
        (Some(age), Some(_)) => {
            heard.memory.keep(what, json!(before + 1), now.saturating_sub(age));
            before + 1
        }
        _ => {
            heard.memory.keep(what, json!(before + 1), now);
            before + 1
        }
    }
}
