//! The queues.

mod op;

pub use op::Op;
