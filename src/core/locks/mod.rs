//! The lock table: who holds which name, and who waits for it.

mod op;

pub use op::Op;
