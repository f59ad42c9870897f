//! Damage to disks, and how much of it a cluster has to bear at once.

use lockstep_core::ShardId;
use lockstep_raft::Group;
use lockstep_storage::BODIES_DIR;

use super::World;
use super::faults::Harm;
use super::node::files;

impl World {
    /// Flips bits of a disk.
    pub(super) fn harm(&mut self, at: usize, harm: Option<Harm>) {
        let disk = self.nodes[at].disk.clone();
        let mut files = files(&disk);
        let (count, bodies) = match harm {
            None => return,
            Some(Harm::Flips(count)) => (count, false),
            Some(Harm::Bodies(count)) => (count, true),
        };
        files.retain(|path| path.to_string_lossy().contains(BODIES_DIR) == bodies);
        self.nodes[at].harmed = true;
        self.nodes[at].rots |= bodies && !files.is_empty();
        for _ in 0..count {
            if files.is_empty() {
                return;
            }
            let path = &files[self.chance.below(files.len() as u64) as usize];
            let len = disk.bytes(path).map_or(0, |bytes| bytes.len() as u64);
            if len > 0 {
                disk.flip(path, self.chance.below(len), 1 << self.chance.below(8));
            }
        }
    }

    /// Whether the damage that nobody has noticed yet stays with a minority of every
    /// shard if this node has some as well.
    pub(super) fn may_rot(&self, at: usize) -> bool {
        let others = self.nodes.iter().filter(|node| node.at != at && node.rots).count();
        others < usize::from(self.plan.settings.replicas - 1) / 2
    }

    /// Whether all other nodes are well, so that this one can be done without.
    pub(super) fn may_lose(&self, at: usize) -> bool {
        let whole = self.member_nodes().all(|node| {
            node.at == at
                || node.host().is_some_and(|host| host.cluster().is_some())
                    && node.running().is_some_and(|process| !process.stopping)
        });
        whole && self.is_caught_up(at)
    }

    /// Whether every shard is led, all its voters run, and those that are left
    /// without this one have nearly all of its log.
    fn is_caught_up(&self, without: usize) -> bool {
        let mut shards =
            std::iter::once(ShardId::META).chain((0..self.plan.settings.shards).map(ShardId));
        shards.all(|shard| {
            let Some(group) = self.leader(shard).and_then(|at| self.replica(at, shard)) else {
                return false;
            };
            let standing = group.watch().borrow().clone();
            let most = group.status().applied;
            // A change of members counts from when the others have it.
            let well = |group: &Group| {
                let theirs = group.watch().borrow().clone();
                let same = theirs.voters == standing.voters && !theirs.joint;
                same && group.status().applied + 50 >= most
            };
            let all_well = standing.voters.iter().all(|voter| {
                let at = self.ids.get(voter).copied().filter(|at| self.members[*at]);
                let replica = at.and_then(|at| self.replica(at, shard));
                at == Some(without) || replica.is_some_and(|group| well(&group))
            });
            all_well && !standing.joint && standing.voters.len() >= 3
        })
    }

    fn replica(&self, at: usize, shard: ShardId) -> Option<Group> {
        let node = &self.nodes[at];
        let _inside = node.running()?.enter();
        node.host()?.group(shard)
    }
}
