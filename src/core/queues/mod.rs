//! The queues: what was pushed, who has it, and who waits for more.

mod op;
mod table;

pub use op::{Blame, Op, Receipt, State, Visible};
pub use table::{Frozen, Table};

/// What QINFO tells, in the order of its outcome.
pub const INFO_NAMES: [&str; 0] = [];
