//! What real BMCs do that no standard says, by name: a row for each, with its evidence, and how it is told that it applies.
//!
//! A quirk is recognised by what the BMC answers wherever that is possible ([`Sign::Answer`]). Where a wrong request is
//! taken without a word, there is no answer to go by, and the rows with [`Sign::Platform`] go by what the service root and
//! the system say of themselves. Whatever is done on account of a row leaves the row's name in the answer's notes.
//! The letters and numbers in the evidence (B5, README 31) are those of the list of field quirks.

use super::platform::Platform;
use crate::{driver::Deviation, drivers::notes::Notes};

/// One departure that is known from the field.
#[derive(Debug)]
pub(super) struct Quirk {
    /// Its name in notes.
    pub(super) name: &'static str,
    /// What the BMC does.
    pub(super) about: &'static str,
    /// Which machines were seen to do it, and who says so.
    pub(super) evidence: &'static str,
    /// How it is recognised.
    pub(super) sign: Sign,
}

/// How a quirk is recognised.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sign {
    /// By an answer of the BMC: nothing is done differently before.
    Answer,
    /// By what the BMC says of itself.
    Platform(fn(&Platform<'_>) -> bool),
}

/// Every row.
#[cfg(test)]
pub(super) const QUIRKS: &[&Quirk] = &[
    &NOT_READY,
    &GLUED_VALUES,
    &STRANGE_VALUES,
    &VALUE_NOT_TAKEN,
    &RESET_WITHOUT_TYPE,
    &RESET_WANTS_TYPE,
    &BOOT_IN_SETTINGS,
    &MODE_DEMANDED,
    &MODE_REFUSED,
    &TARGET_STAYS,
    &EQUAL_IS_REFUSED,
    &MODE_FALLS,
    &BOOT_WRITTEN_WHOLE,
    &USB_CD,
    &UEFI_TARGET,
    &OWN_TAG_REFUSED,
    &WRITES_WANT_A_TAG,
    &NO_LINK_FROM_ROOT,
    &FOREIGN_MEMBER,
    &NO_MANAGED_BY,
    &SERVICE_TAG,
    &SWAPPED_UUID,
    &TOKEN_REFUSED,
    &SLASH,
    &LATE_TASK,
    &TASK_DELETED,
    &SCHEDULED,
    &ACCOUNT_SLOTS,
    &MEDIA_BY_PATCH,
    &MEDIA_DEMANDS,
    &APPLY_TIME_REFUSED,
    &BY_TOOL,
];

pub(super) const NOT_READY: Quirk = Quirk {
    name: "not-ready-after-power",
    about: "it refuses a power action that the state it reports allows",
    evidence: "Dell iDRAC 10: On is 409 for up to 60 s after off (P2); HPE iLO 4 to 6: 400 while a reset is under way (P1)",
    sign: Sign::Answer,
};

pub(super) const GLUED_VALUES: Quirk = Quirk {
    name: "glued-allowable-values",
    about: "two allowable values stand there as one",
    evidence: "Supermicro SYS-510T, Redfish 1.14.0: GracefulShutdownGracefulRestart (P6)",
    sign: Sign::Answer,
};

pub(super) const STRANGE_VALUES: Quirk = Quirk {
    name: "strange-allowable-values",
    about: "none of the allowable values is one that the schema knows",
    evidence: "a list is not to be trusted blindly (P6, README 27)",
    sign: Sign::Answer,
};

pub(super) const VALUE_NOT_TAKEN: Quirk = Quirk {
    name: "value-offered-and-not-taken",
    about: "it refuses a value that its list offers, or that everybody takes",
    evidence: "Dell R740xd, iDRAC 9: GracefulRestart \"is not in the list of acceptable values\" (P7, README 27)",
    sign: Sign::Answer,
};

pub(super) const RESET_WITHOUT_TYPE: Quirk = Quirk {
    name: "reset-without-type",
    about: "its manager's reset takes no ResetType",
    evidence: "HPE iLO: no list, and a ResetType may be refused where {} is taken (P8)",
    sign: Sign::Answer,
};

pub(super) const RESET_WANTS_TYPE: Quirk = Quirk {
    name: "reset-wants-type",
    about: "its manager's reset demands a ResetType and lists none",
    evidence: "the counterpart of P8: DSP0268 makes the parameter optional",
    sign: Sign::Answer,
};

pub(super) const BOOT_IN_SETTINGS: Quirk = Quirk {
    name: "boot-in-settings",
    about: "the boot override can be written at @Redfish.Settings only",
    evidence: "Dell iDRAC 10, R570 and R470 (B1); Nokia on AMI (B3)",
    sign: Sign::Answer,
};

pub(super) const MODE_DEMANDED: Quirk = Quirk {
    name: "boot-mode-demanded",
    about: "it takes no boot override without a mode",
    evidence: "Supermicro: BootSourceOverrideMode is a required property (B5)",
    sign: Sign::Answer,
};

pub(super) const MODE_REFUSED: Quirk = Quirk {
    name: "boot-mode-refused",
    about: "it takes no boot override with a mode, although it shows one",
    evidence: "HPE Gen9, Gen10 (DL160) (B7)",
    sign: Sign::Answer,
};

pub(super) const TARGET_STAYS: Quirk = Quirk {
    name: "boot-target-stays",
    about: "it refuses the target None when the override is cleared",
    evidence: "HPE iLO (B9)",
    sign: Sign::Answer,
};

pub(super) const EQUAL_IS_REFUSED: Quirk = Quirk {
    name: "equal-value-refused",
    about: "it refuses a value that is already so",
    evidence: "BootSourceOverrideEnabled on various BMCs (B12)",
    sign: Sign::Answer,
};

pub(super) const MODE_FALLS: Quirk = Quirk {
    name: "boot-mode-falls-to-legacy",
    about: "a boot override without a mode makes it Legacy",
    evidence: "Supermicro (B5, README 31)",
    sign: Sign::Platform(|p| p.is_by("Supermicro")),
};

pub(super) const BOOT_WRITTEN_WHOLE: Quirk = Quirk {
    name: "boot-written-whole",
    about: "a boot override in parts is taken and not applied",
    evidence: "AMI MegaRAC, ASRockRack (B6, README 31)",
    sign: Sign::Platform(|p| p.is_by("AMI") || p.is_by("ASRockRack")),
};

pub(super) const USB_CD: Quirk = Quirk {
    name: "usb-cd",
    about: "its CD is called UsbCd, although Cd is offered too",
    evidence: "Supermicro X11 and X12; not the ARS-111GL-NHR, which wants Cd (B4)",
    sign: Sign::Platform(|p| p.is_by("Supermicro") && p.model != Some("ARS-111GL-NHR")),
};

pub(super) const UEFI_TARGET: Quirk = Quirk {
    name: "pxe-as-uefi-target",
    about: "it shows an override as the UEFI path that it became",
    evidence: "Dell turns Pxe into UefiTarget (README 31)",
    sign: Sign::Answer,
};

pub(super) const OWN_TAG_REFUSED: Quirk = Quirk {
    name: "own-etag-refused",
    about: "it refuses the ETag that it gave",
    evidence: "AMI MegaRAC, Gigabyte R-series: W/\"…\" in no spelling, * only (E3); Lenovo XCC: not with W/ (E5); \
               others: not with quotes (E9)",
    sign: Sign::Answer,
};

pub(super) const WRITES_WANT_A_TAG: Quirk = Quirk {
    name: "writes-want-a-tag",
    about: "a change without If-Match is taken and not applied",
    evidence: "AMI (README 35)",
    sign: Sign::Platform(|p| p.runs_firmware_by("AMI")),
};

pub(super) const NO_LINK_FROM_ROOT: Quirk = Quirk {
    name: "no-link-from-root",
    about: "its service root does not link the collections that it has",
    evidence: "NVIDIA DGX H100, AMI 1.11.0 (D9)",
    sign: Sign::Answer,
};

pub(super) const FOREIGN_MEMBER: Quirk = Quirk {
    name: "foreign-member",
    about: "a collection has a member that lives elsewhere",
    evidence: "NVIDIA DGX H100, AMI 1.11.0: in Systems and Managers (D9)",
    sign: Sign::Answer,
};

pub(super) const NO_MANAGED_BY: Quirk = Quirk {
    name: "no-managed-by",
    about: "the system does not say which manager is its own",
    evidence: "Huawei 1288H: the manager says it instead (D13)",
    sign: Sign::Answer,
};

pub(super) const SERVICE_TAG: Quirk = Quirk {
    name: "serial-number-is-the-boards",
    about: "SerialNumber is the mainboard's, the machine's own is the SKU",
    evidence: "Dell PowerEdge: R750, iDRAC 9 7.10.30, serial MXFC40025U031S, service tag CLLV0R3 (D14, README 43)",
    sign: Sign::Platform(|p| p.runs_firmware_by("Dell")),
};

pub(super) const SWAPPED_UUID: Quirk = Quirk {
    name: "swapped-uuid",
    about: "the first three fields of the UUID have their bytes swapped",
    evidence: "Supermicro (D15, README 43)",
    sign: Sign::Answer,
};

pub(super) const TOKEN_REFUSED: Quirk = Quirk {
    name: "fresh-token-refused",
    about: "it refuses the token that it has just given, and takes Basic",
    evidence: "README 37",
    sign: Sign::Answer,
};

pub(super) const SLASH: Quirk = Quirk {
    name: "redirected-for-a-slash",
    about: "it redirects a change for the sake of a trailing slash",
    evidence: "README 39",
    sign: Sign::Answer,
};

pub(super) const LATE_TASK: Quirk = Quirk {
    name: "late-task",
    about: "the task that it names is not there yet",
    evidence: "Dell: the URI of a new job is 404 for seconds (S7)",
    sign: Sign::Answer,
};

pub(super) const TASK_DELETED: Quirk = Quirk {
    name: "task-deleted",
    about: "the task is gone before it was seen to end",
    evidence: "Dell iDRAC below 5.00.00.00 after 60 s, 7.00.00.00 after seconds (dell/iDRAC-Redfish-Scripting#275); \
               Lenovo XCC on the first look at the monitor (S8)",
    sign: Sign::Answer,
};

pub(super) const SCHEDULED: Quirk = Quirk {
    name: "scheduled-for-the-next-reset",
    about: "its task does not begin before the host is reset",
    evidence: "Dell iDRAC: a boot mode becomes a BIOS job (B13), whose Oem.Dell.JobState is Scheduled \
               (dell/iDRAC-Redfish-Scripting#319)",
    sign: Sign::Answer,
};

pub(super) const ACCOUNT_SLOTS: Quirk = Quirk {
    name: "accounts-in-slots",
    about: "its accounts are slots that are always there: none is made or deleted, a name is given or taken",
    evidence: "Dell iDRAC: POST and DELETE are 405 (README 41)",
    sign: Sign::Answer,
};

pub(super) const MEDIA_BY_PATCH: Quirk = Quirk {
    name: "media-by-patch",
    about: "a slot for virtual media has no action to insert or to eject, and is written to instead",
    evidence: "Lenovo SD530, SR670 V2, XCC 2.83 (V1); Cisco C845A: some slots (V9)",
    sign: Sign::Answer,
};

pub(super) const MEDIA_DEMANDS: Quirk = Quirk {
    name: "media-demands-more",
    about: "it demands a parameter to insert an image that the standard leaves out",
    evidence: "Nokia on AMI: TransferProtocolType, TransferMethod (V3); Supermicro X11 and X12 refuse Inserted and \
               WriteProtected, so that they are not sent before (V2)",
    sign: Sign::Answer,
};

pub(super) const APPLY_TIME_REFUSED: Quirk = Quirk {
    name: "apply-time-refused",
    about: "it lists the times at which settings can apply, and refuses to be told one",
    evidence: "the counterpart of B17: an iDRAC forgets settings that do not say when they apply",
    sign: Sign::Answer,
};

pub(super) const BY_TOOL: Quirk = Quirk {
    name: "done-by-the-makers-program",
    about: "it has nothing to do this by, and its maker's own program did it",
    evidence: "Supermicro X10 and older: a log without LogService.ClearLog; `sum -c ClearEventLog`",
    sign: Sign::Answer,
};

impl Quirk {
    /// Whether it is to be expected of this BMC before it has answered.
    pub(super) fn applies(&self, platform: &Platform<'_>) -> bool {
        match self.sign {
            Sign::Answer => false,
            Sign::Platform(is) => is(platform),
        }
    }
}

impl Notes {
    /// Notes that something was done on account of this quirk.
    pub(super) fn quirk(&mut self, quirk: &Quirk) {
        let Quirk { name, about, evidence, .. } = *quirk;
        self.forgive(Deviation::Quirk { name, about, evidence });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::drivers::redfish::{
        document::{Document, View},
        json::Json,
        platform::Maker,
    };

    /// Root and system of recorded or described machines, and the rows that apply to each.
    #[test]
    fn a_platform_row_applies_where_it_was_seen_and_nowhere_else() {
        let supermicro = json!({"Oem": {"Supermicro": {}}});
        let seen = [
            // Contoso, of the standard's own examples.
            (json!({"Vendor": "Contoso"}), json!({"Manufacturer": "Contoso", "Model": "3500RX"}), vec![]),
            // Dell R750, iDRAC 9 7.10.30.
            (
                json!({"Vendor": "Dell", "Oem": {"Dell": {}}}),
                json!({"Manufacturer": "Dell Inc.", "Model": "PowerEdge R750"}),
                vec!["serial-number-is-the-boards"],
            ),
            // A Dell without an iDRAC.
            (json!({}), json!({"Manufacturer": "Dell Inc."}), vec![]),
            // Supermicro SYS-821GE, BMC 01.01.11; no Vendor.
            (
                supermicro.clone(),
                json!({"Manufacturer": "Supermicro", "Model": "SYS-821GE-TNHR"}),
                vec!["boot-mode-falls-to-legacy", "usb-cd"],
            ),
            (
                supermicro,
                json!({"Manufacturer": "Supermicro", "Model": "ARS-111GL-NHR"}),
                vec!["boot-mode-falls-to-legacy"],
            ),
            // Gigabyte H262, MegaRAC 12.84.
            (
                json!({"Vendor": "AMI", "Oem": {"Ami": {}, "Dre": {}, "Vendor": {}}}),
                json!({"Manufacturer": "GIGABYTE", "Model": "H262-Z63-00"}),
                vec!["boot-written-whole", "writes-want-a-tag"],
            ),
            (json!({}), json!({"Manufacturer": "ASRockRack"}), vec!["boot-written-whole"]),
            // HPE DL380a, iLO 6 1.66; Lenovo SR670 V2, XCC 2.83; OpenBMC 2.15.
            (json!({"Vendor": "HPE", "Oem": {"Hpe": {}}}), json!({"Manufacturer": "HPE"}), vec![]),
            (json!({"Vendor": "Lenovo"}), json!({"Manufacturer": "Lenovo"}), vec![]),
            (json!({}), json!({}), vec![]),
        ];
        for (root, system, expected) in seen {
            let (maker, system) =
                (Maker::read(View::of(&Json::of(&root).unwrap())), Document::of("/", &system));
            let platform = Platform::new(&maker, &system);
            let applying: Vec<_> = QUIRKS.iter().filter(|q| q.applies(&platform)).map(|q| q.name).collect();
            assert_eq!(applying, expected, "{root}");
        }
    }

    #[test]
    fn every_row_has_a_name_of_its_own_and_evidence() {
        let names: BTreeSet<_> = QUIRKS.iter().map(|quirk| quirk.name).collect();
        assert_eq!(names.len(), QUIRKS.len());
        assert!(QUIRKS.iter().all(|quirk| !quirk.about.is_empty() && !quirk.evidence.is_empty()));
    }
}
