//! Tests of the whole crate.
#![allow(clippy::unwrap_used)]

mod any_bytes;
mod damage;
mod disk;
mod history;
mod identity;
mod modes;
mod recycling;
mod rig;
mod snapshots;
mod threads;
