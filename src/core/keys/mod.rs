//! The key space: 16 databases of strings with deadlines, copy-on-write.

mod keyspace;
mod op;

pub use keyspace::{Counts, Frozen, Keyspace, Policy, Stats};
pub use op::{About, ExpireWhen, Expiry, Op, TtlForm, When};
