//! Mistakes on purpose: the simulator has to find every one of them.

use lockstep_cache::Rules;
use lockstep_core::queues;

use crate::world::{Copying, Plan, Profile};

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
    /// A group is served although somebody has messages of it.
    GroupShared,
    /// The attempt in a receipt is not looked at.
    AnyAttempt,
    /// A lease that ran out is no failure.
    ExpiryUnblamed,
    /// What is too old is delivered all the same.
    TtlForgotten,
    /// Copies of a message are not recognized.
    CopiesUnknown,
    /// A queue takes one message more than it may.
    OneTooMany,
    /// A paused queue delivers to those who wait.
    PauseForgotten,
    /// A pop that is repeated gets other messages.
    RepeatGetsOthers,
    /// A snapshot forgets which messages are known.
    CopiesNotInImage,
    /// Bodies of messages count as safe before they are on disk.
    BodiesNotSynced,
    /// A body that cannot be written counts as written.
    BodiesNotWritten,
    /// A write is answered before all copies of its key are gone.
    CopiesNotAwaited,
    /// The leader shows what it has applied while others have older copies.
    UnopenedShown,
    /// Who reads behind a write gets an answer that was asked for before it.
    FlightsStayOpen,
    /// A value that was sent ahead is read before its write may be known.
    UpdateReadable,
    /// Writes do not wait for nodes that read from their replicas.
    FollowersForgotten,
    /// A replica shows what it has not carried out yet as it was before.
    BehindShown,
    /// What a script wrote and did not declare does not wait for copies.
    ScriptsNotAwaited,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 35] = [
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
        Mutant::GroupShared,
        Mutant::AnyAttempt,
        Mutant::ExpiryUnblamed,
        Mutant::TtlForgotten,
        Mutant::CopiesUnknown,
        Mutant::OneTooMany,
        Mutant::PauseForgotten,
        Mutant::RepeatGetsOthers,
        Mutant::CopiesNotInImage,
        Mutant::BodiesNotSynced,
        Mutant::BodiesNotWritten,
        Mutant::CopiesNotAwaited,
        Mutant::UnopenedShown,
        Mutant::FlightsStayOpen,
        Mutant::UpdateReadable,
        Mutant::FollowersForgotten,
        Mutant::BehindShown,
        Mutant::ScriptsNotAwaited,
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
            Mutant::GroupShared => "group-shared",
            Mutant::AnyAttempt => "any-attempt",
            Mutant::ExpiryUnblamed => "expiry-unblamed",
            Mutant::TtlForgotten => "ttl-forgotten",
            Mutant::CopiesUnknown => "copies-unknown",
            Mutant::OneTooMany => "one-too-many",
            Mutant::PauseForgotten => "pause-forgotten",
            Mutant::RepeatGetsOthers => "repeat-gets-others",
            Mutant::CopiesNotInImage => "copies-not-in-image",
            Mutant::BodiesNotSynced => "bodies-not-synced",
            Mutant::BodiesNotWritten => "bodies-not-written",
            Mutant::CopiesNotAwaited => "copies-not-awaited",
            Mutant::UnopenedShown => "unopened-shown",
            Mutant::FlightsStayOpen => "flights-stay-open",
            Mutant::UpdateReadable => "update-readable",
            Mutant::FollowersForgotten => "followers-forgotten",
            Mutant::BehindShown => "behind-shown",
            Mutant::ScriptsNotAwaited => "scripts-not-awaited",
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
            Mutant::GroupShared
            | Mutant::ExpiryUnblamed
            | Mutant::TtlForgotten
            | Mutant::OneTooMany
            | Mutant::PauseForgotten => &[Profile::Base],
            Mutant::AnyAttempt | Mutant::RepeatGetsOthers => &[Profile::Net, Profile::Kill],
            Mutant::CopiesUnknown => &[Profile::Storm],
            Mutant::CopiesNotInImage => &[Profile::KillAll],
            Mutant::BodiesNotSynced => &[Profile::Power],
            Mutant::BodiesNotWritten => &[Profile::Full, Profile::Kill],
            Mutant::CopiesNotAwaited
            | Mutant::UnopenedShown
            | Mutant::FlightsStayOpen
            | Mutant::UpdateReadable
            | Mutant::FollowersForgotten
            | Mutant::BehindShown
            | Mutant::ScriptsNotAwaited => &[Profile::Storm],
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
            Mutant::BodiesNotSynced => plan.settings.shelf.not_synced = true,
            Mutant::BodiesNotWritten => plan.settings.shelf.not_written = true,
            Mutant::CopiesNotInImage => {
                plan.settings.snapshot_log_bytes = 4 << 10;
                plan.broken_rule = self.broken_rule();
            }
            of_queues => plan.broken_rule = of_queues.broken_rule(),
        }
        if let Some(rules) = self.broken_copies() {
            let hot_update = if rules.update_hidden { "no" } else { "always" };
            let replica_reads = if self.is_of_replicas() { "yes" } else { "no" };
            let (read_mode, entries) = ("lease", "1000");
            plan.settings.copies =
                Some(Copying { read_mode, entries, hot_update, replica_reads, rules });
        }
        if matches!(self, Mutant::BodiesNotSynced | Mutant::BodiesNotWritten) {
            plan.settings.queue_memory = plan.settings.queue_memory.min(2000);
        }
    }

    /// Whether it is about nodes that read from their replicas.
    fn is_of_replicas(self) -> bool {
        use Mutant::{BehindShown, FollowersForgotten};
        matches!(self, FollowersForgotten | BehindShown)
    }

    /// What the copies of keys rest on then.
    fn broken_copies(self) -> Option<Rules> {
        let mut rules = Rules::ALL;
        let broken = match self {
            Mutant::CopiesNotAwaited => &mut rules.open_after_acks,
            Mutant::UnopenedShown => &mut rules.unopened_is_hidden,
            Mutant::FlightsStayOpen => &mut rules.inv_closes_flights,
            Mutant::UpdateReadable => &mut rules.update_hidden,
            Mutant::FollowersForgotten => &mut rules.followers_targeted,
            Mutant::BehindShown => &mut rules.behind_hidden,
            Mutant::ScriptsNotAwaited => &mut rules.besides_called_back,
            _ => return None,
        };
        *broken = false;
        Some(rules)
    }

    /// The rule of queues that is broken.
    fn broken_rule(self) -> Option<queues::Mutant> {
        Some(match self {
            Mutant::GroupShared => queues::Mutant::GroupShared,
            Mutant::AnyAttempt => queues::Mutant::AnyAttempt,
            Mutant::ExpiryUnblamed => queues::Mutant::ExpiryUnblamed,
            Mutant::TtlForgotten => queues::Mutant::TtlForgotten,
            Mutant::CopiesUnknown => queues::Mutant::CopiesUnknown,
            Mutant::OneTooMany => queues::Mutant::OneTooMany,
            Mutant::PauseForgotten => queues::Mutant::PauseForgotten,
            Mutant::RepeatGetsOthers => queues::Mutant::RepeatGetsOthers,
            Mutant::CopiesNotInImage => queues::Mutant::CopiesNotInImage,
            _ => return None,
        })
    }
}
