//! See `halmark_fuzz::face`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    halmark_fuzz::face::run(bytes);
});
