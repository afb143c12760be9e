//! See `halmark_fuzz::talk`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    halmark_fuzz::talk::run(bytes);
});
