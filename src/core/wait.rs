//! How a request waits in a machine.

use crate::{Origin, wire_enum};

wire_enum! {
    /// A request that is ready to wait.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Wait {
        /// The only form.
        1 => For {
            /// The connection that waits.
            origin: Origin,
            /// Which of its requests.
            request: u64,
            /// For how many milliseconds; 0: without end.
            block_ms: u64,
        },
    }
}
