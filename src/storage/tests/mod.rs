//! Tests of the whole crate.
#![allow(clippy::unwrap_used)]

mod any_bytes;
mod bodies;
mod damage;
mod disk;
mod flips;
mod forget;
mod history;
mod identity;
mod modes;
mod mutants;
mod peers;
mod quarantine;
mod recycling;
mod rig;
mod snapshots;
mod threads;
mod transfer;
