//! The parts of the harness.

pub mod client;
pub mod cluster;
pub mod need;
pub mod ports;
pub mod proxy;
pub mod raw;
pub mod server;
pub mod value;
