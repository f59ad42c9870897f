//! Mistakes on purpose: the simulator has to find every one of them.

use crate::world::{Plan, Profile};

/// A mistake on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutant {
    /// Entries count as safe before they are on disk.
    AckBeforeFsync,
    /// Votes count as given before they are on disk.
    VoteNotSynced,
    /// A leader serves reads longer than its followers wait.
    LeaseTooLong,
    /// A leader serves reads without asking whether it still is one.
    ReadWithoutQuorum,
    /// Entries are applied before a quorum has them.
    ApplyBeforeCommit,
    /// What was requested is not remembered in snapshots.
    RequestsNotInSnapshot,
    /// A reply belongs to the oldest call, whatever its number.
    RepliesByOrder,
    /// What may have been proposed is proposed again without its name.
    RetryAfterPropose,
    /// Damage in the middle of a log is cut off like a torn tail.
    TailCutOnDamage,
    /// A snapshot gets its name before its bytes are safe.
    SnapshotNamedEarly,
    /// A start of a node is not counted.
    NoNewIncarnation,
    /// MULTI is carried out as two entries.
    MultiSplit,
    /// A new leader serves while an older one may still have its lease.
    NoLeaseGuard,
    /// Home does not note the shards that let requests in a session's name in: they
    /// are not told of its end.
    SessionNotFenced,
    /// MLOCK keeps what it got when it does not get all.
    MlockKeepsParts,
    /// A node that is dead keeps what its connections held.
    DeadKeepLocks,
    /// A node that hears nothing of the cluster goes on as if it were heard.
    CutOffUnnoticed,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 17] = [
        Mutant::AckBeforeFsync,
        Mutant::VoteNotSynced,
        Mutant::LeaseTooLong,
        Mutant::ReadWithoutQuorum,
        Mutant::ApplyBeforeCommit,
        Mutant::RequestsNotInSnapshot,
        Mutant::RepliesByOrder,
        Mutant::RetryAfterPropose,
        Mutant::TailCutOnDamage,
        Mutant::SnapshotNamedEarly,
        Mutant::NoNewIncarnation,
        Mutant::MultiSplit,
        Mutant::NoLeaseGuard,
        Mutant::SessionNotFenced,
        Mutant::MlockKeepsParts,
        Mutant::DeadKeepLocks,
        Mutant::CutOffUnnoticed,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Mutant::AckBeforeFsync => "ack-before-fsync",
            Mutant::VoteNotSynced => "vote-not-synced",
            Mutant::LeaseTooLong => "lease-too-long",
            Mutant::ReadWithoutQuorum => "read-without-quorum",
            Mutant::ApplyBeforeCommit => "apply-before-commit",
            Mutant::RequestsNotInSnapshot => "requests-not-in-snapshot",
            Mutant::RepliesByOrder => "replies-by-order",
            Mutant::RetryAfterPropose => "retry-after-propose",
            Mutant::TailCutOnDamage => "tail-cut-on-damage",
            Mutant::SnapshotNamedEarly => "snapshot-named-early",
            Mutant::NoNewIncarnation => "no-new-incarnation",
            Mutant::MultiSplit => "multi-split",
            Mutant::NoLeaseGuard => "no-lease-guard",
            Mutant::SessionNotFenced => "session-not-fenced",
            Mutant::MlockKeepsParts => "mlock-keeps-parts",
            Mutant::DeadKeepLocks => "dead-keep-locks",
            Mutant::CutOffUnnoticed => "cut-off-unnoticed",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Mutant> {
        Mutant::ALL.into_iter().find(|mutant| mutant.name() == name)
    }

    /// What has to go wrong for it to matter.
    pub fn profiles(self) -> &'static [Profile] {
        match self {
            Mutant::AckBeforeFsync => &[Profile::Power, Profile::Disk],
            Mutant::VoteNotSynced => &[Profile::Ambush],
            Mutant::LeaseTooLong => &[Profile::Net, Profile::Partial],
            Mutant::NoLeaseGuard => &[Profile::Storm],
            Mutant::ReadWithoutQuorum => &[Profile::Net, Profile::Pause],
            Mutant::ApplyBeforeCommit => &[Profile::Net, Profile::Kill],
            Mutant::RequestsNotInSnapshot => &[Profile::Storm, Profile::Kill, Profile::KillAll],
            Mutant::RepliesByOrder => &[Profile::Storm],
            Mutant::RetryAfterPropose => &[Profile::Storm, Profile::Kill, Profile::Net],
            Mutant::TailCutOnDamage => &[Profile::Damage],
            // A slow disk leaves more time between the name and the bytes.
            Mutant::SnapshotNamedEarly => &[Profile::Power, Profile::Disk],
            Mutant::NoNewIncarnation => &[Profile::Kill],
            Mutant::MultiSplit => &[Profile::Base],
            Mutant::SessionNotFenced | Mutant::MlockKeepsParts => &[Profile::Kill, Profile::Net],
            Mutant::DeadKeepLocks => &[Profile::Kill],
            Mutant::CutOffUnnoticed => &[Profile::Net, Profile::Partial],
        }
    }

    /// Breaks the nodes of a run.
    pub fn switch_on(self, plan: &mut Plan) {
        let (guards, mutants) = (&mut plan.settings.guards, &mut plan.settings.mutants);
        match self {
            Mutant::AckBeforeFsync => mutants.ack_before_sync = true,
            Mutant::VoteNotSynced => mutants.vote_not_synced = true,
            Mutant::LeaseTooLong => guards.lease_shorter_than_election = false,
            Mutant::ReadWithoutQuorum => guards.read_with_quorum = false,
            Mutant::ApplyBeforeCommit => guards.apply_after_commit = false,
            Mutant::RequestsNotInSnapshot => guards.requests_in_snapshot = false,
            Mutant::RepliesByOrder => plan.replies_by_order = true,
            Mutant::RetryAfterPropose => guards.no_retry_after_propose = false,
            Mutant::TailCutOnDamage => mutants.damage_is_torn_tail = true,
            Mutant::SnapshotNamedEarly => {
                mutants.snapshot_named_before_sync = true;
                plan.settings.snapshot_log_bytes = 1 << 10;
            }
            Mutant::NoNewIncarnation => mutants.no_new_incarnation = true,
            Mutant::MultiSplit => plan.multi_split = true,
            Mutant::NoLeaseGuard => guards.lease_guard = false,
            Mutant::SessionNotFenced => plan.doors_not_noted = true,
            Mutant::MlockKeepsParts => plan.many_kept = true,
            Mutant::DeadKeepLocks => guards.dead_given_up = false,
            Mutant::CutOffUnnoticed => guards.cut_off_noticed = false,
        }
    }
}
