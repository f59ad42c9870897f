//! What a connection is told about its locks without having asked.

use crate::{Token, wire_enum};

wire_enum! {
    /// Something about a lock of a connection.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Notice {
        /// A hold has ended otherwise than by its owner.
        1 => Lost {
            /// The lock's name.
            name: Vec<u8>,
            /// The token of the hold.
            token: Token,
            /// Why.
            reason: Reason,
        },
        /// A lock that was asked for asynchronously was granted.
        2 => Granted {
            /// The owner, as it is shown.
            owner: Vec<u8>,
            /// The lock's name.
            name: Vec<u8>,
            /// The token.
            token: Token,
        },
        /// Somebody waits for a lock that is held.
        3 => Blocking {
            /// The lock's name.
            name: Vec<u8>,
            /// How the other wants to hold it: the word of the mode.
            mode: Vec<u8>,
        },
    }
}

wire_enum! {
    /// Why a hold has ended.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Reason {
        /// By LOCKKILL.
        0 => Killed {},
        /// Its lease ran out.
        1 => Expired {},
        /// An older owner took it.
        2 => Wounded {},
        /// Its session ended.
        3 => Session {},
        /// Its owner was the victim of a deadlock.
        4 => Deadlock {},
    }
}

impl Reason {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Killed {} => "killed",
            Reason::Expired {} => "expired",
            Reason::Wounded {} => "wounded",
            Reason::Session {} => "session",
            Reason::Deadlock {} => "deadlock",
        }
    }
}
