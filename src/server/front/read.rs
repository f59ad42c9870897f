//! Reads on the connection's own task, under the leader's lease.

use std::time::Instant;

use lockstep_commands::{Command, error};
use lockstep_core::{Op, Read, ShardId};
use lockstep_net::{Next, Output};

use super::Front;
use super::pending::Pending;

impl Front {
    /// Reads from the state of a shard, if this connection has nothing unfinished
    /// there.
    pub(super) fn read(
        &mut self,
        command: &'static Command,
        shard: ShardId,
        op: &Op<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        let group = self.node.shards.get(shard);
        if !group.leads() {
            return self.refuse(command, error::NO_LEADER, out);
        }
        let read = group.state().read(self.watch.now_ms(), op);
        match read {
            Read::Done(outcome) => {
                let reply = (command.reply)(command.spec, outcome);
                self.answer(command, reply, begun, words, out);
                Next::More
            }
            Read::TickFirst => {
                // The replicated clock is behind the leader's: what has ended
                // must end for all replicas before anybody is told.
                self.hand_over(shard, &Op::Tick {});
                self.hand_over(shard, op);
                self.pending.push(Pending::Tick { shard });
                let kept = self.session.keep_words(&self.node, words);
                self.pending.push(Pending::Outcome { command, shard, begun, kept });
                self.more()
            }
        }
    }
}
