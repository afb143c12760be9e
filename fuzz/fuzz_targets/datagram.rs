//! See `halmark_fuzz::datagram`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    halmark_fuzz::datagram::each(bytes);
});
