//! Snapshot files: damage is found, never believed.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lockstep_storage::fuzz::snapshot(bytes));
