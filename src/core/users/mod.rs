//! Users: who may log in, and what the cluster keeps of each.
//!
//! Every shard has a place for users, only that of
//! [`ShardId::META`](crate::ShardId::META) is ever filled: every node has a replica of it. What
//! a user may do is of no concern here and stands in bytes that commands read and write. A
//! change is made of what somebody has seen, and refused when that has changed since.

mod table;
#[cfg(test)]
mod tests;

use crate::wire_enum;

pub use table::{Table, User};

wire_enum! {
    /// One operation on users.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Op<'a> {
        /// Makes or changes a user. Gives the table's epoch after it as a number; where the
        /// user is not what was expected, a list of its version and its bytes, or of 0;
        /// [`Limit`](crate::Fault::Limit) when there would be too many.
        1 => Put {
            /// Its name.
            name: &'a [u8],
            /// What it is from now on.
            bytes: &'a [u8],
            /// The version that this was made of; 0: there was none.
            expected: u64,
            /// How many users there may be.
            users_max: u64,
        },
        /// Takes users away. Gives a list of how many there were and the table's epoch
        /// after it.
        2 => Delete {
            /// Their names; none: nothing changes.
            names: Vec<&'a [u8]>,
        },
    }
}
