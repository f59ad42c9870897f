//! Operations on queues.

use crate::wire_enum;

wire_enum! {
    /// One operation on a queue.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Op<'a> {
        /// QPUSH.
        1 => Push {
            /// The queue.
            queue: &'a [u8],
            /// The message.
            body: &'a [u8],
        },
    }
}

impl Op<'_> {
    /// The name of the queue.
    pub fn name(&self) -> &[u8] {
        match self {
            Op::Push { queue, .. } => queue,
        }
    }
}
