//! Configuration files and values: each is taken or refused with a text.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lockstep::config::fuzz::config(bytes));
