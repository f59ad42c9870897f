//! Mistakes on purpose, which the tests of the whole have to find.

/// What is done wrongly. All off outside of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mutants {
    /// The log answers when it has written, before it has synced.
    pub ack_before_sync: bool,
    /// A vote is answered like an entry of the mode [`Fsync::Never`](crate::Fsync::Never):
    /// it is neither written nor synced before.
    pub vote_not_synced: bool,
    /// Damage in what was promised is cut off as if it were a torn tail.
    pub damage_is_torn_tail: bool,
    /// A snapshot gets its name before its bytes are safe.
    pub snapshot_named_before_sync: bool,
    /// A start of the node is not counted.
    pub no_new_incarnation: bool,
}
