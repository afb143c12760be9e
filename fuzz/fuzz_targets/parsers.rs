//! What the driver reads: sensor records, log entries, inventories, power readings, the console's packets.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    halmark::drivers::ipmi::fuzzing::read(bytes);
});
