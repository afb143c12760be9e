//! Every deviation, seen from the wire and in the truth log, each beside a twin without it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../world/mod.rs"]
mod world;

/// Tests that observe the same thing twice: on a BMC with the deviation, and on a healthy one.
macro_rules! twins {
    ($($test:ident: $deviation:literal, |$world:ident| $observe:expr, with: $with:expr, without: $without:expr;)+) => {
        pub(crate) const NAMES: &[&str] = &[$($deviation),+];
        $(#[tokio::test(start_paused = true)]
        async fn $test() {
            let observe = async |$world: &crate::world::World| $observe;
            assert_eq!(observe(&crate::world::World::with(&[$deviation]).await).await, $with, "with it");
            assert_eq!(observe(&crate::world::World::healthy().await).await, $without, "without it");
        })+
    };
}

mod dell;
mod field;
mod hpe;
mod machine;
mod power;
mod quirks;
mod wrong;

/// The twins of IPMI's deviations are beside its commands, where requests need no session.
const IPMI: [&str; 3] = [
    include_str!("../../src/ipmi/odd.rs"),
    include_str!("../../src/deviations/ipmi_storage/tests.rs"),
    include_str!("../../src/ipmi/lan/sol.rs"),
];

fn is_of_ipmi(name: &str) -> bool {
    IPMI.iter().any(|tests| tests.contains(&format!("\"{name}\"")))
}

#[test]
fn every_deviation_has_its_twins() {
    let seen =
        [dell::NAMES, field::NAMES, hpe::NAMES, machine::NAMES, power::NAMES, quirks::NAMES, wrong::NAMES]
            .concat();
    let unseen: Vec<_> = halmark_simulators::deviations().iter().map(|it| it.name).collect();
    let unseen: Vec<_> =
        unseen.into_iter().filter(|name| !seen.contains(name) && !is_of_ipmi(name)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deviation_that_is_named_twice_is_on_once() {
    let world = world::World::with(&["uuid-swapped", "error-object-extended-info", "uuid-swapped"]).await;
    world.control.deviate(&["error-object-extended-info", "error-object-extended-info"]).unwrap();
    assert!(world.reset("Nmi").await.json()["error"]["@Message.ExtendedInfo"].is_object());
}
