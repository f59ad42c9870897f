//! Requests of clients: any cut into pieces decodes to the same commands.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lockstep_net::fuzz::request(bytes));
