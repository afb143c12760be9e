//! Ten million packets at each core, from a seed: noise, changed, cut off, repeated, late and out of order.
//!
//! `HALMARK_FUZZ_PACKETS` is another number of packets, `HALMARK_FUZZ_SEED` another seed.

use std::time::Instant;

use halmark_fuzz::{
    datagram, driver, face,
    source::{Seed, Source as _},
    world,
};

/// So many datagrams, then the next BMC: what one of them was told to refuse from now on is no matter to the next.
const EACH: u64 = 20_000;
/// What may come to the resident memory after the first part, in KiB.
const ROOM: u64 = 16 * 1024;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.replace('_', "").parse().expect("a number"))
}

fn packets() -> u64 {
    setting("HALMARK_FUZZ_PACKETS", 10_000_000)
}

/// The resident memory of this process, in KiB; 0 where the system does not tell.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

#[test]
fn no_packet_at_the_face_panics_grows_or_acts_twice() {
    let (begun, mut seed, mut all) =
        (Instant::now(), setting("HALMARK_FUZZ_SEED", 4), face::Tally::default());
    let mut early = None;
    while all.sent < packets() {
        seed += 1;
        world::run(async {
            let mut siege = face::Siege::new(seed);
            let mut source = Seed(seed);
            while siege.tally.sent < EACH.min(packets()) {
                siege.step(&mut source).await;
            }
            siege.end();
            all += siege.tally;
        });
        if all.sent >= packets() / 10 {
            early.get_or_insert_with(resident);
        }
    }
    println!("face: {all:?}, {} KiB, {:.0} s", resident(), begun.elapsed().as_secs_f64());
    assert!(all.acted <= all.asked && all.acted * 10 >= all.asked * 8, "{all:?}");
    assert!(
        all.acted * 1000 > all.sent && all.forged * 20 > all.sent && all.again * 20 > all.sent,
        "{all:?}"
    );
    assert!(resident() < early.unwrap_or_default() + ROOM, "{early:?} KiB, then {} KiB", resident());
}

#[test]
fn no_packet_at_the_driver_panics_grows_or_is_opened_twice() {
    let (begun, mut source) = (Instant::now(), Seed(setting("HALMARK_FUZZ_SEED", 4)));
    let mut siege = driver::Siege::default();
    let mut parsed = 0;
    while siege.tally.given < packets() {
        siege.step(&mut source);
        if siege.tally.given % 4 == 0 {
            let count = source.below(120);
            parsed += u64::from(halmark::drivers::ipmi::fuzzing::read(&source.bytes(count)));
        }
    }
    let all = siege.tally;
    println!("driver: {all:?}, {parsed} parsed, {} KiB, {:.0} s", resident(), begun.elapsed().as_secs_f64());
    assert!(all.opened <= all.sealed && all.opened * 10 >= all.sealed * 8, "{all:?}");
    assert!(
        all.opened * 20 > all.given && all.forged * 20 > all.given && all.again * 20 > all.given,
        "{all:?}"
    );
}

#[test]
fn one_datagram_at_a_core_that_lives_on_is_what_it_is_said_to_be() {
    let mut source = Seed(setting("HALMARK_FUZZ_SEED", 4));
    let (begun, all) = (Instant::now(), packets() / 100);
    let heard = (0..all).filter(|_| {
        let count = source.below(64);
        datagram::run(&source.bytes(count))
    });
    let heard = heard.count() as u64;
    println!("datagram: {heard} of {all} heard, {:.0} s", begun.elapsed().as_secs_f64());
    assert!(heard * 5 > all && heard < all, "{heard} of {all}");
}
