//! Nodes that have left for good, or were not heard of for too long, told to
//! every shard.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::requests::Recall;
use lockstep_core::{NodeId, Op, Origin, RequestId};

use super::Inner;
use crate::Group;

/// How often somebody looks at least whether a node has left.
const LOOK: Duration = Duration::from_millis(500);

impl Inner {
    /// Tells the shards that this node leads which nodes have left or were given
    /// up. Nobody else would: they begin no new life, or later, and what their
    /// connections held or waited for would stay.
    pub(super) async fn tell_of_departed(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        let mut changes = self.map.subscribe();
        loop {
            let map = self.map.borrow().clone();
            let gone = map.removed_nodes().map(Origin::after_all);
            let given_up = map.all_ended();
            let given_up =
                given_up.map(|(node, boot)| Origin { node, boot: boot.saturating_add(1), conn: 0 });
            let gone: Vec<Origin> = gone.chain(given_up).collect();
            for group in self.groups.data().into_iter().filter(Group::leads) {
                for origin in gone.iter().filter(|origin| !knows(&group, **origin)) {
                    // If it does not come to it now, it will at the next look.
                    let _ = self.ask(group.id(), &Op::Boot { origin: *origin }).await;
                }
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                _ = changes.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

impl Group {
    /// Whether the shard was told that a node left for good.
    pub fn has_left(&self, node: NodeId) -> bool {
        knows(self, Origin::after_all(node))
    }
}

/// Whether the shard takes nothing any more of the lives before this one.
fn knows(group: &Group, life: Origin) -> bool {
    let last = Origin { boot: life.boot.saturating_sub(1), ..life };
    let any = RequestId { origin: last, number: 0 };
    group.state().recall(&any, 0, false) == Recall::Forgotten
}
