//! A cluster in one thread, on simulated networks, disks and clocks.
//!
//! The real groups, commands and machines run on a world that follows a seed:
//! the same seed gives the same run, event for event. While the world does its
//! worst, clients write down what they were told; afterwards everything heals
//! and checkers say whether any order of execution explains it.

pub mod chance;
pub mod check;
pub mod invariants;
pub mod mutants;
pub mod plan;
pub mod run;
pub mod world;
