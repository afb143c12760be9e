//! Back to how it was: `ComputerSystem.SetDefaultBootOrder`, `Manager.ResetToDefaults`.

use super::Call;
use crate::{
    machine::Command,
    redfish::{
        answer::Answer,
        change::{accepted, carry_out, refused},
        handle::Scene,
        messages::refuse,
        patch::follow,
        tree::Tree,
    },
};

/// The order of boot as the platform had it.
pub(super) fn boot_order(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    if let Err(problem) = call.no_other_than(&[]) {
        return problem;
    }
    if scene.changes() {
        scene.bmc.written().forget(&call.resource.path, "/Boot/BootOrder");
        follow(scene, call.resource, &call.resource.template()["Boot"]["BootOrder"]);
    }
    accepted(scene, Answer::no_content)
}

/// The BMC as it left the factory, perhaps with its network and its users as they are; it restarts.
pub(super) fn manager(scene: &Scene<'_>, call: &Call<'_>) -> Answer {
    let kind = match call.no_other_than(&["ResetType"]).and_then(|()| call.text("ResetType")) {
        Ok(Some(kind)) => kind,
        Ok(None) => return refuse(400, "ActionParameterMissing", &[call.name, "ResetType"]),
        Err(problem) => return problem,
    };
    let known = ["ResetAll", "PreserveNetworkAndUsers", "PreserveNetwork"].contains(&kind);
    let allowed = call.allowable(scene, "ResetType");
    if !known || allowed.is_some_and(|allowed| !allowed.iter().any(|it| it == kind)) {
        return refuse(400, "ActionParameterValueNotInList", &[kind, "ResetType", call.name]);
    }
    if scene.changes() {
        let (network, users) = (kind != "ResetAll", kind == "PreserveNetworkAndUsers");
        scene.bmc.forget_written(|path| stays(scene.tree(), path, network, users));
        scene.bmc.volumes().link(scene.tree(), &mut scene.bmc.written());
        scene.bmc.ipmi().forget(network);
        if !users {
            scene.bmc.restore_accounts();
        }
    }
    match carry_out(scene, &[Command::BmcReset { warm: false }]) {
        Ok(()) => accepted(scene, Answer::no_content),
        Err(refusal) => refused(refusal, kind),
    }
}

fn stays(tree: &Tree, path: &str, network: bool, users: bool) -> bool {
    match tree.document(path).map(|it| &*it.kind) {
        Some("EthernetInterface" | "ManagerNetworkProtocol") => network,
        Some("AccountService") => users,
        _ => false,
    }
}
