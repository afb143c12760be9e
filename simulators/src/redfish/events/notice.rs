//! What happens, as events: what the truth log says of the machine, and what requests do to resources.

use std::sync::{Arc, Weak};

use super::{Events, Happening};
use crate::{
    bmc::Bmc,
    machine::Event,
    redfish::{
        answer::{Answer, Asked},
        handle::Scene,
        messages::{RESOURCE_EVENT, TASK_EVENT},
        tasks::Outcome,
        tree::{Found, Live, Tree, trimmed},
    },
};

/// Tells what the machine does, from this place in the truth log on.
pub(super) async fn watch(bmc: Bmc, events: Weak<Events>, mut seen: usize) {
    let control = bmc.control();
    loop {
        control.changed_after(seen).await;
        let new = control.events_from(seen);
        seen += new.len();
        let Some(events) = events.upgrade() else { return };
        let tree = bmc.with(|firmware, _| firmware.tree().clone());
        // What happens while the BMC is down, nobody is told.
        for event in new.iter().filter(|_| bmc.is_up()) {
            of_machine(&bmc, &tree, event).into_iter().for_each(|it| events.tell(it));
        }
    }
}

/// What is said of an event of the machine, where anything is.
fn of_machine(bmc: &Bmc, tree: &Tree, event: &Event) -> Option<Happening> {
    let (system, manager) = (tree.system(), tree.manager());
    let of_system = |name: &str, args: &[&str]| {
        Some(Happening::of(bmc, &RESOURCE_EVENT, name, args, system, "ComputerSystem"))
    };
    let (word, _) = event.name.split_once(':').unwrap_or((&event.name, ""));
    match word {
        "power.on" => of_system("ResourcePoweredOn", &[system]),
        "power.off" => of_system("ResourcePoweredOff", &[system]),
        "given.power" if event.name.ends_with(":powered-on") => of_system("ResourcePoweredOn", &[system]),
        "given.power" => of_system("ResourcePoweredOff", &[system]),
        "host.acpi-shutdown" => of_system("ResourcePoweringOff", &[system]),
        "host.post" => of_system("ResourceStateChanged", &[system, "Starting"]),
        "host.os" => of_system("ResourceStateChanged", &[system, "Enabled"]),
        "host.boot" | "identify" | "boot.override" => of_system("ResourceChanged", &[]),
        "bmc.ready" => {
            let args = [manager, "Enabled"];
            Some(Happening::of(bmc, &RESOURCE_EVENT, "ResourceStateChanged", &args, manager, "Manager"))
        }
        _ => None,
    }
}

/// Tells what a request did to a resource, where the truth log does not say it: it had so many events before.
pub(in crate::redfish) fn notice(
    events: &Arc<Events>,
    scene: &Scene<'_>,
    asked: &Asked<'_>,
    answer: &Answer,
    before: usize,
) {
    let path = trimmed(asked.path);
    let happening = |name: &str, origin: &str| {
        let kind = kind_of(scene.tree(), origin)?;
        let is_own = kind == "EventDestination";
        (!is_own).then(|| Happening::of(scene.bmc, &RESOURCE_EVENT, name, &[], origin, &kind))
    };
    let told = match (asked.method, answer.status) {
        ("POST", 201) => {
            let location = answer.headers.iter().find(|(name, _)| *name == "Location");
            location.and_then(|(_, origin)| happening("ResourceCreated", origin))
        }
        ("DELETE", 200..=299) => happening("ResourceRemoved", path),
        ("PATCH", 200 | 204) if scene.bmc.control().event_count() == before => {
            happening("ResourceChanged", path)
        }
        (_, 202) => return task_began(events, scene),
        _ => None,
    };
    told.into_iter().for_each(|it| events.tell(it));
}

fn kind_of(tree: &Tree, path: &str) -> Option<String> {
    match tree.find(path)? {
        Found::Document(document) => Some(document.kind.to_string()),
        Found::Member(live, ..) => Some(live.member().to_owned()),
        _ => None,
    }
}

/// A task has begun; its end is told when it comes.
fn task_began(events: &Arc<Events>, scene: &Scene<'_>) {
    let Some(task) = scene.tasks().list().last().cloned() else { return };
    let collection = scene.tree().live(Live::Tasks).map_or("", |tasks| &*tasks.path);
    let origin = format!("{collection}/{}", task.id);
    let args = [task.id.as_str()];
    events.tell(Happening::of(scene.bmc, &TASK_EVENT, "TaskStarted", &args, &origin, "Task"));
    // When the host starts nobody knows.
    if task.waits() {
        return;
    }
    let name = match task.outcome() {
        Outcome::Fails(_) => "TaskAborted",
        Outcome::Completes => "TaskCompletedOK",
    };
    let (bmc, id) = (scene.bmc.clone(), task.id.clone());
    events.tell_after(task.ends.saturating_sub(scene.now), move || {
        Happening::of(&bmc, &TASK_EVENT, name, &[&id], &origin, "Task")
    });
}
