//! Any command with any data, from anybody, straight at the face's dispatcher.

use std::time::Duration;

use halmark_simulators::ipmi::fuzzing::Face;

use crate::{source::Source, world};

/// The longest answer: a completion code, and what Read FRU Data gives at once, a count and 255 bytes (§34.2).
const LONGEST: usize = 257;

/// Commands by a fuzzer's bytes: who, which, how much data, the data.
pub fn run(mut bytes: &[u8]) {
    world::run(async {
        let bmc = world::bmc(7);
        let mut face = Face::new(&bmc);
        let source = &mut bytes;
        while let Some(kind) = source.byte() {
            if kind == 0xFF {
                world::pass(Duration::from_millis(1 << source.below(18))).await;
                continue;
            }
            let (number, count) = (source.below(256) as u8, source.below(64));
            let data = source.bytes(count);
            let function =
                [0x00, 0x04, 0x06, 0x0A, 0x0C, 0x2C, 0x2E, kind & 0x3E][usize::from(kind >> 3 & 7)];
            let level = if kind & 7 == 7 { 0 } else { kind & 7 };
            let answer = face.ask(level, (function, number, 0), &data);
            assert!((1..=LONGEST).contains(&answer.len()), "{} bytes of answer", answer.len());
        }
        bmc.stop();
    });
}
