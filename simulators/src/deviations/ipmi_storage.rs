//! Quirks of IPMI with sensor records, readings, inventories, the event log and DCMI. The numbers are those of the list of field
//! quirks for IPMI.

use serde_json::json;

use super::Deviation;
use crate::{
    ipmi::{Heard, Reply, command::Completion},
    machine::Host,
    redfish::clock::BIRTH,
};

const GET_READING: (u8, u8) = (0x04, 0x2D);
const READ_FRU: (u8, u8) = (0x0A, 0x11);
const GET_SDR: (u8, u8) = (0x0A, 0x23);
const GET_SEL_ENTRY: (u8, u8) = (0x0A, 0x43);
const GET_SEL_TIME: (u8, u8) = (0x0A, 0x48);
const SET_SEL_TIME: (u8, u8) = (0x0A, 0x49);
const CAPABILITIES: (u8, u8) = (0x2C, 0x01);
const POWER_READING: (u8, u8) = (0x2C, 0x02);
/// All bytes of a record.
const WHOLE: u8 = 0xFF;

pub(super) const ROWS: &[Deviation] = &[
    // 27: FreeIPMI, ipmitool and pyghmi read in parts after it.
    Deviation::named("ipmi-sdr-whole-refused", "refuses to read a whole sensor record at once (CAh)")
        .on_ipmi_request(|heard, _| {
            is_whole(heard, GET_SDR).then_some(Err(Completion::CANNOT_RETURN_SO_MUCH))
        }),
    // 27: ipmi_sim 2.0.33.
    Deviation::named(
        "ipmi-sdr-junk-behind",
        "sends six bytes too many behind a sensor record that is read whole",
    )
    .on_ipmi_answer(|heard, reply| {
        if let Ok(data) = reply
            && is_whole(heard, GET_SDR)
        {
            data.extend([0x5A; 6]);
        }
    }),
    // 23 of the commands' list: short records.
    Deviation::named(
        "ipmi-sdr-cut-short",
        "ends a sensor record that is read whole three bytes before its end",
    )
    .on_ipmi_answer(|heard, reply| {
        if let Ok(data) = reply
            && is_whole(heard, GET_SDR)
        {
            data.truncate(data.len().saturating_sub(3));
        }
    }),
    // 23 of the commands' list: C5h while nobody else reserves.
    Deviation::named(
        "ipmi-sdr-reservation-lost",
        "loses the reservation of the sensor records at every tenth read",
    )
    .on_ipmi_request(lose_reservation),
    // 27: gebn/bmc, ReadingUnavailable.
    Deviation::named("ipmi-no-readings-in-post", "has no readings while the host is in POST").on_ipmi_answer(
        |heard, reply| {
            if let Ok(data) = reply
                && heard.is(GET_READING)
                && heard.facts.host == Host::Post
                && data.len() > 1
            {
                (data[0], data[1]) = (0, data[1] | 0x20);
            }
        },
    ),
    // 27: pyghmi, "empty reading when absent".
    Deviation::named(
        "ipmi-absent-reading-empty",
        "answers 00h without data for a sensor that has no reading",
    )
    .on_ipmi_answer(|heard, reply| {
        if let Ok(data) = reply
            && heard.is(GET_READING)
            && data.get(1).is_some_and(|flags| flags & 0x20 != 0)
        {
            data.clear();
        }
    }),
    // ipmi_sim 2.0.33.
    Deviation::named("ipmi-no-sensor-is-invalid", "says CCh of a sensor that is not there, in place of CBh")
        .on_ipmi_answer(|heard, reply| {
            if heard.netfn == 0x04 && heard.number >= 0x23 && *reply == Err(Completion::NOT_PRESENT) {
                *reply = Err(Completion::INVALID_FIELD);
            }
        }),
    // 27: pyghmi cuts FFh, FEh and NUL.
    Deviation::named("ipmi-fru-padded-nul", "ends the texts of inventories with NULs")
        .one_way_of("ipmi-fru-texts")
        .on_manners(|manners| manners.inventory.padding = &[0, 0]),
    // 27: pyghmi cuts FFh, FEh and NUL.
    Deviation::named("ipmi-fru-padded-ff", "ends the texts of inventories with FFh")
        .one_way_of("ipmi-fru-texts")
        .on_manners(|manners| manners.inventory.padding = &[0xFF, 0xFF, 0xFF]),
    // 27: pyghmi takes no date below 800 minutes.
    Deviation::named("ipmi-fru-made-in-1996", "says that boards were made in the first hours of 1996")
        .on_manners(|manners| manners.inventory.minutes = Some(291)),
    // ipmitool goes down with the count on C7h, C8h and CAh.
    Deviation::named(
        "ipmi-fru-sixteen-bytes",
        "refuses to read more than 16 bytes of an inventory at once (CAh)",
    )
    .on_ipmi_request(|heard, _| {
        let is_much = heard.is(READ_FRU) && heard.data.get(3).is_some_and(|count| *count > 16);
        is_much.then_some(Err(Completion::CANNOT_RETURN_SO_MUCH))
    }),
    // ipmi_sim 2.0.33.
    Deviation::named("ipmi-sel-parts-refused", "says CBh where an entry of the log is read in parts")
        .on_ipmi_request(|heard, _| {
            let is_part = heard.is(GET_SEL_ENTRY) && heard.data.get(5).is_some_and(|count| *count != WHOLE);
            is_part.then_some(Err(Completion::NOT_PRESENT))
        }),
    // ipmi_sim 2.0.33: "Pre-Init" until Set SEL Time.
    Deviation::named("ipmi-sel-since-start", "counts the log's time from its start, until it is set")
        .on_ipmi_request(|heard, _| {
            if heard.is(SET_SEL_TIME) {
                heard.memory.keep(TIME_SET, json!(true), heard.facts.now);
            }
            None
        })
        .on_ipmi_answer(since_start),
    // 22: Supermicro; gebn/bmc.
    Deviation::named(
        "ipmi-dcmi-power-empty",
        "answers Get Power Reading with 00h and nothing, though it can measure power",
    )
    .on_ipmi_answer(|heard, reply| {
        if let Ok(data) = reply
            && heard.is(POWER_READING)
        {
            data.clear();
        }
    }),
    // 22: Supermicro; gebn/bmc.
    Deviation::named("ipmi-dcmi-old-body", "says that it follows DCMI 1.1, with the body of DCMI 1.0")
        .on_ipmi_answer(|heard, reply| {
            if let Ok(data) = reply
                && heard.is(CAPABILITIES)
                && data.len() > 3
            {
                data[..3].copy_from_slice(&[1, 1, 1]);
                // The log's attributes, identification, and the temperatures: four bytes.
                data.truncate(7);
            }
        }),
    // 21: Supermicro, for somebody who may too little; gebn/bmc.
    Deviation::named("ipmi-group-error-bare", "leaves the group's byte out of an error")
        .on_manners(|manners| manners.group_in_errors = false),
];

const TIME_SET: &str = "ipmi-sel-since-start";
const READS: &str = "ipmi-sdr-reservation-lost";

fn is_whole(heard: &Heard<'_>, command: (u8, u8)) -> bool {
    heard.is(command) && heard.data.get(5) == Some(&WHOLE)
}

fn lose_reservation(heard: &Heard<'_>, _: &mut Vec<u8>) -> Option<Reply> {
    let is_part = heard.is(GET_SDR) && heard.data.get(..2).is_some_and(|it| it != [0, 0]);
    if !is_part {
        return None;
    }
    let reads = heard.memory.kept(READS).and_then(|it| it.as_u64()).unwrap_or(0) + 1;
    heard.memory.keep(READS, json!(reads), heard.facts.now);
    reads.is_multiple_of(10).then_some(Err(Completion::RESERVATION_LOST))
}

fn since_start(heard: &Heard<'_>, reply: &mut Reply) {
    let at = match () {
        () if heard.is(GET_SEL_TIME) => 0,
        // An event, whose time is its fourth byte to its seventh, behind the number of the next.
        () if is_whole(heard, GET_SEL_ENTRY) => 5,
        () => return,
    };
    if heard.memory.kept(TIME_SET).is_some() {
        return;
    }
    let Ok(data) = reply else { return };
    let Some(time) = data.get_mut(at..at + 4) else { return };
    let since_1970 = u32::from_le_bytes([time[0], time[1], time[2], time[3]]);
    let born = u32::try_from(BIRTH).unwrap_or(0);
    time.copy_from_slice(&since_1970.saturating_sub(born).to_le_bytes());
}

#[cfg(test)]
mod tests;
