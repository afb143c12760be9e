//! Where our face and `ipmi_sim` (Debian's 2.0.33) differ, and who is right. A row that explains nothing any more fails.

/// Who is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Our face; `ipmi_sim` errs or has no such command.
    Ours,
    /// Both: the standard leaves it open.
    Both,
}

/// One difference.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The request's name; `*` at the end is whatever follows.
    pub(crate) request: &'static str,
    /// Which variants; none are all.
    pub(crate) variants: &'static [&'static str],
    /// The shape of our answer; `*` at the end is whatever follows, `|` parts alternatives.
    pub(crate) ours: &'static str,
    /// The shape of theirs.
    pub(crate) theirs: &'static str,
    /// Who is right.
    #[allow(dead_code, reason = "it is there to be read")]
    pub(crate) right: Right,
    /// What decides it, and why.
    pub(crate) clause: &'static str,
}

/// All of them; the first that explains a difference is taken.
pub(crate) const DIFFERENCES: &[Difference] = &[
    ours(
        "*",
        LONG,
        "c7:*",
        "*",
        "table 5-2, C7h: a request that is too long is refused; ipmi_sim reads what it needs",
    ),
    ours("Chassis Control, reserved", &[], "cc:0", "00:0", "§28.3: 6h to Fh are reserved; table 5-2, CCh"),
    ours("Chassis Identify", &[], "00:0", "00:35", "§28.5: no data; ipmi_sim leaks its stack"),
    ours(
        "Get Chassis Capabilities",
        &[],
        "00:6",
        "00:35",
        "§28.1: five or six bytes; ipmi_sim leaks its stack",
    ),
    ours("Set Watchdog Timer", &[], "00:0", "00:35", "§27.6: no data; ipmi_sim leaks its stack"),
    ours("Get Watchdog Timer", &[], "00:8", "00:6", "§27.7: eight bytes, the last two the present countdown"),
    ours(
        "Get Session Info, this one",
        &[],
        "00:18",
        "00:6",
        "§22.20: a LAN session's console has address and port",
    ),
    both("Get Chassis Status", &[], "00:4", "00:3", "§28.2: the front panel's byte is optional"),
    both("Get Sensor Reading", &[], "00:3", "00:4", "§35.14: the second byte of states is optional"),
    both(
        "*",
        &["sessionless"],
        "d4:0",
        "d5:0",
        "appendix G has who may ask, table 5-2 either code for who has no session",
    ),
    both(
        "Get Channel Authentication Capabilities",
        &[],
        "00:8|c7:0",
        "d5:0",
        "§22.13: in a session it may be refused",
    ),
    both("Get Channel Info, absent", &[], "cc:0", "cb:0", "§22.24 names no code; table 5-2 has either"),
    both(
        "Get LAN Configuration Parameters, no channel",
        &[],
        "cc:0",
        "cb:0",
        "§23.2 names no code; table 5-2 has either",
    ),
    both(
        "Set LAN Configuration Parameters, read-only",
        &["short"],
        "82:0",
        "c7:0",
        "§23.1: which of both errors is told first is open",
    ),
    both("Clear SEL, a wrong word", &[], "c5:0", "cc:0", "§31.9: which of both errors is told first is open"),
    ours(
        "Delete SEL Entry, absent",
        &[],
        "c5:0",
        "cb:0",
        "§31.8: the reservation is looked at, and it is none",
    ),
    ours(
        "Get SDR, a part without a reservation",
        &[],
        "c5:0",
        "00:7",
        "§33.12: a part that is not the first needs a reservation",
    ),
    ours(
        "Get FRU Inventory Area Info, absent",
        &[],
        "cb:0",
        "cc:0",
        "§34.1, and table 5-2, CBh: what is asked for is not present",
    ),
    ours(
        "Read FRU Data, beyond the end",
        &[],
        "c9:0",
        "c8:0",
        "§34.2, and table 5-2, C9h: the offset is out of range",
    ),
    ours(
        "Get Sensor Reading, absent",
        &[],
        "cb:0",
        "cc:0",
        "§35.14, and table 5-2, CBh: the sensor is not present",
    ),
    ours(
        "Get Sensor Thresholds, absent",
        &[],
        "cb:0",
        "cc:0",
        "§35.9, and table 5-2, CBh: the sensor is not present",
    ),
    ours(
        "Set Session Privilege Level, reserved",
        &[],
        "cc:0",
        "81:0",
        "§22.18: 81h is a level beyond the user's; this is none",
    ),
    ours(
        "Set User Password, test of a wrong one",
        &["right"],
        "80:0",
        "00:0",
        "§22.30, 80h: the password does not match",
    ),
    ours(
        "Set System Boot Options, 0",
        &[],
        "00:0",
        "cc:0",
        "§28.12: set-in-progress can be set, or its validity alone",
    ),
    ours(
        "Set System Boot Options, absent",
        &[],
        "80:0",
        "cc:0",
        "§28.12, 80h: the parameter is not supported",
    ),
    ours(
        "Get System Boot Options, 0",
        &[],
        "00:3",
        "cc:0",
        "§28.13: whoever can set parameters can read parameter 0",
    ),
    ours("Get System Boot Options, 3", &[], "00:3", "cc:0", "§28.13: what can be set can be read"),
    ours("Get System Boot Options, 4", &[], "00:4", "00:2", "§28.14 table 28-14: parameter 4 has two bytes"),
    ours(
        "Get System Boot Options, absent",
        &[],
        "80:0",
        "cc:0",
        "§28.13, 80h: the parameter is not supported",
    ),
    ours(
        "Get LAN Configuration Parameters, 3, its revision",
        &[],
        "00:1",
        "cc:0",
        "§23.2: with bit 7 of the channel only the revision is answered",
    ),
    lacks("Get Self Test Results", "§20.4: mandatory"),
    lacks("Get ACPI Power State", "§20.7"),
    lacks("Get Device GUID", "§20.8"),
    lacks("Get NetFn Support", "§21.2"),
    lacks("Get Command Support", "§21.3"),
    lacks("Get Payload Activation Status", "§24.4: whoever has SOL has it"),
    lacks("Get System Info Parameters", "§22.14b"),
    lacks("Set Power Restore Policy, no change", "§28.8"),
    lacks("Get System Restart Cause", "§28.11"),
    lacks("Set Power Cycle Interval", "§28.9"),
    lacks("Get POH Counter", "§28.14"),
    lacks("Get SDR Repository Allocation Info", "§33.10"),
    lacks("Get SEL Allocation Info", "§31.3"),
    lacks("Get SEL Time UTC Offset", "§31.11a"),
    lacks("Get Sensor Hysteresis", "§35.7"),
    lacks("Get Sensor Event Status", "§35.13"),
    lacks("Get Sensor Reading Factors", "§35.5"),
    lacks("Get Event Receiver", "§29.2"),
    lacks("Platform Event", "§29.3: mandatory for an event receiver"),
    lacks("Get Last Processed Event ID", "§30.6"),
    lacks("Get SOL Configuration Parameters, *", "§26.3: over RMCP+ ipmi_sim knows them"),
    lacks("DCMI *", "DCMI v1.5 §6.1.1, §6.6.1, §6.4.2; in table 5-1 group DCh"),
    both(
        "an application command that is none",
        &["operator", "user"],
        "c1:0",
        "d4:0",
        "table 5-2: which of both is told first is open",
    ),
    both(
        "a chassis command that is none",
        &["operator", "user"],
        "c1:0",
        "d4:0",
        "table 5-2: which of both is told first is open",
    ),
    both(
        "a maker's command that is none",
        &["operator", "user"],
        "c1:3",
        "d4:0",
        "table 5-2: which of both is told first is open",
    ),
    both(
        "a maker's command that is none",
        &["short"],
        "c1:0",
        "c7:0",
        "table 5-1: without the maker's number it is no request",
    ),
];

const LONG: &[&str] = &["long"];

type Variants = &'static [&'static str];

const fn ours(
    request: &'static str,
    variants: Variants,
    ours: &'static str,
    theirs: &'static str,
    clause: &'static str,
) -> Difference {
    Difference { request, variants, ours, theirs, right: Right::Ours, clause }
}

const fn both(
    request: &'static str,
    variants: Variants,
    ours: &'static str,
    theirs: &'static str,
    clause: &'static str,
) -> Difference {
    Difference { request, variants, ours, theirs, right: Right::Both, clause }
}

/// A command that `ipmi_sim` has not; who is no administrator hears that he may not.
const fn lacks(request: &'static str, clause: &'static str) -> Difference {
    ours(request, &[], "*", "c1:0|d4:0", clause)
}
