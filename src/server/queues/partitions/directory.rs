//! What the home of a queue knows: which nodes have clients that wait, and which
//! partitions have something.
//!
//! All of it is soft. Nodes say once a second what they want, partitions what they
//! have; what is lost, late or told twice leads at worst to a node that asks a partition
//! for nothing. What a partition delivers is decided by its shard alone.

use std::collections::{BTreeMap, HashMap};

use lockstep_core::NodeId;

/// Who has not said for so long what it wants, or has, does not any more: a little more
/// than two of the times at which it is said again.
pub const SOFT_MS: u64 = 2_500;

/// Of so many queues something is known at once. Of more nothing: their consumers find
/// what there is when they ask anew.
const DESKS_MAX: usize = 65_536;

/// What is known where queues have their home.
#[derive(Debug, Default)]
pub struct Directory {
    desks: HashMap<Box<[u8]>, Desk>,
    version: u64,
}

/// That a node is to ask a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serve {
    /// The node.
    pub node: NodeId,
    /// The partition.
    pub part: u32,
    /// How many messages it is to find there.
    pub count: u64,
    /// By which word of the partition.
    pub version: u64,
}

/// What is known of one queue.
#[derive(Debug, Default)]
struct Desk {
    demands: BTreeMap<NodeId, Demand>,
    parts: BTreeMap<u32, Stock>,
    /// Who was served last.
    last: Option<NodeId>,
}

#[derive(Debug)]
struct Demand {
    count: u64,
    /// Which of the node's words this was.
    number: u64,
    at_ms: u64,
}

#[derive(Debug)]
struct Stock {
    ready: u64,
    version: u64,
    at_ms: u64,
}

impl Directory {
    /// A node has clients that wait for so many messages in all. Its words have numbers
    /// that grow. Says who is to ask where.
    pub fn want(
        &mut self,
        queue: &[u8],
        (node, number): (NodeId, u64),
        count: u64,
        now_ms: u64,
    ) -> Vec<Serve> {
        let Some(desk) = self.desk(queue) else { return Vec::new() };
        if desk.demands.get(&node).is_some_and(|demand| demand.number >= number) {
            return Vec::new();
        }
        desk.demands.insert(node, Demand { count, number, at_ms: now_ms });
        desk.serve()
    }

    /// A partition has so many messages ready.
    pub fn have(&mut self, queue: &[u8], part: u32, ready: u64, now_ms: u64) -> Vec<Serve> {
        self.version += 1;
        let version = self.version;
        let Some(desk) = self.desk(queue) else { return Vec::new() };
        desk.parts.insert(part, Stock { ready, version, at_ms: now_ms });
        desk.serve()
    }

    /// A node that was told to ask a partition has done so, or does not need to: so many
    /// messages were left there. What it still wants it says anew.
    pub fn left(
        &mut self,
        queue: &[u8],
        node: NodeId,
        (part, version): (u32, u64),
        ready: u64,
        now_ms: u64,
    ) -> Vec<Serve> {
        let Some(desk) = self.desk(queue) else { return Vec::new() };
        if let Some(demand) = desk.demands.get_mut(&node) {
            demand.count = 0;
        }
        match desk.parts.get_mut(&part) {
            // The partition has said something since.
            Some(stock) if stock.version != version => return Vec::new(),
            Some(stock) => stock.ready = ready,
            None if ready == 0 => return Vec::new(),
            None => drop(desk.parts.insert(part, Stock { ready, version, at_ms: now_ms })),
        }
        desk.serve()
    }

    /// Forgets what nobody has repeated.
    pub fn forget(&mut self, now_ms: u64) {
        self.desks.retain(|_, desk| {
            desk.demands.retain(|_, demand| is_fresh(demand.at_ms, now_ms));
            desk.parts.retain(|_, stock| is_fresh(stock.at_ms, now_ms));
            !desk.demands.is_empty() || !desk.parts.is_empty()
        });
    }

    fn desk(&mut self, queue: &[u8]) -> Option<&mut Desk> {
        if !self.desks.contains_key(queue) {
            if self.desks.len() >= DESKS_MAX {
                return None;
            }
            self.desks.insert(queue.into(), Desk::default());
        }
        self.desks.get_mut(queue)
    }
}

impl Desk {
    /// Sends those that want something to where something is, each in its turn.
    fn serve(&mut self) -> Vec<Serve> {
        let mut serves = Vec::new();
        while let Some(node) = self.next() {
            let most = self.parts.iter_mut().max_by_key(|(_, stock)| stock.ready);
            let Some((part, stock)) = most.filter(|(_, stock)| stock.ready > 0) else { break };
            let demand = self.demands.get_mut(&node).expect("it was just found");
            let count = demand.count.min(stock.ready);
            demand.count -= count;
            stock.ready -= count;
            self.last = Some(node);
            serves.push(Serve { node, part: *part, count, version: stock.version });
        }
        serves
    }

    /// The next node that wants something, behind the one that was served last.
    fn next(&self) -> Option<NodeId> {
        let wants = |(node, demand): (&NodeId, &Demand)| (demand.count > 0).then_some(*node);
        let behind = self
            .last
            .and_then(|last| self.demands.iter().filter(|(node, _)| **node > last).find_map(wants));
        behind.or_else(|| self.demands.iter().find_map(wants))
    }
}

fn is_fresh(at_ms: u64, now_ms: u64) -> bool {
    now_ms.saturating_sub(at_ms) < SOFT_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(serves: &[Serve]) -> Vec<(u64, u32, u64)> {
        serves.iter().map(|serve| (serve.node.0, serve.part, serve.count)).collect()
    }

    #[test]
    fn who_waits_is_sent_to_what_comes() {
        let mut home = Directory::default();
        assert_eq!(told(&home.want(b"q", (NodeId(1), 1), 2, 0)), []);
        assert_eq!(told(&home.have(b"q", 5, 1, 0)), [(1, 5, 1)]);
        assert_eq!(told(&home.have(b"q", 6, 9, 0)), [(1, 6, 1)]);
        assert_eq!(told(&home.want(b"other", (NodeId(1), 2), 2, 0)), []);
    }

    #[test]
    fn who_comes_later_is_sent_to_what_is_there() {
        let mut home = Directory::default();
        assert_eq!(told(&home.have(b"q", 5, 3, 0)), []);
        assert_eq!(told(&home.want(b"q", (NodeId(1), 1), 2, 0)), [(1, 5, 2)]);
        assert_eq!(told(&home.want(b"q", (NodeId(2), 1), 2, 0)), [(2, 5, 1)]);
    }

    #[test]
    fn nodes_are_served_in_turn() {
        let mut home = Directory::default();
        for node in 1..=3 {
            home.want(b"q", (NodeId(node), 1), 10, 0);
        }
        let nodes: Vec<u64> =
            (0..6).flat_map(|_| home.have(b"q", 0, 1, 0)).map(|serve| serve.node.0).collect();
        assert_eq!(nodes, [1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn what_was_left_is_for_the_next() {
        let mut home = Directory::default();
        home.want(b"q", (NodeId(1), 1), 1, 0);
        home.want(b"q", (NodeId(2), 1), 1, 0);
        let first = home.have(b"q", 4, 1, 0);
        assert_eq!(told(&first), [(1, 4, 1)]);
        let version = first[0].version;
        assert_eq!(told(&home.left(b"q", NodeId(1), (4, version), 7, 0)), [(2, 4, 1)]);
    }

    #[test]
    fn what_was_found_empty_is_not_served_again_until_it_has_something_new() {
        let mut home = Directory::default();
        home.have(b"q", 4, 9, 0);
        let version = home.want(b"q", (NodeId(1), 1), 1, 0)[0].version;
        assert_eq!(told(&home.left(b"q", NodeId(1), (4, version), 0, 0)), []);
        assert_eq!(told(&home.want(b"q", (NodeId(1), 2), 1, 0)), []);
        home.have(b"q", 4, 2, 0);
        assert_eq!(told(&home.left(b"q", NodeId(1), (4, version), 0, 0)), []);
        assert_eq!(told(&home.want(b"q", (NodeId(2), 1), 1, 0)), [(2, 4, 1)]);
    }

    #[test]
    fn an_older_word_of_a_node_changes_nothing() {
        let mut home = Directory::default();
        home.want(b"q", (NodeId(1), 7), 0, 0);
        home.want(b"q", (NodeId(1), 6), 5, 0);
        assert_eq!(told(&home.have(b"q", 0, 1, 0)), []);
    }

    #[test]
    fn what_nobody_repeats_is_forgotten() {
        let mut home = Directory::default();
        home.want(b"q", (NodeId(1), 1), 5, 0);
        home.have(b"p", 0, 1, 1_000);
        home.forget(SOFT_MS);
        assert_eq!(home.desks.len(), 1);
        assert_eq!(told(&home.have(b"q", 0, 1, SOFT_MS)), []);
        home.forget(2 * SOFT_MS);
        assert_eq!(home.desks.len(), 0);
    }

    #[test]
    fn not_more_is_known_than_there_is_room_for() {
        let mut home = Directory::default();
        for queue in 0..DESKS_MAX as u64 + 10 {
            home.have(&queue.to_be_bytes(), 0, 1, 0);
        }
        assert_eq!(home.desks.len(), DESKS_MAX);
    }
}
