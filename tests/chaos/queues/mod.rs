//! Queues while nodes and clients die, stand still, are cut off, and lose their disks.
//!
//! Rows: que_0 (no faults), que_1 to que_3, dur_1, dur_2, cor_2, disk_1, disk_1_bodies,
//! disk_2, disk_3. Environment beside that of all rows:
//!
//! - `TEST_CHAOS_MESSAGES`: how many messages are pushed in que_0 and que_1, or consumers
//!   killed in que_2, instead of how long they last.

mod body;
mod check;

mod consumer;
mod load;
mod producer;

mod damage;
mod deaths;
mod disks;
mod failing;
mod full;
mod power;
mod storms;
mod syncs;
