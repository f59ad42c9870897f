//! The coherent node-local cache: the states of a line and how they change.
//!
//! The protocol is MESI between nodes (Papamarcos and Patel, 1984), with a home
//! per key that keeps a directory. This crate begins with its smallest part, the
//! line itself; reads are answered by the home shard until the rest stands on it.

mod line;

pub use line::{Event, State, Step};
