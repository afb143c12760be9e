use super::*;

fn machine() -> Machine {
    let id = Id {
        uuid: [7; 16],
        manufacturer: "Maker".into(),
        model: "Model".into(),
        serial: "S1".into(),
        part_number: "P1".into(),
        board_serial: "S2".into(),
        board_part_number: "P2".into(),
        bios_version: "1".into(),
        bios_date: "2026-01-01".into(),
        bmc_firmware: "2".into(),
        mac: [2, 0, 0, 0, 0, 1],
        address: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let second = |_| Duration::from_secs(1);
    Machine::new(Spec::default().with_delays(second), id)
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A machine whose operating system runs, with nothing in its log but that.
fn running() -> Machine {
    let mut machine = machine();
    machine.establish_power(Power::On, at(0));
    machine
}

fn names(machine: &Machine) -> Vec<&str> {
    machine.events().iter().map(|event| event.name.as_str()).collect()
}

/// The log of a running machine after a minute, without the line that says how it began.
fn log_after(command: Command) -> Vec<String> {
    let mut machine = running();
    machine.command(command, at(10)).unwrap();
    machine.advance(at(60));
    names(&machine)[1..].iter().map(|name| (*name).to_owned()).collect()
}

const PXE_ONCE: Override = Override { device: Device::Pxe, lasting: Lasting::Once, mode: Mode::Uefi };

#[test]
fn power_on_leads_through_post_and_boot_to_an_operating_system() {
    let mut machine = machine();
    machine.command(Command::PowerOn, at(0)).unwrap();
    assert_eq!((machine.power(), machine.host()), (Power::PoweringOn, Host::Off));
    machine.advance(at(60));
    assert_eq!(names(&machine), ["power.on", "host.post", "host.boot:disk", "host.os"]);
    let times: Vec<_> = machine.events().iter().map(|event| event.at).collect();
    assert_eq!(times, [at(1), at(1), at(2), at(3)]);
}

#[test]
fn a_cycle_takes_the_power_and_gives_it_back() {
    assert_eq!(
        log_after(Command::Cycle),
        ["power.off", "power.on", "host.post", "host.boot:disk", "host.os"]
    );
}

#[test]
fn a_reset_never_takes_the_power() {
    assert_eq!(log_after(Command::Reset), ["host.reset", "host.post", "host.boot:disk", "host.os"]);
}

#[test]
fn a_graceful_shutdown_is_the_operating_systems_own() {
    assert_eq!(log_after(Command::Shutdown), ["host.acpi-shutdown", "host.os-stopped", "power.off"]);
}

#[test]
fn a_shutdown_is_ignored_by_a_stubborn_system_and_during_post() {
    let mut stubborn = running();
    stubborn.act(HostAct::IgnoreAcpi, at(1));
    stubborn.command(Command::Shutdown, at(2)).unwrap();
    assert_eq!((stubborn.power(), names(&stubborn)[1]), (Power::On, "host.acpi-ignored"));
    let mut posting = running();
    posting.command(Command::Reset, at(1)).unwrap();
    posting.command(Command::Shutdown, at(1)).unwrap();
    assert_eq!(names(&posting)[3], "host.acpi-ignored");
}

#[test]
fn a_host_that_is_off_refuses_what_needs_power_and_is_unchanged() {
    for command in [Command::Cycle, Command::Reset, Command::Nmi] {
        let mut machine = machine();
        assert_eq!(machine.command(command, at(1)), Err(Refusal::HostIsOff));
        assert!(machine.events().is_empty() && machine.next_event().is_none());
    }
}

#[test]
fn what_is_already_so_is_said_to_be_so() {
    assert_eq!(running().command(Command::PowerOn, at(1)), Err(Refusal::AlreadyThere));
    assert_eq!(machine().command(Command::PowerOff, at(1)), Err(Refusal::AlreadyThere));
    assert_eq!(machine().command(Command::Shutdown, at(1)), Err(Refusal::AlreadyThere));
}

#[test]
fn a_power_off_in_the_pause_of_a_cycle_ends_the_cycle() {
    let mut machine = running();
    machine.command(Command::Cycle, at(10)).unwrap();
    machine.command(Command::PowerOff, Duration::from_millis(11_500)).unwrap();
    machine.advance(at(60));
    assert_eq!((machine.power(), names(&machine)[1..].to_vec()), (Power::Off, vec!["power.off"]));
}

#[test]
fn a_one_time_override_is_used_up_by_the_boot_that_takes_it() {
    let mut machine = running();
    machine.command(Command::SetOverride(Some(PXE_ONCE)), at(1)).unwrap();
    machine.command(Command::Cycle, at(2)).unwrap();
    machine.advance(at(30));
    assert!(names(&machine).contains(&"host.boot:pxe"));
    assert_eq!(machine.override_(), None);
    machine.command(Command::Reset, at(31)).unwrap();
    machine.advance(at(60));
    assert_eq!(names(&machine).iter().filter(|name| **name == "host.boot:pxe").count(), 1);
}

#[test]
fn a_lasting_override_is_taken_by_every_boot() {
    let mut machine = running();
    let lasting = Override { lasting: Lasting::Continuous, ..PXE_ONCE };
    machine.command(Command::SetOverride(Some(lasting)), at(1)).unwrap();
    for start in [10, 20] {
        machine.command(Command::Reset, at(start)).unwrap();
    }
    machine.advance(at(60));
    assert_eq!(names(&machine).iter().filter(|name| **name == "host.boot:pxe").count(), 2);
    assert_eq!(machine.override_(), Some(lasting));
}

#[test]
fn the_firmware_setup_waits_for_a_person() {
    let mut machine = running();
    let setup = Override { device: Device::Bios, ..PXE_ONCE };
    machine.command(Command::SetOverride(Some(setup)), at(1)).unwrap();
    machine.command(Command::Reset, at(2)).unwrap();
    machine.advance(at(60));
    assert_eq!((machine.host(), names(&machine).last().copied()), (Host::Setup, Some("host.boot:bios")));
}

#[test]
fn a_light_with_a_time_goes_dark_by_itself() {
    let mut machine = machine();
    let lasting = Some(at(15));
    machine.command(Command::SetLed { led: Led::Lit, lasting }, at(1)).unwrap();
    machine.advance(at(60));
    assert_eq!(names(&machine), ["identify:lit", "identify:unlit"]);
    assert_eq!(machine.events()[1].at, at(16));
}

#[test]
fn a_bmc_restart_leaves_the_host_alone() {
    assert_eq!(log_after(Command::BmcReset { warm: false }), ["bmc.reset", "bmc.ready"]);
    let mut machine = running();
    machine.command(Command::BmcReset { warm: true }, at(1)).unwrap();
    assert_eq!(machine.command(Command::PowerOff, at(1)), Err(Refusal::BmcDown));
}

#[test]
fn the_loss_of_ac_stops_everything_and_the_override_persists() {
    let mut machine = running();
    machine.command(Command::SetOverride(Some(PXE_ONCE)), at(1)).unwrap();
    machine.act(HostAct::PullAc, at(2));
    assert_eq!(machine.power(), Power::Off);
    machine.act(HostAct::RestoreAc, at(3));
    machine.advance(at(60));
    assert_eq!(machine.override_(), Some(PXE_ONCE));
    assert_eq!(names(&machine)[2..], ["ac.lost", "power.off", "ac.restored", "bmc.ready"]);
}

#[test]
fn a_boot_that_hangs_goes_on_when_somebody_helps() {
    let mut machine = running();
    machine.act(HostAct::HangBoot, at(1));
    machine.command(Command::Reset, at(2)).unwrap();
    machine.advance(at(60));
    assert_eq!((machine.host(), names(&machine).last().copied()), (Host::Hung, Some("host.boot:disk")));
    machine.act(HostAct::FinishBoot, at(61));
    assert_eq!((machine.host(), names(&machine).last().copied()), (Host::Os, Some("host.os")));
}

#[test]
fn a_hung_operating_system_ignores_acpi_and_obeys_the_reset_line() {
    let mut machine = running();
    machine.act(HostAct::HangOs, at(1));
    machine.command(Command::Shutdown, at(2)).unwrap();
    machine.command(Command::Reset, at(3)).unwrap();
    machine.advance(at(60));
    assert_eq!(
        names(&machine)[1..],
        ["host.acpi-ignored", "host.reset", "host.post", "host.boot:disk", "host.os"]
    );
}

#[test]
fn what_takes_no_time_has_happened_when_the_command_returns() {
    let mut machine = machine();
    machine.command(Command::SetLed { led: Led::Lit, lasting: Some(at(0)) }, at(1)).unwrap();
    assert_eq!(names(&machine), ["identify:lit", "identify:unlit"]);
}

#[test]
fn an_operating_system_may_shut_down_by_its_own_will() {
    let mut machine = running();
    machine.act(HostAct::ShutDownOs, at(1));
    assert_eq!(machine.host(), Host::Stopping);
    machine.advance(at(60));
    assert_eq!(names(&machine)[1..], ["host.os-stopped", "power.off"]);
}

#[test]
fn a_machine_that_keeps_few_events_goes_on_counting() {
    let mut machine = machine();
    machine.keep_events(2);
    for second in 0..5 {
        machine.establish_power(Power::On, at(second));
    }
    assert_eq!(machine.event_count(), 5);
    assert_eq!(machine.events_from(4).iter().map(|event| event.seq).collect::<Vec<_>>(), [4]);
    assert_eq!((machine.events_from(0)[0].seq, machine.events().len()), (2, 3));
    assert!(machine.events_from(5).is_empty());
}
