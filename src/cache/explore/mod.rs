//! All orders in which things can happen to one key: two nodes that share it, its home
//! and a successor, writes, reads, evictions, leases that end, a network that delays,
//! reorders, repeats and loses messages. The machines are the real ones.
//!
//! What a client could read at any moment counts as read: every readable line, and the
//! home's own state. None of it may be older than what was read or written anywhere
//! before, and nothing may be read that a change of the home undoes.

mod limits;
mod search;
mod shelf;
mod world;

#[cfg(feature = "larger-worlds")]
mod larger;
mod lent;
mod mutants;
mod sound;

use limits::Bounds;
use search::{Found, search};
