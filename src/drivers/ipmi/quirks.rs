//! What real BMCs do that no standard says, by name: a row for each, with its evidence, and how it is told that it applies.
//!
//! Most rows are recognised by what the BMC answers ([`Sign::Answer`]): nothing is done differently before. Where a wrong
//! request is taken without a word, a row goes by the manufacturer that the device ID names ([`Sign::Maker`]). A handshake
//! that is wrong in its proofs cannot be told from a wrong password, and every try is counted: those rows are
//! [`Sign::Configured`] on the endpoint. What is done on account of a row leaves the row's name in the answer's notes.
//! The numbers in the evidence (README 17) are those of the list of field quirks.
//!
//! What a console meets once it is open has no answer to leave a note in; its rows say what `rmcp::sol` and `sol` do.
//!
//! Departures that need no decision have no row. They are understood wherever they come: refusals of 1 and 2 bytes, pads of
//! another length, checksums that do not fit, short answers, and retransmissions that are never answered.

use crate::{driver::Deviation, drivers::notes::Notes};

/// One departure that is known from the field.
#[derive(Debug)]
pub(super) struct Quirk {
    /// Its name in notes, and in the endpoint's options.
    pub(super) name: &'static str,
    /// What the BMC does.
    pub(super) about: &'static str,
    /// Which machines were seen to do it, and who says so.
    pub(super) evidence: &'static str,
    /// How it is recognised.
    pub(super) sign: Sign,
}

/// How a quirk is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// By an answer of the BMC.
    Answer,
    /// By the manufacturer's IANA number in Get Device ID (§20.1).
    Maker(&'static [u32]),
    /// By the endpoint's configuration only.
    Configured,
}

const SUPERMICRO: &[u32] = &[10_876, 47_488];
const FUJITSU: &[u32] = &[10_368];

/// Every row.
pub(super) const QUIRKS: &[&Quirk] = &[
    &OPEN_SESSION_ROLE,
    &PADDED_NAME,
    &PLAIN_ROLE_IN_RAKP3,
    &SIK_FOR_K1,
    &SESSION_ID_ZERO,
    &NO_SET_PRIVILEGE,
    &LOWER_PRIVILEGE,
    &NO_SET_IN_PROGRESS,
    &STALE_SET_IN_PROGRESS,
    &NO_VALID_BIT_TIMER,
    &NO_INFO_ACKNOWLEDGE,
    &UEFI_DISK,
    &REMOTE_CDROM,
    &EMPTY_POWER_READING,
    &NAME_OF_FFH,
    &NO_ACCESS_REFUSED,
    &NO_PAYLOAD_ACCESS,
    &ENABLE_WANTS_PASSWORD,
    &DISABLE_REFUSED,
    &SURPLUS_SDR_BYTES,
    &PAYLOAD_SIZE,
    &NOTHING_ACCEPTED,
    &DEACTIVATED_SILENTLY,
];

pub(super) const OPEN_SESSION_ROLE: Quirk = Quirk {
    name: "open-session-role",
    about: "its proofs are over the role of Open Session instead of RAKP 1's",
    evidence: "FreeIPMI opensesspriv: Sun ILOM, Supermicro X8, Dell C5220, Intel S5500 and S2600 (README 1)",
    sign: Sign::Answer,
};

pub(super) const PADDED_NAME: Quirk = Quirk {
    name: "padded-user-name",
    about: "it knows a user by a name of 16 bytes only, and hashes the role without its name-only bit",
    evidence: "ipmitool i82571spt: Intel 82571 (README 2)",
    sign: Sign::Configured,
};

pub(super) const PLAIN_ROLE_IN_RAKP3: Quirk = Quirk {
    name: "plain-role-in-rakp-3",
    about: "it expects RAKP 3's proof over the role without its name-only bit",
    evidence: "ipmitool intelplus, OpenIPMI rakp3_wrong_rolem (README 3)",
    sign: Sign::Configured,
};

pub(super) const SIK_FOR_K1: Quirk = Quirk {
    name: "sik-for-k1",
    about: "its packets are authenticated by the session integrity key instead of K1",
    evidence: "OpenIPMI rmcpp_integ_sik (README 4)",
    sign: Sign::Configured,
};

pub(super) const SESSION_ID_ZERO: Quirk = Quirk {
    name: "session-id-zero",
    about: "its session has the ID 0, which belongs to no session",
    evidence: "FreeIPMI idzero: Tyan S2882 (README 10)",
    sign: Sign::Configured,
};

pub(super) const NO_SET_PRIVILEGE: Quirk = Quirk {
    name: "no-set-session-privilege",
    about: "it has no Set Session Privilege Level",
    evidence: "Intel 82571 (README 2)",
    sign: Sign::Answer,
};

pub(super) const LOWER_PRIVILEGE: Quirk = Quirk {
    name: "lower-privilege",
    about: "it refuses a privilege that it gave the session the role for",
    evidence: "pyghmi: ADMINISTRATOR is 80h or 81h, OPERATOR works (README 16)",
    sign: Sign::Answer,
};

pub(super) const NO_SET_IN_PROGRESS: Quirk = Quirk {
    name: "no-set-in-progress",
    about: "it has no boot option parameter 0, \"set in progress\"",
    evidence: "80h or CCh on various BMCs; ipmi_sim (README 17)",
    sign: Sign::Answer,
};

pub(super) const STALE_SET_IN_PROGRESS: Quirk = Quirk {
    name: "stale-set-in-progress",
    about: "somebody else's \"set in progress\" of the boot options was never completed",
    evidence: "81h after a client that ended half way (§28.12)",
    sign: Sign::Answer,
};

pub(super) const NO_VALID_BIT_TIMER: Quirk = Quirk {
    name: "no-valid-bit-timer",
    about: "it does not let the timer be switched off that drops a boot override after 60 s",
    evidence: "OpenBMC refuses parameter 3 (Ironic ipmi_disable_boot_timeout) (README 17)",
    sign: Sign::Answer,
};

pub(super) const NO_INFO_ACKNOWLEDGE: Quirk = Quirk {
    name: "no-boot-info-acknowledge",
    about: "it has no boot option parameter 4, \"boot info acknowledge\"",
    evidence: "80h or CCh on various BMCs (README 17)",
    sign: Sign::Answer,
};

pub(super) const UEFI_DISK: Quirk = Quirk {
    name: "uefi-disk-is-24h",
    about: "the boot selector of a UEFI disk is 24h; 08h is taken and does nothing",
    evidence: "Supermicro (Ironic, go-hal) (README 17)",
    sign: Sign::Maker(SUPERMICRO),
};

pub(super) const REMOTE_CDROM: Quirk = Quirk {
    name: "cdrom-is-20h",
    about: "the boot selector of a CD-ROM is 20h",
    evidence: "Fujitsu iRMC (README 25)",
    sign: Sign::Maker(FUJITSU),
};

pub(super) const EMPTY_POWER_READING: Quirk = Quirk {
    name: "empty-power-reading",
    about: "it takes Get Power Reading and answers with nothing",
    evidence: "gebn/bmc: Supermicro (README 19)",
    sign: Sign::Answer,
};

pub(super) const NAME_OF_FFH: Quirk = Quirk {
    name: "name-of-ffh",
    about: "it takes no empty user name, and 16 bytes of FFh for one",
    evidence: "Racker deletes accounts so (README 21)",
    sign: Sign::Answer,
};

pub(super) const NO_ACCESS_REFUSED: Quirk = Quirk {
    name: "no-access-refused",
    about: "it does not take \"no access\" for an account's privilege limit",
    evidence: "the limit Fh came with IPMI v2.0 (§22.26)",
    sign: Sign::Answer,
};

pub(super) const NO_PAYLOAD_ACCESS: Quirk = Quirk {
    name: "no-payload-access",
    about: "it keeps no account from the console that may log in",
    evidence: "ipmi_sim and others without Set User Payload Access",
    sign: Sign::Answer,
};

pub(super) const ENABLE_WANTS_PASSWORD: Quirk = Quirk {
    name: "enable-wants-password",
    about: "it wants the bytes of a password where an account is only enabled or disabled",
    evidence: "C7h for the form without them, which §22.30 allows",
    sign: Sign::Answer,
};

pub(super) const DISABLE_REFUSED: Quirk = Quirk {
    name: "disable-refused-when-disabled",
    about: "it refuses to disable an account that is disabled",
    evidence: "pyghmi (README 21)",
    sign: Sign::Answer,
};

pub(super) const SURPLUS_SDR_BYTES: Quirk = Quirk {
    name: "surplus-sdr-bytes",
    about: "it gives more bytes of a sensor data record than were asked for",
    evidence: "ipmi_sim 2.0.33: six more (README 23)",
    sign: Sign::Answer,
};

pub(super) const PAYLOAD_SIZE: Quirk = Quirk {
    name: "wrong-payload-size",
    about: "the payload sizes of its console make no sense",
    evidence: "FreeIPMI solpayloadsize: Asus, Intel, Sun, Supermicro X8, Quanta (README 22)",
    sign: Sign::Answer,
};

pub(super) const NOTHING_ACCEPTED: Quirk = Quirk {
    name: "nothing-accepted",
    about: "its console acknowledges a packet and says that it took none of it, although it did",
    evidence: "ipmitool intelplus (README 22)",
    sign: Sign::Answer,
};

pub(super) const DEACTIVATED_SILENTLY: Quirk = Quirk {
    name: "deactivated-by-a-short-payload",
    about: "when somebody else ends the console it says so by a payload that is too short to be one",
    evidence: "pyghmi (README 22)",
    sign: Sign::Answer,
};

impl Quirk {
    /// Whether it is to be expected of this manufacturer's BMCs.
    pub(super) fn is_of(&self, maker: u32) -> bool {
        matches!(self.sign, Sign::Maker(makers) if makers.contains(&maker))
    }

    /// Whether an endpoint may be configured with it: an answer needs no configuration.
    fn is_configurable(&self) -> bool {
        self.sign != Sign::Answer
    }
}

/// The names of the quirks that an endpoint can be configured with.
pub fn configurable() -> Vec<&'static str> {
    QUIRKS.iter().filter(|quirk| quirk.is_configurable()).map(|quirk| quirk.name).collect()
}

impl Notes {
    /// Notes that something was done on account of this quirk.
    pub(super) fn ipmi_quirk(&mut self, quirk: &Quirk) {
        let Quirk { name, about, evidence, .. } = *quirk;
        self.forgive(Deviation::Quirk { name, about, evidence });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own_and_evidence() {
        let names: BTreeSet<_> = QUIRKS.iter().map(|quirk| quirk.name).collect();
        assert_eq!(names.len(), QUIRKS.len());
        assert!(QUIRKS.iter().all(|quirk| !quirk.about.is_empty() && !quirk.evidence.is_empty()));
    }

    #[test]
    fn a_makers_row_applies_to_its_machines_and_to_no_others() {
        for (maker, expected) in
            [(10_876, vec!["uefi-disk-is-24h"]), (10_368, vec!["cdrom-is-20h"]), (674, vec![])]
        {
            let applying: Vec<_> = QUIRKS.iter().filter(|q| q.is_of(maker)).map(|q| q.name).collect();
            assert_eq!(applying, expected);
        }
    }

    #[test]
    fn what_an_answer_tells_is_not_to_be_configured() {
        assert!(configurable().contains(&"sik-for-k1") && !configurable().contains(&"no-set-in-progress"));
    }
}
