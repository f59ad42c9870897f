//! What openraft is told.

use std::time::Duration;

use lockstep_core::ShardId;
use openraft::{Config, SnapshotPolicy, StepDownPolicy};

use crate::guards::Guards;
use crate::timing::Timing;

/// Entries of one request; their bytes are bounded where they are read.
const REQUEST_ENTRIES_MAX: u64 = 1024;

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The settings of the group of a shard. Elections and heartbeats are left to the
/// pulse.
pub(super) fn config(id: ShardId, timing: &Timing, guards: &Guards) -> Config {
    // openraft's lease, for which a voter that heard of a leader grants no vote,
    // is its longest election time-out.
    let lease = ms(timing.election_min);
    Config {
        cluster_name: format!("shard-{}", id.0),
        // How long a heartbeat may take.
        heartbeat_interval: ms(timing.heartbeat),
        // How long a vote may take.
        election_timeout_min: lease - 1,
        election_timeout_max: lease,
        enable_tick: false,
        enable_elect: false,
        enable_heartbeat: false,
        snapshot_policy: SnapshotPolicy::Never,
        // The log is cut by the group itself.
        max_in_snapshot_log_to_keep: u64::MAX,
        max_payload_entries: REQUEST_ENTRIES_MAX,
        enable_pre_vote: Some(guards.pre_vote),
        // A leader restored without an election would read its own lease from
        // before the restart; a fresh term costs one vote.
        enable_leader_restore: Some(!guards.no_leader_restore),
        // Its leadership is handed over before a node leaves, and then it has to
        // have stopped serving.
        removed_leader_step_down: StepDownPolicy::Never,
        // A leader that reaches no quorum falls silent by itself: openraft is not
        // told of every reply.
        quorum_loss_probe_interval: None,
        // A follower that lost the end of its log, as it may with fsync never or
        // everysec, is sent it again. It must not take its leader with it.
        allow_log_reversion: Some(true),
        ..Config::default()
    }
}
