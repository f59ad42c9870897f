//! Sessions: stories, random histories, snapshots, and broken variants that are found.

#![allow(clippy::unwrap_used)]

mod fence;
mod histories;
mod images;
mod limits;
mod model;
mod stories;

use super::table::Limits;
use super::{Ending, Op, Over, Table};
use crate::{Fault, NodeId, Origin, Outcome, ShardId, Stamp};

const NOW: u64 = 1_000_000;
const TTL: u64 = 5_000;

fn origin(node: u64, boot: u64, conn: u64) -> Origin {
    Origin { node: NodeId(node), boot, conn }
}

fn conn(conn: u64) -> Origin {
    origin(1, 1, conn)
}

fn id(number: u64) -> Vec<u8> {
    format!("session-{number:012}").into_bytes()
}

fn create(id: &[u8]) -> Op<'_> {
    Op::Create { id, ttl_ms: TTL, name: b"worker", delay_ms: 70 }
}

fn open(id: &[u8], floor: u64) -> Op<'_> {
    Op::Open { id, birth_ms: NOW, delay_ms: 70, floor }
}

/// A copy by way of a snapshot.
fn restored(table: &Table) -> Table {
    let mut copy = Table::new();
    for chunk in table.freeze().chunks() {
        copy.restore(&chunk).unwrap();
    }
    copy.limits = table.limits;
    copy.ended.max = table.ended.max;
    copy.mutant = table.mutant;
    copy
}

/// A table with a clock.
struct Rig {
    table: Table,
    at: Stamp,
    /// What ended in the last step.
    over: Vec<Over>,
}

impl Rig {
    fn new() -> Self {
        let at = Stamp { now_ms: NOW, seq: 0, version: 1 };
        Rig { table: Table::new(), at, over: Vec::new() }
    }

    /// Moves the clock to so long after the beginning.
    fn at(&mut self, ms: u64) -> &mut Self {
        self.at.now_ms = NOW + ms;
        self
    }

    fn step(&mut self) -> Stamp {
        self.at.seq += 1;
        self.over.clear();
        self.table.expire(&self.at, usize::MAX, &mut self.over);
        self.at
    }

    fn run(&mut self, op: Op<'_>) -> Outcome {
        let at = self.step();
        self.table.apply(&at, &op, &mut self.over)
    }

    fn gone(&mut self, origin: Origin) {
        let at = self.step();
        self.table.end_connection(&at, origin);
    }

    fn boot(&mut self, node: u64, boot: u64) {
        let at = self.step();
        self.table.end_lives(&at, Origin { node: NodeId(node), boot, conn: 0 });
    }

    /// The sessions that end when the clock moves to so long after the beginning.
    fn over_at(&mut self, ms: u64) -> Vec<Vec<u8>> {
        self.at(ms).step();
        self.over.iter().map(|over| over.id.to_vec()).collect()
    }

    fn lives(&self, id: &[u8]) -> bool {
        self.table.birth_of(id).is_some()
    }

    fn endings(&self) -> Vec<(Vec<u8>, u16)> {
        let endings = self.table.endings();
        endings.map(|Ending { id, shard, .. }| (id.to_vec(), shard.0)).collect()
    }
}
