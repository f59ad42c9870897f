//! Broken variants of the table, for tests that have to find them.

/// One rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutant {
    /// Readers are let in beside an exclusive holder.
    SharedBesideExclusive,
    /// A new request does not look at the line.
    NobodyQueues,
    /// An exclusive grant draws no new token.
    TokenUsedAgain,
    /// Who joins readers draws a token of its own.
    ReadersTokensDiffer,
    /// Who leaves the head of the line lets nobody behind it go on.
    LeaverBlocksLine,
    /// A token given with UNLOCK is not looked at.
    ReleaseWithAnyToken,
    /// UNLOCK works for others as well.
    ReleaseByAnyone,
    /// Requests whose time is up are granted all the same.
    LateGrant,
    /// A failed or finished conversion loses the hold it began with.
    UpgradeLosesHold,
    /// What a connection shares with others stays behind.
    EndedConnectionShares,
    /// The delay after a hold is forgotten.
    NoDelay,
    /// Cycles are not looked for.
    NoSearch,
    /// Those who lack permits are taken for such as go on.
    PermitsPlain,
    /// The oldest of a cycle is the victim.
    OldestDies,
    /// A repeated request counts again.
    RepeatCounts,
    /// Priority is not looked at in the line.
    NoHeadStart,
    /// A snapshot leaves out who was there first.
    TurnsNotInImage,
    /// A younger owner waits for an older one in spite of its policy.
    YoungerWaits,
    /// A repetition of a waiting owner takes a second place in effect: its own.
    RepeatLosesPlace,
    /// A killed hold goes on.
    KilledGoesOn,
    /// A renewal moves the lease but not its end.
    RenewalForgotten,
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
