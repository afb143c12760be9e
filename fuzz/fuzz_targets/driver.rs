//! See `halmark_fuzz::driver`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    halmark_fuzz::driver::run(bytes);
});
