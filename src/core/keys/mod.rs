//! The key space: 16 databases of strings with deadlines, copy-on-write.

mod op;

pub use op::{About, ExpireWhen, Expiry, Op, TtlForm, When};
