//! Quirks of BMCs that work: what a good driver survives. The evidence is in the field, machine by machine.

use super::Deviation;
use crate::{
    firmware::Ruling,
    machine::{
        Command::{PowerOff, PowerOn, SetOverride},
        Host, Power, Refusal,
    },
    redfish::{Etag, Indicator, Layout, Paging, Success},
};

pub(super) const ROWS: &[Deviation] = &[
    Deviation::named("no-power-cycle", "does not offer PowerCycle, and refuses it").on_policy(|policy| {
        policy.reset_types = &[
            "On",
            "ForceOff",
            "GracefulShutdown",
            "GracefulRestart",
            "ForceRestart",
            "Nmi",
            "ForceOn",
            "PushPowerButton",
        ];
    }),
    Deviation::named("on-when-on-conflict", "refuses a power on of a host that is on").on_command(
        |command, facts| match command {
            PowerOn if facts.power == Power::On => Ruling::Refuse(Refusal::Conflict),
            _ => Ruling::Pass,
        },
    ),
    // HPE iLO 4/5/6: InvalidOperationForSystemState, "Power is off".
    Deviation::named("off-when-off-conflict", "refuses a power off of a host that is off").on_command(
        |command, facts| match command {
            PowerOff if facts.power == Power::Off => Ruling::Refuse(Refusal::Conflict),
            _ => Ruling::Pass,
        },
    ),
    // Dell iDRAC10 (17G): 409 ActionParameterValueConflict within seconds of a power off.
    Deviation::named("busy-after-off", "refuses a power on within 10 s of a power off").on_command(
        |command, facts| {
            let since_off = facts.off_since.map(|since| facts.now.saturating_sub(since));
            match command {
                PowerOn if since_off.is_some_and(|it| it < facts.second * 10) => {
                    Ruling::Refuse(Refusal::Busy)
                }
                _ => Ruling::Pass,
            }
        },
    ),
    // HPE iLO 5/6: 400 UnableToModifyDuringSystemPOST.
    Deviation::named("not-ready-after-post", "refuses a boot override while the host is in POST").on_command(
        |command, facts| match command {
            SetOverride(_) if facts.host == Host::Post => Ruling::Refuse(Refusal::NotDuringPost),
            _ => Ruling::Pass,
        },
    ),
    // Lenovo XCC: AllowableValues ["Once", "Disabled"].
    Deviation::named("continuous-refused", "knows no lasting override")
        .on_policy(|policy| policy.override_enabled = &["Disabled", "Once"]),
    Deviation::named("location-indicator-only", "shows the light as LocationIndicatorActive only")
        .on_policy(|policy| policy.indicator = Indicator::Location),
    Deviation::named("indicator-led-only", "shows the light as IndicatorLED only")
        .on_policy(|policy| policy.indicator = Indicator::Led),
    Deviation::named("no-indicator", "shows no light").on_policy(|policy| policy.indicator = Indicator::None),
    // Dell's ids; blade enclosures come first in the collection.
    Deviation::named("chassis-elsewhere", "has ids of its own, and an enclosure before the system's chassis")
        .on_policy(|policy| {
            policy.layout = Layout {
                system: "System.Embedded.1",
                chassis: &["Enclosure", "System.Embedded.1"],
                own_chassis: "System.Embedded.1",
                manager: "iDRAC.Embedded.1",
            };
        }),
    Deviation::named("paged-systems", "gives the collection of systems in pages, the first of them empty")
        .on_policy(|policy| policy.systems = Paging::SecondPage),
    // AMI MegaRAC: 428 PreconditionHeaderMissing.
    Deviation::named("etag-required", "refuses a PATCH without If-Match")
        .on_policy(|policy| policy.etag = Etag::Required),
    Deviation::named("weak-etag-refused", "serves weak ETags and refuses them as If-Match")
        .on_policy(|policy| policy.etag = Etag::WeakRefused),
    Deviation::named("answers-task", "answers every change with 202 and a task that takes 3 s")
        .on_policy(|policy| policy.success = Success::Task),
    Deviation::named(
        "task-fails",
        "answers every change with 202 and a task that fails after 3 s; nothing changes",
    )
    .on_policy(|policy| policy.success = Success::FailingTask),
    Deviation::named("answers-200", "answers every change with 200 and a message")
        .on_policy(|policy| policy.success = Success::Ok),
    Deviation::named("answers-204", "answers every change with 204")
        .on_policy(|policy| policy.success = Success::NoContent),
];
