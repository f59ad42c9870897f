//! Checkers of what clients of locks saw.

pub mod leases;
pub mod turns;
pub mod waits;
