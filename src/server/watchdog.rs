//! Looking after the log while the node serves.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::ShardId;
use lockstep_raft::Group;
use lockstep_storage::LogStats;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};

use crate::Node;
use crate::config::Setting;
use crate::front::room;

/// How often it is asked whether the log works.
const LOOK: Duration = Duration::from_millis(100);
/// Its numbers are looked at less often.
const LOOKS_PER_STATS: u32 = 2;
/// How long the disk is left alone when a snapshot could not be written.
const RETRY: Duration = Duration::from_secs(5);

/// Stops the node when its log has failed, because what would be acknowledged
/// from then on could not be kept; refuses what needs room while the disk is
/// full; and takes a snapshot of an idle shard that keeps old segments from
/// being used again.
pub async fn watch(node: Arc<Node>) {
    let mut clock = interval(LOOK);
    let mut looks = 0_u32;
    let mut damage_told = false;
    let mut freeing: Option<JoinHandle<()>> = None;
    loop {
        clock.tick().await;
        if let Some(why) = node.shards.log().failed() {
            tracing::error!(id = crate::logging::id::LOG_FAILED, %why, "the log has failed; the node stops");
            node.stop.send_replace(true);
            return;
        }
        if let Some(why) = node.shards.host().bodies().failed() {
            tracing::error!(id = crate::logging::id::LOG_FAILED, %why, "bodies of messages cannot be kept; the node stops");
            node.stop.send_replace(true);
            return;
        }
        looks = looks.wrapping_add(1);
        if !looks.is_multiple_of(LOOKS_PER_STATS) {
            continue;
        }
        let stats = node.shards.log_stats();
        let bodies = node.shards.host().bodies();
        node.shards.set_disk_full(stats.disk_full || bodies.is_full());
        if node.cache.is_writing_back() && !room::is_left(&node) {
            node.cache.lends_nothing_for_lack_of_room();
        }
        crate::allocator::set_scarce(bodies.fill_memory());
        if let Some(why) = bodies.damage().filter(|_| node.links.is_some()) {
            give_up_bodies(&node, &why);
            return;
        }
        if let Some(why) = node.shards.snapshot_damage().filter(|_| !damage_told) {
            tracing::error!(id = crate::logging::id::SNAPSHOT_DAMAGED, "{why}");
            damage_told = true;
        }
        // One at a time: it may take long, or fail again and again.
        if freeing.as_ref().is_none_or(JoinHandle::is_finished) {
            freeing = keeps_segments(&node, &stats).map(|group| tokio::spawn(free(group)));
        }
    }
}

/// Stops a node that has lost the bodies of messages which the other nodes have: at its
/// next start it puts its data aside and fetches all from them.
fn give_up_bodies(node: &Node, why: &str) {
    tracing::error!(
        id = crate::logging::id::DATA_DAMAGED,
        "{why}; the node stops, and fetches all from the others when it is started again"
    );
    let dir = node.identity.dir.join(lockstep_storage::BODIES_DIR);
    if let Err(why) = lockstep_storage::bodies::mark_damaged(&dir, why) {
        tracing::error!(%why, "the damage could not be noted");
    }
    node.stop.send_replace(true);
}

/// The shard that needs the oldest segment, once the log holds twice as much as the
/// shards' own snapshots let it. The map of the cluster changes so seldom that it never
/// takes one by itself; a shard that is alone beside it always does.
fn keeps_segments(node: &Node, stats: &LogStats) -> Option<Group> {
    let shards = node.shards.count();
    let shard = keeps_too_much(stats, shards, node.settings.number(Setting::SnapshotLogBytes))?;
    node.shards.replica(shard)
}

fn keeps_too_much(stats: &LogStats, shards: usize, snapshot_bytes: u64) -> Option<ShardId> {
    let groups = shards as u64 + 1;
    let shard = stats.oldest_needed_by.filter(|shard| shards > 1 || shard.is_meta())?;
    (stats.held_bytes > snapshot_bytes.saturating_mul(2 * groups)).then_some(shard)
}

async fn free(group: Group) {
    if let Err(why) = group.snapshot().await {
        tracing::warn!(shard = group.id().0, %why, "no snapshot of an idle shard");
        sleep(RETRY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAPSHOT_BYTES: u64 = 1000;

    fn asked(held_bytes: u64, by: ShardId, shards: usize) -> Option<ShardId> {
        // Files that wait to be used again are many, and nobody's fault.
        let disk_bytes = held_bytes + 1_000_000;
        let stats =
            LogStats { held_bytes, disk_bytes, oldest_needed_by: Some(by), ..LogStats::default() };
        keeps_too_much(&stats, shards, SNAPSHOT_BYTES)
    }

    #[test]
    fn the_map_of_the_cluster_does_not_keep_the_log_of_a_single_shard() {
        assert_eq!(asked(4000, ShardId::META, 1), None);
        assert_eq!(asked(4001, ShardId::META, 1), Some(ShardId::META));
    }

    #[test]
    fn a_shard_that_is_alone_takes_its_own_snapshots() {
        assert_eq!(asked(1_000_000, ShardId(0), 1), None);
    }

    #[test]
    fn an_idle_shard_beside_others_does_not_keep_their_log() {
        assert_eq!(asked(6000, ShardId(1), 2), None);
        assert_eq!(asked(6001, ShardId(1), 2), Some(ShardId(1)));
    }
}
