//! Switches that break the group on purpose.

/// What keeps a group right. All of it is on but the last; a test that switches one
/// off has to find out what it was good for.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guards {
    /// A node that has just started neither votes nor asks for votes.
    pub boot_guard: bool,
    /// A new leader waits until the leases of older ones are over.
    pub lease_guard: bool,
    /// The lease of a leader is shorter than the shortest election.
    pub lease_shorter_than_election: bool,
    /// A read looks whether the lease still holds.
    pub read_with_quorum: bool,
    /// Only what is committed is applied.
    pub apply_after_commit: bool,
    /// What was proposed is not proposed again without its number.
    pub no_retry_after_propose: bool,
    /// A request is remembered and applied once.
    pub requests_remembered: bool,
    /// Snapshots hold the requests that are remembered.
    pub requests_in_snapshot: bool,
    /// A pre-vote is asked before a vote.
    pub pre_vote: bool,
    /// A leader that lost its quorum falls silent now and then.
    pub quorum_probe: bool,
    /// A leader that was restarted has to be elected again.
    pub no_leader_restore: bool,
    /// What the connections of a node held ends when nothing is heard of it.
    pub dead_given_up: bool,
    /// A node that is not answered closes connections before it is given up.
    pub cut_off_noticed: bool,
    /// The rules of the machine are looked at after every operation, as they are in
    /// debug builds. Not on by itself: what is right has no need of it.
    pub rules_checked: bool,
}

impl Default for Guards {
    fn default() -> Self {
        Guards {
            boot_guard: true,
            lease_guard: true,
            lease_shorter_than_election: true,
            read_with_quorum: true,
            apply_after_commit: true,
            no_retry_after_propose: true,
            requests_remembered: true,
            requests_in_snapshot: true,
            pre_vote: true,
            quorum_probe: true,
            no_leader_restore: true,
            dead_given_up: true,
            cut_off_noticed: true,
            rules_checked: false,
        }
    }
}
