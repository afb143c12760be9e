//! What holds whatever is thrown at the machine and at the face.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod world;

use std::{cell::Cell, net::Ipv4Addr, sync::Once, time::Duration};

use halmark_simulators::{
    deviations,
    machine::{Command, Device, Host, HostAct, Id, Lasting, Led, Machine, Mode, Override, Power, Spec},
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use tokio::time::timeout;
use world::World;

#[derive(Debug, Clone, Copy)]
enum Deed {
    Command(Command),
    Act(HostAct),
    Establish(Power),
    Pass(Duration),
}

fn command() -> impl Strategy<Value = Command> {
    let a_override = (select(Device::ALL), select(Lasting::ALL), select(Mode::ALL))
        .prop_map(|(device, lasting, mode)| Override { device, lasting, mode });
    let lasting = option::of((0..90u64).prop_map(Duration::from_secs));
    prop_oneof![
        select(vec![Command::PowerOn, Command::PowerOff, Command::Shutdown]),
        select(vec![Command::Cycle, Command::Reset, Command::Nmi, Command::BmcReset { warm: false }]),
        option::of(a_override).prop_map(Command::SetOverride),
        (select(Led::ALL), lasting).prop_map(|(led, lasting)| Command::SetLed { led, lasting }),
    ]
}

fn deed() -> impl Strategy<Value = Deed> {
    let acts = vec![
        HostAct::PressPowerButton,
        HostAct::PullAc,
        HostAct::RestoreAc,
        HostAct::IgnoreAcpi,
        HostAct::ObeyAcpi,
        HostAct::HangBoot,
        HostAct::FinishBoot,
        HostAct::HangOs,
    ];
    prop_oneof![
        4 => command().prop_map(Deed::Command),
        2 => select(acts).prop_map(Deed::Act),
        1 => select(Power::ALL).prop_map(Deed::Establish),
        4 => (0..60_000u64).prop_map(|ms| Deed::Pass(Duration::from_millis(ms))),
    ]
}

fn machine() -> Machine {
    let text = String::new;
    let id = Id {
        uuid: [0; 16],
        manufacturer: text(),
        model: text(),
        serial: text(),
        part_number: text(),
        board_serial: text(),
        board_part_number: text(),
        bios_version: text(),
        bios_date: text(),
        bmc_firmware: text(),
        mac: [0; 6],
        address: Ipv4Addr::LOCALHOST.into(),
    };
    Machine::new(Spec::default(), id)
}

/// What the log says, read by somebody who knows nothing else.
fn last<'m>(machine: &'m Machine, of: &[&str]) -> Option<&'m str> {
    let names = machine.events().iter().map(|event| event.name.as_str());
    names.rev().find(|name| of.iter().any(|start| name.starts_with(start)))
}

fn is_sound(machine: &Machine) {
    for (place, pair) in machine.events().windows(2).enumerate() {
        assert!(pair[0].at <= pair[1].at && pair[1].seq == place as u64 + 1, "{pair:?}");
    }
    assert_eq!(
        machine.power() == Power::On,
        machine.host() != Host::Off,
        "something runs exactly where there is power"
    );
    let had_power =
        matches!(last(machine, &["power.", "given."]), Some("power.on" | "given.power:powered-on"));
    let has_power = matches!(machine.power(), Power::On | Power::PoweringOff);
    let gave_up_before_it_came = machine.power() == Power::PoweringOff && !had_power;
    assert!(
        had_power == has_power || gave_up_before_it_came,
        "{:?} {:?}",
        machine.power(),
        machine.events().last()
    );
    let stored = machine
        .override_()
        .map_or("boot.override:none".to_owned(), |it| format!("boot.override:{}/{}", it.device, it.lasting));
    assert_eq!(last(machine, &["boot.override:"]).unwrap_or("boot.override:none"), stored);
    let light = format!("identify:{}", machine.led());
    assert_eq!(last(machine, &["identify:"]).unwrap_or("identify:unlit"), light);
}

proptest! {
    #[test]
    fn the_log_and_the_state_agree_whatever_is_done(deeds in vec(deed(), 0..60)) {
        let (mut machine, mut now) = (machine(), Duration::ZERO);
        for deed in deeds {
            let before = machine.events().len();
            match deed {
                Deed::Pass(time) => {
                    now += time;
                    machine.advance(now);
                }
                Deed::Command(command) => {
                    if machine.command(command, now).is_err() {
                        prop_assert_eq!(machine.events().len(), before, "a refusal changes nothing");
                    }
                }
                Deed::Act(act) => machine.act(act, now),
                Deed::Establish(power) => machine.establish_power(power, now),
            }
            is_sound(&machine);
            prop_assert!(machine.next_event().is_none_or(|next| next >= now));
        }
    }

    #[test]
    fn time_in_one_leap_or_in_many_steps_is_the_same(commands in vec(command(), 1..10), step in 1..5_000u64) {
        let (mut leap, mut steps) = (machine(), machine());
        let mut now = Duration::ZERO;
        for command in commands {
            prop_assert_eq!(leap.command(command, now), steps.command(command, now));
            let end = now + Duration::from_secs(40);
            while now < end {
                now += Duration::from_millis(step);
                steps.advance(now);
            }
            leap.advance(now);
        }
        prop_assert_eq!(leap.events(), steps.events());
    }
}

thread_local! {
    /// How many panics there were on this thread, also in tasks that nobody waits for.
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            report(info);
        }));
    });
}

/// Runs this against a BMC and says how many panics there were.
fn panics_in(deviations: &[&str], request: &[u8], credentials: bool) -> usize {
    count_panics();
    let before = PANICS.get();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let world = World::with(deviations).await;
        world.on().await;
        let mut client = world.client().await;
        let mut bytes = request.to_vec();
        if credentials {
            let (user, password) = world.control.credentials();
            let line = format!("Authorization: {}\r\n", world::basic(&user, &password));
            let head = bytes.windows(2).position(|it| it == b"\r\n").map_or(0, |end| end + 2);
            bytes.splice(head..head, line.into_bytes());
        }
        let _ = client.raw(&bytes).await;
        let _ = timeout(Duration::from_secs(10), client.receive(false)).await;
        world.wait(10).await;
    });
    PANICS.get() - before
}

fn json() -> impl Strategy<Value = String> {
    let words = vec![
        "Boot",
        "BootSourceOverrideEnabled",
        "BootSourceOverrideTarget",
        "BootSourceOverrideMode",
        "IndicatorLED",
        "LocationIndicatorActive",
        "ResetType",
        "UserName",
        "Password",
        "Once",
        "Pxe",
        "Lit",
        "On",
        "PowerCycle",
        "Disabled",
        "None",
        "UUID",
        "@odata.id",
        "admin",
        "é\\u0000",
    ];
    let word = select(words).prop_map(|word| format!("\"{word}\""));
    let leaf = prop_oneof![
        word.clone(),
        select(vec!["null", "true", "false", "0", "-1e400", "[]", "{}"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            vec((word.clone(), inner.clone()), 0..4).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}:{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
            vec(inner, 0..3).prop_map(|items| format!("[{}]", items.join(","))),
        ]
    })
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let methods = vec!["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "BREW"];
    let paths = vec![
        "/",
        "*",
        "/redfish",
        "/redfish/v1/",
        "/redfish/v1/odata",
        "/redfish/v1/$metadata",
        "/redfish/v1/Systems",
        "/redfish/v1/Systems?$skiptoken=1",
        "/redfish/v1/Systems/1",
        "/redfish/v1/Systems/System.Embedded.1",
        "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset",
        "/redfish/v1/Chassis/1",
        "/redfish/v1/Chassis/Enclosure",
        "/redfish/v1/Managers/1",
        "/redfish/v1/Managers/1/Actions/Manager.Reset",
        "/redfish/v1/SessionService/Sessions",
        "/redfish/v1/SessionService/Sessions/1",
        "/redfish/v1/TaskService/Tasks/1",
        "/redfish/v1/TaskService/TaskMonitors/1",
        "/redfish/v1/AccountService/Accounts",
        "/redfish/v1/AccountService/Accounts/2",
        "/redfish/v1/AccountService/Accounts/3",
        "/redfish/v1/Systems/1/Bios/Settings",
        "/redfish/v1/Systems/1/VirtualMedia/CD1",
        "/redfish/v1/Systems/1/VirtualMedia/CD1/Actions/VirtualMedia.InsertMedia",
        "/redfish/v1/Managers/1/Actions/Manager.ResetToDefaults",
        "//redfish//v1",
        "/redfish/v1/%00%ff?a=b#c",
        "http://elsewhere/redfish",
    ];
    let headers = vec![
        "",
        "If-Match: *\r\n",
        "If-Match: W/\"x\", \"y\"\r\n",
        "If-None-Match: \"\"\r\n",
        "X-Auth-Token: ü\r\n",
        "OData-Version: 3.0\r\n",
        "Content-Type: text/html\r\n",
        "Expect: 100-continue\r\n",
        "Authorization: Basic ====\r\n",
        "Host: a\r\n",
    ];
    let body = prop_oneof![json(), Just(String::new()), Just("{\"a\":".repeat(500))];
    (select(methods), select(paths), vec(select(headers), 0..3), body).prop_map(
        |(method, path, headers, body)| {
            let (headers, length) = (headers.concat(), body.len());
            format!("{method} {path} HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
                .into_bytes()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn random_bytes_never_panic_the_face(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(panics_in(&[], &bytes, false), 0);
    }

    #[test]
    fn requests_of_every_shape_never_panic_the_face(
        request in request(),
        deviations in vec(select(deviations().iter().map(|it| it.name).collect::<Vec<_>>()), 0..4),
    ) {
        prop_assert_eq!(panics_in(&deviations, &request, true), 0);
    }
}
