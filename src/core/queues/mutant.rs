//! Broken variants of the queues, for tests that have to find them.

/// One rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// A group is served although somebody has messages of it.
    GroupShared,
    /// Who was served stays first.
    GroupKeepsTurn,
    /// A late ack of a group does not look at the messages before.
    LateAckOutOfOrder,
    /// The attempt in a receipt is not looked at.
    AnyAttempt,
    /// A lease that ran out is no failure.
    ExpiryUnblamed,
    /// What is too old is delivered all the same.
    TtlForgotten,
    /// Copies are not recognized.
    CopiesUnknown,
    /// The limit of length is one too high.
    OneTooMany,
    /// A paused queue delivers to those who wait.
    PauseForgotten,
    /// A request that is repeated gets other messages.
    RepeatGetsOthers,
    /// A message that died leaves its place in flight.
    DeadCountedTwice,
    /// A redrive takes what died since it began.
    RedriveWithoutEnd,
    /// Leases outlive their session.
    LeaseOutlivesSession,
    /// An image forgets the turns of groups.
    TurnsNotInImage,
    /// An image forgets which messages are known.
    CopiesNotInImage,
}

/// Whether a rule is broken: never, but in tests.
#[cfg(not(any(test, feature = "mistakes")))]
pub(super) fn is_broken(_: Mutant) -> bool {
    false
}

#[cfg(any(test, feature = "mistakes"))]
pub(super) fn is_broken(mutant: Mutant) -> bool {
    BROKEN.get() == Some(mutant)
}

/// Breaks a rule, or none, for all that this thread does from now on.
#[cfg(feature = "mistakes")]
pub fn break_rule(mutant: Option<Mutant>) {
    BROKEN.set(mutant);
}

#[cfg(any(test, feature = "mistakes"))]
thread_local! {
    /// The rule that is broken in this test.
    pub(super) static BROKEN: std::cell::Cell<Option<Mutant>> =
        const { std::cell::Cell::new(None) };
}
