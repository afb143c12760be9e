//! Power: what a wrong BMC does where a right one does what it is told.

use crate::world::World;

const CYCLED: &str = "power.off power.on host.post host.boot:disk host.os";
const RESET: &str = "host.reset host.post host.boot:disk host.os";
const STARTED: &str = "power.on host.post host.boot:disk host.os";
const STOPPED: &str = "host.acpi-shutdown host.os-stopped power.off";

/// The status of a reset of a running host, and what came of it.
async fn on(world: &World, kind: &str) -> (u16, String) {
    world.on().await;
    (world.reset(kind).await.status, world.log().await)
}

/// The same of a host that is off.
async fn off(world: &World, kind: &str) -> (u16, String) {
    (world.reset(kind).await.status, world.log().await)
}

fn said(status: u16, log: &str) -> (u16, String) {
    (status, log.to_owned())
}

twins! {
    cycle_does_nothing: "cycle-does-nothing", |world| on(world, "PowerCycle").await,
        with: said(204, ""), without: said(204, CYCLED);
    cycle_stays_off: "cycle-stays-off", |world| on(world, "PowerCycle").await,
        with: said(204, "power.off"), without: said(204, CYCLED);
    cycle_is_reset: "cycle-is-reset", |world| on(world, "PowerCycle").await,
        with: said(204, RESET), without: said(204, CYCLED);
    cycle_when_off_refused: "restart-when-off-refused", |world| off(world, "PowerCycle").await,
        with: said(409, ""), without: said(204, STARTED);
    restart_when_off_refused: "restart-when-off-refused", |world| off(world, "ForceRestart").await,
        with: said(409, ""), without: said(204, STARTED);
    power_lies: "power-lies", |world| world.power_word().await, with: "On", without: "Off";
    on_does_nothing: "on-does-nothing", |world| off(world, "On").await,
        with: said(204, ""), without: said(204, STARTED);
    on_resets_host: "on-resets-host", |world| on(world, "On").await,
        with: said(204, RESET), without: said(204, "");
    off_does_nothing: "off-does-nothing", |world| {
            let seen = on(world, "ForceOff").await;
            (seen, world.power_word().await)
        },
        with: (said(204, ""), "On".into()), without: (said(204, "power.off"), "Off".into());
    off_only_reported: "off-only-reported", |world| {
            let seen = on(world, "ForceOff").await;
            let word = world.power_word().await;
            world.reset("On").await;
            (seen, word, world.log().await)
        },
        with: (said(204, ""), "Off".into(), String::new()),
        without: (said(204, "power.off"), "Off".into(), format!("power.off {STARTED}"));
    shutdown_forces: "shutdown-forces", |world| on(world, "GracefulShutdown").await,
        with: said(204, "power.off"), without: said(204, STOPPED);
    shutdown_does_nothing: "shutdown-does-nothing", |world| on(world, "GracefulShutdown").await,
        with: said(204, ""), without: said(204, STOPPED);
    reset_does_nothing: "reset-does-nothing", |world| on(world, "ForceRestart").await,
        with: said(204, ""), without: said(204, RESET);
    reset_powers_off: "reset-powers-off", |world| on(world, "ForceRestart").await,
        with: said(204, "power.off"), without: said(204, RESET);
    reset_is_cycle: "reset-is-cycle", |world| on(world, "ForceRestart").await,
        with: said(204, CYCLED), without: said(204, RESET);
    reset_accepted_when_off: "reset-accepted-when-off", |world| off(world, "ForceRestart").await,
        with: said(204, ""), without: said(204, STARTED);
    nmi_resets_host: "nmi-resets-host", |world| on(world, "Nmi").await,
        with: said(204, RESET), without: said(204, "host.nmi");
    nmi_does_nothing: "nmi-does-nothing", |world| on(world, "Nmi").await,
        with: said(204, ""), without: said(204, "host.nmi");
    on_when_on_conflict: "on-when-on-conflict", |world| on(world, "On").await,
        with: said(409, ""), without: said(204, "");
    off_when_off_conflict: "off-when-off-conflict", |world| off(world, "ForceOff").await,
        with: said(409, ""), without: said(204, "");
    no_power_cycle: "no-power-cycle", |world| {
            let reply = world.reset("PowerCycle").await;
            let reset = &world.system().await["Actions"]["#ComputerSystem.Reset"];
            let offered = reset["ResetType@Redfish.AllowableValues"].to_string().contains("PowerCycle");
            (reply.status, reply.message(), offered)
        },
        with: (400, "ActionParameterNotSupported".to_owned(), false),
        without: (204, String::new(), true);
    busy_after_off: "busy-after-off", |world| {
            world.on().await;
            world.reset("ForceOff").await;
            world.wait(5).await;
            let soon = world.reset("On").await.status;
            world.wait(10).await;
            (soon, world.reset("On").await.status)
        },
        with: (409, 204), without: (204, 204);
}

#[tokio::test(start_paused = true)]
async fn a_power_cycle_from_off_still_starts_where_it_does_nothing_to_a_running_host() {
    let world = World::with(&["cycle-does-nothing"]).await;
    assert_eq!(off(&world, "PowerCycle").await, said(204, STARTED));
}
