//! What is asked of every shard.

use std::sync::Arc;
use std::time::Instant;

use lockstep_commands::{BadArgs, Command, Reply};
use lockstep_core::{Op, Outcome, ShardId, locks};
use lockstep_net::{Next, Output};
use lockstep_raft::{Delivery, Group, Mailbox, Ops};

use super::pending::Later;
use super::{Front, scripts};
use crate::Node;
use crate::cluster::wide;
use crate::shards::Shards;

impl Front {
    /// Reads from every shard what is about all of them: at once where this node
    /// leads them all, else their leaders are asked.
    pub(super) fn ask_everywhere(
        &mut self,
        command: &'static Command,
        op: &Op<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        if let Some(outcome) = self.everywhere_here(op) {
            let reply = (command.reply)(command.spec, outcome);
            self.answer(command, reply, begun, words, out);
            return Next::More;
        }
        let node = self.node.clone();
        if let Op::Script { op } = op {
            let done = scripts::carry_out(&node, op);
            let future = Box::pin(async move {
                match done.await {
                    Ok(outcome) => (command.reply)(command.spec, outcome),
                    Err(bad) => Reply::Error(bad),
                }
            });
            self.later = Some(Later { command, begun, future, waits: false, given: None });
            return Next::Block;
        }
        if let Op::Key { op } = op {
            let done = wide::carry_out(&node, op);
            let future = Box::pin(async move {
                match done.await {
                    Delivery::Done(mut outcomes) => {
                        (command.reply)(command.spec, outcomes.pop().unwrap_or(Outcome::Ok))
                    }
                    other => Reply::Error(node.shards.failure(Shards::KEY_SPACE, &other)),
                }
            });
            self.later = Some(Later { command, begun, future, waits: false, given: None });
            return Next::Block;
        }
        let asked = node.shards.ids().map(|shard| (shard, ask(&node, shard, op))).collect();
        let future = Box::pin(async move {
            match gather(&node, asked).await {
                Ok(outcomes) => (command.reply)(command.spec, locks::Stats::merge(outcomes)),
                Err(bad) => Reply::Error(bad),
            }
        });
        self.later = Some(Later { command, begun, future, waits: false, given: None });
        Next::Block
    }

    /// The same where this node leads every shard. By the shards' own clocks:
    /// nothing that is told so ends at a time. What is about all keys is about
    /// those that this node leads.
    pub(super) fn everywhere_here(&self, op: &Op<'_>) -> Option<Outcome> {
        if let Op::Key { op } = op {
            return wide::look(&self.node, op);
        }
        if matches!(op, Op::Script { .. }) {
            return None;
        }
        let led = self.node.shards.led();
        if led.len() != self.node.shards.count() {
            return None;
        }
        let merged = locks::Stats::merge(led.iter().map(|group| group.state().look(op)));
        // Behind the look: a lease may have ended since it was looked at.
        led.iter().all(Group::leads).then_some(merged)
    }
}

fn ask(node: &Node, shard: ShardId, op: &Op<'_>) -> Arc<Mailbox> {
    let (mut ops, mailbox) = (Ops::default(), Arc::new(Mailbox::default()));
    ops.read(op);
    node.shards.submit(shard, ops, &mailbox);
    mailbox
}

async fn gather(node: &Node, asked: Vec<(ShardId, Arc<Mailbox>)>) -> Result<Vec<Outcome>, BadArgs> {
    let mut outcomes = Vec::with_capacity(asked.len());
    for (shard, mailbox) in asked {
        match mailbox.take().await {
            Delivery::Done(found) => outcomes.extend(found),
            other => return Err(node.shards.failure(shard, &other)),
        }
    }
    Ok(outcomes)
}
