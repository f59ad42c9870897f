//! The operations of one connection on their way to shards.

use std::sync::Arc;

use lockstep_commands::BadArgs;
use lockstep_core::{Op, Origin, Outcome, ShardId};
use lockstep_raft::{Delivery, Mailbox, Ops};

use crate::Node;

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
    /// The number of the last share, by which the shard knows it again.
    number: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Gathering,
    HandedIn,
    Delivered(std::vec::IntoIter<Outcome>),
    /// There are no outcomes: what to tell the client.
    Failed(BadArgs),
}

/// Outcomes that nobody takes any more.
#[derive(Debug)]
pub(super) enum Unfinished {
    /// They will come here.
    HandedIn(Arc<Mailbox>),
    /// These are they.
    Delivered(Vec<Outcome>),
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
                number: 0,
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
    pub(super) async fn carry_out(&mut self, node: &Node, origin: Origin) {
        for part in self.list.iter_mut().filter(|part| !part.ops.is_empty()) {
            let mut ops = std::mem::take(&mut part.ops);
            part.number += 1;
            ops.identify(origin, part.number);
            part.state = State::HandedIn;
            node.shards.submit(part.shard, ops, &part.mailbox);
        }
        for part in &mut self.list {
            if matches!(part.state, State::HandedIn) {
                part.state = match part.mailbox.take().await {
                    Delivery::Done(outcomes) => State::Delivered(outcomes.into_iter()),
                    other => State::Failed(node.shards.failure(part.shard, &other)),
                };
            }
        }
    }

    /// The last number that was used with a shard. So many behind it are another's
    /// from now on, who counts on by itself.
    pub(super) fn reserve(&mut self, shard: ShardId, numbers: u64) -> u64 {
        self.of(shard);
        let part = self.list.iter_mut().find(|part| part.shard == shard);
        let part = part.expect("it was just made");
        let last = part.number;
        part.number = last.saturating_add(numbers);
        last
    }

    /// A share of one operation, under the next number: what was handed in before
    /// it and arrives late is not carried out any more.
    pub(super) fn last_word(&mut self, shard: ShardId, origin: Origin, op: &Op<'_>) -> Ops {
        self.of(shard);
        let mut ops = Ops::default();
        ops.write(op);
        if let Some(part) = self.list.iter_mut().find(|part| part.shard == shard) {
            part.number += 1;
            ops.identify(origin, part.number);
        }
        ops
    }

    /// What a connection that is over would still get from a shard.
    pub(super) fn unfinished(&mut self, shard: ShardId) -> Option<Unfinished> {
        let part = self.list.iter_mut().find(|part| part.shard == shard)?;
        match std::mem::replace(&mut part.state, State::Gathering) {
            State::HandedIn => Some(Unfinished::HandedIn(part.mailbox.clone())),
            State::Delivered(outcomes) => Some(Unfinished::Delivered(outcomes.collect())),
            State::Gathering | State::Failed(_) => None,
        }
    }

    /// The next outcome of a shard.
    pub(super) fn next(&mut self, shard: ShardId) -> Result<Outcome, BadArgs> {
        let part = self.list.iter_mut().find(|part| part.shard == shard);
        match part.map(|part| &mut part.state) {
            Some(State::Delivered(outcomes)) => {
                Ok(outcomes.next().expect("an outcome for every operation"))
            }
            Some(State::Failed(bad)) => Err(bad.clone()),
            Some(State::Gathering | State::HandedIn) | None => {
                unreachable!("outcomes are taken after they were carried out")
            }
        }
    }
}
