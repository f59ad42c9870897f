//! BLPOP and its relatives as their clients see them, on one node and on three.

mod against_redis;
mod cluster;
mod ends;
mod spread;

use lockstep_tests::{Client, Value, send, three_nodes, wait_for, wait_for_blocked};
