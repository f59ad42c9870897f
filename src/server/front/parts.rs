//! The operations of one connection on their way to shards.

use std::sync::Arc;

use lockstep_core::{Outcome, ShardId};
use lockstep_raft::{Delivery, Mailbox, Ops, Refusal};

use crate::shards::Shards;

/// What a connection has for each shard: operations before they are handed in,
/// outcomes afterwards. Most connections use one shard at a time.
#[derive(Debug, Default)]
pub(super) struct Parts {
    list: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    shard: ShardId,
    ops: Ops,
    /// Used again and again; a delivery in it belongs to what was handed in last.
    mailbox: Arc<Mailbox>,
    state: State,
}

#[derive(Debug)]
enum State {
    Gathering,
    HandedIn,
    Delivered(std::vec::IntoIter<Outcome>),
    Failed(Failure),
}

/// Why there are no outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Not applied.
    Refused(Refusal),
    /// Applied or not, nobody knows.
    Unknown,
}

impl Parts {
    /// Whether operations for a shard wait here.
    pub(super) fn has(&self, shard: ShardId) -> bool {
        self.list.iter().any(|part| part.shard == shard && !part.ops.is_empty())
    }

    /// The operations for a shard.
    pub(super) fn of(&mut self, shard: ShardId) -> &mut Ops {
        let at = self.list.iter().position(|part| part.shard == shard).unwrap_or_else(|| {
            self.list.push(Part {
                shard,
                ops: Ops::default(),
                mailbox: Arc::default(),
                state: State::Gathering,
            });
            self.list.len() - 1
        });
        &mut self.list[at].ops
    }

    /// How many bytes wait here.
    pub(super) fn bytes(&self) -> usize {
        self.list.iter().map(|part| part.ops.bytes()).sum()
    }

    /// Hands everything in and waits for the outcomes.
    pub(super) async fn carry_out(&mut self, shards: &Shards) {
        for part in self.list.iter_mut().filter(|part| !part.ops.is_empty()) {
            let ops = std::mem::take(&mut part.ops);
            part.state = match shards.get(part.shard).submit(ops, &part.mailbox) {
                Ok(()) => State::HandedIn,
                Err(refusal) => State::Failed(Failure::Refused(refusal)),
            };
        }
        for part in &mut self.list {
            if matches!(part.state, State::HandedIn) {
                part.state = match part.mailbox.take().await {
                    Delivery::Done(outcomes) => State::Delivered(outcomes.into_iter()),
                    Delivery::Refused(refusal) => State::Failed(Failure::Refused(refusal)),
                    Delivery::Unknown => State::Failed(Failure::Unknown),
                };
            }
        }
    }

    /// The next outcome of a shard.
    pub(super) fn next(&mut self, shard: ShardId) -> Result<Outcome, Failure> {
        let part = self.list.iter_mut().find(|part| part.shard == shard);
        match part.map(|part| &mut part.state) {
            Some(State::Delivered(outcomes)) => {
                Ok(outcomes.next().expect("an outcome for every operation"))
            }
            Some(State::Failed(failure)) => Err(*failure),
            Some(State::Gathering | State::HandedIn) | None => {
                unreachable!("outcomes are taken after they were carried out")
            }
        }
    }
}
