//! What is about all keys of this node, in cluster mode: those of the shards that
//! it leads. Cluster clients ask every node and add up.

use std::future::Future;
use std::sync::Arc;

use lockstep_core::keys::{self, cursor_slot, slot_cursor};
use lockstep_core::wire::Wire;
use lockstep_core::{Db, Op, Outcome, Read, ShardId};
use lockstep_raft::{Delivery, Group};

use super::topology::slots_of;
use crate::Node;

/// How often a read is tried again behind a tick.
const READS_MAX: usize = 10;

/// Answers an operation about all keys of this node at once, from what the shards
/// hold that it leads. None: it writes, or something has met its end by this node's
/// clock only; then [`carry_out`] does it.
pub fn look(node: &Node, op: &keys::Op<'_>) -> Option<Outcome> {
    let sight = Sight { node, led: led(node) };
    let seen = sight.look(op);
    // Behind the look: a lease may have ended since it was looked at. What is held back
    // from readers of keys may be seen a moment earlier here: clients of a cluster go to
    // the leader for each key, which knows of it as well.
    seen.filter(|_| sight.led.iter().all(Group::leads))
}

/// Carries out an operation about all keys of this node through the logs of the
/// shards that it leads, one shard after the other.
pub fn carry_out(
    node: &Arc<Node>,
    op: &keys::Op<'_>,
) -> impl Future<Output = Delivery> + Send + use<> {
    let node = node.clone();
    let mut bytes = Vec::new();
    op.put(&mut bytes);
    async move {
        let op = keys::Op::take(&mut &bytes[..]).expect("just written");
        if op.is_write() { write(&node, &op).await } else { read(&node, &op).await }
    }
}

async fn write(node: &Node, op: &keys::Op<'_>) -> Delivery {
    for group in led(node) {
        match node.shards.ask(group.id(), &Op::Key { op: op.clone() }).await {
            Delivery::Done(_) => {}
            failed => return failed,
        }
    }
    Delivery::Done(vec![Outcome::Ok])
}

/// What has ended must end for all replicas before anybody is told.
async fn read(node: &Node, op: &keys::Op<'_>) -> Delivery {
    for _ in 0..READS_MAX {
        for group in led(node) {
            match node.shards.ask(group.id(), &Op::Tick {}).await {
                Delivery::Done(_) => {}
                failed => return failed,
            }
        }
        if let Some(outcome) = look(node, op) {
            return Delivery::Done(vec![outcome]);
        }
    }
    Delivery::Refused(lockstep_raft::Refusal::Busy)
}

/// The shards this node leads, by number.
fn led(node: &Node) -> Vec<Group> {
    let mut led = node.shards.led();
    led.sort_by_key(Group::id);
    led
}

/// The keys of this node.
struct Sight<'a> {
    node: &'a Node,
    led: Vec<Group>,
}

impl Sight<'_> {
    fn look(&self, op: &keys::Op<'_>) -> Option<Outcome> {
        match op {
            keys::Op::DbSize { db } => {
                self.sizes(*db).map(|sizes| Outcome::Int(sizes.iter().sum()))
            }
            keys::Op::Keys { .. } => self.keys(op),
            keys::Op::RandomKey { db, seed } => self.random_key(*db, *seed),
            keys::Op::Scan { .. } => self.scan(op),
            keys::Op::Digest {} => self.digest(),
            _ => None,
        }
    }

    /// Reads from one shard; none: a tick must come first.
    fn read(&self, group: &Group, op: keys::Op<'_>) -> Option<Outcome> {
        match group.state().read(self.node.shards.now_ms(), &Op::Key { op }) {
            Read::Done(outcome) => Some(outcome),
            Read::TickFirst => None,
        }
    }

    fn each(&self, op: &keys::Op<'_>) -> Option<Vec<Outcome>> {
        self.led.iter().map(|group| self.read(group, op.clone())).collect()
    }

    fn sizes(&self, db: Db) -> Option<Vec<i64>> {
        let size = |outcome| if let Outcome::Int(size) = outcome { size } else { 0 };
        Some(self.each(&keys::Op::DbSize { db })?.into_iter().map(size).collect())
    }

    fn keys(&self, op: &keys::Op<'_>) -> Option<Outcome> {
        Some(Outcome::List(self.each(op)?.into_iter().flat_map(items).collect()))
    }

    /// Each key as likely as any other, as far as a shard chooses evenly.
    fn random_key(&self, db: Db, seed: u64) -> Option<Outcome> {
        let sizes = self.sizes(db)?;
        let all: u64 = sizes.iter().map(|size| size.unsigned_abs()).sum();
        let mut nth = seed % all.max(1);
        for (group, size) in self.led.iter().zip(sizes) {
            let size = size.unsigned_abs();
            if nth < size {
                return self.read(group, keys::Op::RandomKey { db, seed });
            }
            nth -= size;
        }
        Some(Outcome::Nil)
    }

    /// One shard after the other: a cursor names a slot, and so a shard. What was
    /// led here when the scan began and no longer is, is left out.
    fn scan(&self, op: &keys::Op<'_>) -> Option<Outcome> {
        let keys::Op::Scan { db, cursor, pattern, count, kind } = *op else { return None };
        let Some(slot) = cursor_slot(cursor) else { return Some(scanned(0, Vec::new())) };
        let shards = self.node.shards.count();
        let from = if cursor == 0 { ShardId(0) } else { self.node.shards.of_slot(slot) };
        let mut rest = self.led.iter().filter(|group| group.id() >= from).peekable();
        while let Some(group) = rest.next() {
            let cursor = if group.id() == from { cursor } else { begin(group.id(), shards) };
            let op = keys::Op::Scan { db, cursor, pattern, count, kind };
            let (next, found) = parts(self.read(group, op)?);
            match rest.peek() {
                // An empty shard is no reason to come back to the client.
                Some(_) if next == 0 && found.is_empty() => {}
                Some(later) if next == 0 => return Some(scanned(begin(later.id(), shards), found)),
                _ => return Some(scanned(next, found)),
            }
        }
        Some(scanned(0, Vec::new()))
    }

    /// Digests are joined as the shards join those of their keys.
    fn digest(&self) -> Option<Outcome> {
        let mut sum = [0_u8; 20];
        for outcome in self.each(&keys::Op::Digest {})? {
            let Outcome::Bytes(text) = outcome else { continue };
            for (byte, pair) in sum.iter_mut().zip(text.chunks(2)) {
                let pair = std::str::from_utf8(pair).unwrap_or_default();
                *byte ^= u8::from_str_radix(pair, 16).unwrap_or_default();
            }
        }
        let text: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Outcome::Bytes(text.into_bytes()))
    }
}

fn items(outcome: Outcome) -> Vec<Outcome> {
    if let Outcome::List(items) = outcome { items } else { Vec::new() }
}

/// The cursor at the beginning of a shard.
fn begin(shard: ShardId, shards: usize) -> u64 {
    slot_cursor(lockstep_core::slot::Slot(slots_of(usize::from(shard.0), shards).0))
}

/// The next cursor and the keys of a SCAN.
fn parts(outcome: Outcome) -> (u64, Vec<Outcome>) {
    let mut parts = items(outcome).into_iter();
    let next = match parts.next() {
        Some(Outcome::Bytes(digits)) => String::from_utf8_lossy(&digits).parse().unwrap_or(0),
        _ => 0,
    };
    (next, parts.next().map(items).unwrap_or_default())
}

fn scanned(next: u64, found: Vec<Outcome>) -> Outcome {
    Outcome::List(vec![Outcome::Bytes(next.to_string().into_bytes()), Outcome::List(found)])
}
