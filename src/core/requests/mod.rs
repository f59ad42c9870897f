//! What became of requests, so that one that is proposed twice is applied once.
//!
//! Of each connection the newest request is remembered with all that it gave.
//! That is enough: a connection's requests to a shard are settled in order. What
//! was too much to keep, or had to make room, is known to be forgotten, so that a
//! request whose fate is unknown is never taken for a new one.

mod id;
mod image;
mod table;
#[cfg(test)]
mod tests;

pub use id::{Recall, RequestId};
pub use image::Frozen;
pub use table::{OUTCOMES_BYTES_MAX, REQUESTS_BYTES_MAX, REQUESTS_MAX, Table};
