//! Nodes that have left for good, told to every shard.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::requests::Recall;
use lockstep_core::{NodeId, Op, Origin, RequestId};

use super::Inner;
use crate::Group;

/// How often somebody looks whether a node has left.
const LOOK: Duration = Duration::from_millis(500);
/// A life that no node comes to: all before it are over.
const AFTER_ALL: u64 = u64::MAX;

impl Inner {
    /// Tells the shards that this node leads which nodes have left. Nobody else
    /// would: they begin no new life, and what their connections held or waited
    /// for would stay for ever.
    pub(super) async fn tell_of_departed(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        loop {
            let map = self.map.borrow().clone();
            for group in self.groups.data().into_iter().filter(Group::leads) {
                for node in map.removed_nodes().filter(|node| !knows(&group, *node)) {
                    let origin = Origin { node, boot: AFTER_ALL, conn: 0 };
                    // If it does not come to it now, it will at the next look.
                    let _ = self.ask(group.id(), &Op::Boot { origin }).await;
                }
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

/// Whether the shard takes nothing from this node any more.
fn knows(group: &Group, node: NodeId) -> bool {
    let origin = Origin { node, boot: AFTER_ALL - 1, conn: 0 };
    let any = RequestId { origin, number: 0 };
    group.state().recall(&any, 0, false) == Recall::Forgotten
}
