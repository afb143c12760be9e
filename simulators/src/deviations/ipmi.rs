//! Quirks of IPMI: what BMCs do with commands that the standard does not say, or says otherwise. The numbers are those of the list
//! of field quirks for IPMI.

use super::Deviation;
use crate::ipmi::{command::Completion, guid::smbios, policy};

const SET_BOOT: (u8, u8) = (0x00, 0x08);
const SESSION_INFO: (u8, u8) = (0x06, 0x3D);

pub(super) const ROWS: &[Deviation] = &[
    // 23: OpenBMC; ironic ipmi_disable_boot_timeout.
    Deviation::named(
        "ipmi-boot-timer-refused",
        "refuses boot options parameter 3, by which the 60 s are switched off",
    )
    .on_ipmi_request(|heard, _| heard.begins(SET_BOOT, &[3]).then_some(Err(Completion::NO_SUCH_PARAMETER))),
    // OpenBMC's host-ipmid keeps boot flags until a boot takes them.
    Deviation::named(
        "ipmi-flags-never-expire",
        "keeps boot flags valid for longer than 60 s, whatever parameter 3 says",
    )
    .on_manners(|manners| manners.flags = policy::Flags::Stay),
    // 20: Supermicro; gebn/bmc.
    Deviation::named("ipmi-session-info-long", "answers Get Session Info of no session with six bytes")
        .on_ipmi_answer(|heard, reply| {
            if let Ok(data) = reply
                && heard.is(SESSION_INFO)
                && data.first() == Some(&0)
            {
                data.resize(6, 0);
            }
        }),
    // Supermicro, and older ipmitool that knows no other order: the System GUID as SMBIOS has it.
    Deviation::named("ipmi-guid-smbios", "gives GUIDs in the order of SMBIOS")
        .on_manners(|manners| manners.guid = smbios),
];
