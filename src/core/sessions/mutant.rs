//! Broken variants of the table, for tests that have to find them.

/// One rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutant {
    /// What has ended is not remembered.
    NothingRemembered,
    /// An opening may be from before what was forgotten.
    NoFloor,
    /// A session is forgotten when the first shard was told of its end.
    OneIsToldForAll,
    /// A shard that let requests in is not noted.
    TouchNotNoted,
    /// The end of one connection detaches the session from all.
    OneGoneAllGone,
    /// A connection that ends stays attached.
    GoneStaysAttached,
    /// A renewal may shorten what is left.
    RenewalShortens,
    /// The time to live counts from the creation.
    TtlFromBirth,
    /// A connection of a life that is over may attach.
    DeadMayAttach,
    /// A snapshot leaves out who is to be told.
    EndingsNotInImage,
}

impl super::Table {
    /// Whether a rule is broken: never, but in tests.
    #[cfg(not(test))]
    pub(super) fn is_broken(&self, _: Mutant) -> bool {
        false
    }

    #[cfg(test)]
    pub(super) fn is_broken(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}
