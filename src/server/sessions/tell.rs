//! Telling the shards that know a session that it has ended.
//!
//! Whoever leads the home of sessions tells of their ends, until each shard has
//! said that it was told; what is left to do is in the state of home, so that
//! whoever leads next goes on. A shard that cannot be reached holds up only what is
//! for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::sessions::{self, Ending};
use lockstep_core::{Op, ShardId};
use lockstep_raft::{Delivery, Group, Ops};
use parking_lot::Mutex;

use crate::Node;

/// How many ends a shard is told of at once.
const ENDS_MAX: usize = 512;

/// How often it is looked whether somebody has to be told, beside the times when
/// sessions end: a leader may be new.
const LOOK: Duration = Duration::from_millis(250);

/// Who is being told: the home of the sessions and the shard.
type Busy = Arc<Mutex<BTreeSet<(ShardId, ShardId)>>>;

/// Tells shards of the ends of sessions whose homes this node leads, for as long as
/// the node runs.
pub async fn tell_of_ends(node: Arc<Node>) {
    let busy = Busy::default();
    loop {
        for group in node.shards.led() {
            for (shard, endings) in to_tell(&group, &busy) {
                tokio::spawn(tell(node.clone(), group.id(), shard, endings, busy.clone()));
            }
        }
        tokio::select! {
            () = node.sessions.bell.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// What there is to tell, by shard; marks those shards as busy.
fn to_tell(group: &Group, busy: &Busy) -> BTreeMap<ShardId, Vec<Ending>> {
    let mut all: BTreeMap<ShardId, Vec<Ending>> = BTreeMap::new();
    let state = group.state();
    if !state.sessions().has_endings() {
        return all;
    }
    let mut busy = busy.lock();
    for ending in state.sessions().endings() {
        if busy.contains(&(group.id(), ending.shard)) {
            continue;
        }
        let of_shard = all.entry(ending.shard).or_default();
        if of_shard.len() < ENDS_MAX {
            of_shard.push(ending);
        }
    }
    busy.extend(all.keys().map(|shard| (group.id(), *shard)));
    all
}

async fn tell(node: Arc<Node>, home: ShardId, shard: ShardId, endings: Vec<Ending>, busy: Busy) {
    let end = |ending: &Ending, ops: &mut Ops| {
        let (id, delay_ms) = (&*ending.id, ending.delay_ms);
        ops.write(&Op::Session { op: sessions::Op::End { id, delay_ms } });
    };
    let settled = |ending: &Ending, ops: &mut Ops| {
        let (id, shard) = (&*ending.id, ending.shard);
        ops.write(&Op::Session { op: sessions::Op::Settled { id, shard } });
    };
    let told = node.shards.insist_on(shard, share(&endings, end)).await;
    if let Delivery::Done(_) = told {
        // If home cannot be told now, its leader looks again, and tells again.
        let _ = node.shards.insist_on(home, share(&endings, settled)).await;
    } else {
        tracing::warn!(shard = shard.0, "the shard could not be told that sessions have ended");
    }
    endings.iter().for_each(|ending| node.sessions.forget(&ending.id));
    busy.lock().remove(&(home, shard));
    node.sessions.bell.notify_one();
}

fn share(endings: &[Ending], write: impl Fn(&Ending, &mut Ops)) -> Ops {
    let mut ops = Ops::default();
    endings.iter().for_each(|ending| write(ending, &mut ops));
    ops
}
