//! Remembering what a client that caches has read (CLIENT TRACKING).

use lockstep_commands::Command;
use lockstep_core::Op;
use lockstep_net::Output;

use super::Front;
use crate::clients::Flag;

impl Front {
    /// Enters the keys that a command is about to read, if the client is to be told when
    /// they change. In front of the read, so that no change between is missed.
    pub(super) fn remember(&mut self, command: &Command, op: &Op<'_>) {
        let Some(tracks) = &self.session.tracks else { return };
        let Op::Key { op: read } = op else { return };
        if !command.spec.is("readonly") || !tracks.remembers() || read.first_key().is_none() {
            return;
        }
        let Ok(Some(shard)) = self.route(op) else { return };
        let leads = self.near.leader(&self.node.shards, shard).is_some();
        let (node, client) = (&self.node, &self.session.client);
        node.tracking.reads(node, client, (shard, leads), read.key_names());
    }

    /// Says right behind the replies what these have changed: a client that goes on with
    /// its copies when it has its replies must have heard of it.
    pub(super) fn tell_own_changes(&self, out: &mut Output) {
        if self.pending.is_empty() && self.session.client.has(Flag::Tracking) {
            self.session.client.hand_over(out);
        }
    }

    /// A command that is none of CLIENT's was carried out: what CLIENT CACHING said in
    /// front of it holds no longer, unless it is part of a transaction.
    pub(super) fn forget_caching(&mut self, command: &Command) {
        let Some(tracks) = &mut self.session.tracks else { return };
        if command.spec.container() != Some("client") && !self.transaction.is_open() {
            tracks.forget_caching();
        }
    }
}
