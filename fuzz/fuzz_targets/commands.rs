//! See `halmark_fuzz::commands`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    halmark_fuzz::commands::run(bytes);
});
