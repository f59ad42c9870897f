//! The coherent node-local cache.

mod line;
mod lines;
mod name;
mod store;
mod time;

#[cfg(test)]
mod chance;

pub use line::{Content, Era, Label, Line, State};
pub use lines::{LINE_BYTES, Limits, Lines, Policy, Size};
pub use name::{At, Name, Named};
pub use store::{Evicted, Seen, Store};
pub use time::{Drift, Time};
