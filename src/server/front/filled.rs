//! CACHE FILL of a key that is there: a read, which a copy or the leader's state answers.

use std::time::Instant;

use lockstep_cache::At;
use lockstep_commands::Command;
use lockstep_commands::here::CacheMode;
use lockstep_core::keys::{self, waits::Want};
use lockstep_core::{Op, Outcome, ShardId};
use lockstep_net::{Next, Output};

use super::Front;
use super::read::Look;

impl Front {
    /// Answers it, if this node can tell that the key is there. None: the log has to say
    /// who makes the value.
    pub(super) fn read_filled(
        &mut self,
        command: &'static Command,
        shard: ShardId,
        op: &Op<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Option<Next> {
        let at = filled(op).filter(|_| !self.parts.has(shard))?;
        let trusts = self.session.copies == CacheMode::Strict;
        let copy = trusts.then(|| self.node.cache.hit(shard, at)).flatten();
        let value = match copy {
            Some(content) => content.value?.to_vec(),
            None => self.led_value(shard, at)?,
        };
        let reply = (command.reply)(command.spec, Outcome::Bytes(value));
        self.answer(command, reply, begun, words, out);
        Some(Next::More)
    }

    fn led_value(&mut self, shard: ShardId, at: At<'_>) -> Option<Vec<u8>> {
        let op = Op::Key { op: keys::Op::Get { db: at.db, key: at.key } };
        let Some(Look::Done(Outcome::Bytes(value))) = self.look(shard, &op) else { return None };
        self.node.cache.read_here(shard, at);
        Some(value)
    }
}

/// The key that is to be filled.
fn filled<'a>(op: &Op<'a>) -> Option<At<'a>> {
    match op {
        Op::Key { op: keys::Op::PopOrWait { db, keys, want: Want::Fill { .. }, .. } } => {
            keys.first().map(|key| At { db: *db, key })
        }
        _ => None,
    }
}
