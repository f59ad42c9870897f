//! What happens to locks, for whoever listens.

use crate::wire_enum;

wire_enum! {
    /// Something that happened to a lock.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum LockEvent {
        /// The only form.
        1 => Of {
            /// What.
            kind: EventKind,
            /// The lock's name.
            name: Vec<u8>,
            /// The owner it happened to, as it is shown.
            owner: Vec<u8>,
            /// The token of the hold; 0 where there is none.
            token: u64,
        },
    }
}

wire_enum! {
    /// What happened to a lock.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum EventKind {
        /// It was granted.
        0 => Granted {},
        /// It was given back, or its connection or session ended.
        1 => Released {},
        /// A lease ran out.
        2 => Expired {},
        /// A hold was revoked by LOCKKILL.
        3 => Killed {},
        /// An older owner took it.
        4 => Wounded {},
        /// A hold has another mode.
        5 => Converted {},
        /// A wait for it was ended to break a cycle.
        6 => Deadlock {},
        /// Somebody waits for it.
        7 => Blocking {},
    }
}

impl EventKind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            EventKind::Granted {} => "granted",
            EventKind::Released {} => "released",
            EventKind::Expired {} => "expired",
            EventKind::Killed {} => "killed",
            EventKind::Wounded {} => "wounded",
            EventKind::Converted {} => "converted",
            EventKind::Deadlock {} => "deadlock",
            EventKind::Blocking {} => "blocking",
        }
    }
}
