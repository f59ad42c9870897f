//! Remembering what a client that caches has read (CLIENT TRACKING).

use lockstep_commands::scripting::answer;
use lockstep_commands::{Command, Group};
use lockstep_core::scripts::{HAS_READ, IS_COUNTED};
use lockstep_core::{Op, Outcome};
use lockstep_net::Output;

use super::Front;
use crate::Node;
use crate::clients::Flag;

/// Keys that a script names: they were read if any of its commands only read.
pub(super) struct Named {
    /// Those that were not known to be read.
    keys: Vec<Vec<u8>>,
    /// How many commands had been looked at for what they read.
    behind: u64,
}

impl Front {
    /// Enters the keys that a command is about to read, if the client is to be told when
    /// they change. In front of the read, so that no change between is missed.
    pub(super) fn remember(&mut self, command: &Command, op: &Op<'_>) {
        if self.session.tracks.is_none() {
            return;
        }
        let runs = match op {
            Op::Key { op } if command.spec.is("readonly") && op.first_key().is_some() => false,
            Op::Script { op } if op.runs() => true,
            _ => return,
        };
        if runs {
            self.forget_refused();
        }
        if !self.session.tracks.as_ref().is_some_and(|tracks| tracks.remembers()) {
            if runs {
                self.named.push_back(Named { keys: Vec::new(), behind: 0 });
            }
            return;
        }
        self.looked_at += 1;
        let keys = self.enter(op).unwrap_or_default();
        // In a transaction it is not looked what became of it.
        if runs && !self.executes {
            self.named.push_back(Named { keys, behind: self.looked_at });
        }
    }

    /// What scripts named that were refused behind that is of no use to anybody.
    pub(super) fn forget_refused(&mut self) {
        if self.pending.is_empty() {
            self.named.clear();
        }
    }

    /// Enters the keys that an operation names; those of which that was not known.
    fn enter(&mut self, op: &Op<'_>) -> Option<Vec<Vec<u8>>> {
        let shard = self.route(op).ok()??;
        let leads = self.near.leader(&self.node.shards, shard).is_some();
        let (node, client, at) = (&self.node, &self.session.client, (shard, leads));
        let new = match op {
            Op::Key { op } => node.tracking.reads(node, client, at, op.key_names()),
            Op::Script { op } => {
                node.tracking.reads(node, client, at, op.key_names().iter().copied())
            }
            _ => return None,
        };
        Some(new.into_iter().map(<[u8]>::to_vec).collect())
    }

    /// A script has ended: where nothing was read the keys that it names were not. What the
    /// client has read behind it keeps them.
    pub(super) fn ran(&mut self, command: &Command, outcome: Option<&Outcome>) {
        if self.named.is_empty() || !is_run(command) {
            return;
        }
        let Some(named) = self.named.pop_front() else { return };
        let read = outcome.is_none_or(|outcome| answer::notes(outcome) & HAS_READ != 0);
        if !read && named.behind == self.looked_at {
            self.node.tracking.not_read(&self.session.client, &named.keys);
        }
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

/// Whether the error that a command gave is that of a command of its script, which was
/// counted already, where the script ran: not on a node that has no replica of it.
pub(super) fn was_counted(node: &Node, command: &Command, outcome: &Outcome) -> bool {
    is_run(command) && answer::notes(outcome) & IS_COUNTED != 0 && !node.shards.keys().is_empty()
}

/// Whether a command runs a script or a function.
fn is_run(command: &Command) -> bool {
    command.spec.group == Group::Scripting
        && matches!(
            command.spec.name,
            "eval" | "evalsha" | "eval_ro" | "evalsha_ro" | "fcall" | "fcall_ro"
        )
}
