//! Real processes while everything goes wrong: killed, stopped, cut off.
//!
//! Three nodes, clients that write down what they were told, and faults that
//! follow a seed. Afterwards everything heals, and the checkers of the simulator
//! say whether any order of execution explains what the clients saw. Every run
//! prints a table. Environment:
//!
//! - `TEST_CHAOS_SECONDS`: how long a row lasts (12);
//! - `TEST_CHAOS_ROWS`: names of the rows to run, or `all` (kill_1, kill_2, net_1,
//!   net_2, upg, lock_1 to lock_4, lease_1 to lease_3, read_1, mesi_1, and those of
//!   `chaos/queues`);
//! - `TEST_CHAOS_SEED`: repeats the order of faults of a run;
//! - `TEST_CHAOS_PACE_MS`: the pause of a client between commands (10).
//!
//! Rows that cut networks need root and iptables.

mod clients;
mod copies;
mod counters;
mod history;
mod locks;
mod network;
mod proxy;
mod queues;
mod report;
mod rows;
mod seat;
mod shim;
mod stage;
mod stand;
mod verdict;

pub use stand::shard_of;
