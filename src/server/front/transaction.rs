//! MULTI: the commands that are queued, the keys that are watched.

use lockstep_commands::{Command, Reply, error};
use lockstep_core::keys;
use lockstep_core::op::Watched;
use lockstep_core::{Db, Op, ShardId};
use lockstep_net::{Next, Output};

use super::pending::Pending;
use super::{Front, room};
use crate::config::Setting;
use crate::shards::Shards;

/// The state of MULTI on a connection.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    open: bool,
    /// A command was refused while it was queued: EXEC will refuse all.
    spoiled: bool,
    queued: Vec<Queued>,
    queued_bytes: usize,
    watched: Vec<(Db, Vec<u8>, u64)>,
    /// Invariant: what the watched keys take.
    watched_bytes: usize,
    /// Where the watched keys are.
    watched_in: Option<ShardId>,
    /// Keys could not be watched: EXEC must not run as if they had not changed.
    blind: bool,
}

/// What a watched key costs beside its name.
const WATCHED_BYTES: usize = 64;

/// A command that waits for EXEC.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub command: &'static Command,
    pub words: Vec<Vec<u8>>,
}

/// One element of EXEC's reply.
pub(super) enum Step {
    /// The next outcome of the transaction, shown by a command.
    Outcome(&'static Command),
    /// Known before it ran, of a command.
    Reply(&'static Command, Reply),
    /// Answered by this node once the transaction has run.
    Here(Queued),
}

/// Whether a command runs at once even after MULTI.
pub(super) fn runs_at_once(name: &str) -> bool {
    matches!(name, "exec" | "discard" | "multi" | "watch" | "quit" | "reset")
}

impl Transaction {
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// How many commands are queued; none outside MULTI.
    pub(super) fn queued(&self) -> Option<usize> {
        self.open.then_some(self.queued.len())
    }

    /// A command was refused.
    pub(super) fn spoil(&mut self) {
        self.spoiled = self.open;
    }

    /// What it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.queued_bytes + self.watched_bytes
    }

    /// The queued commands.
    pub(super) fn queued_commands(&self) -> impl Iterator<Item = &Queued> {
        self.queued.iter()
    }

    pub(super) fn unwatch(&mut self) {
        self.watched.clear();
        self.watched_bytes = 0;
        self.watched_in = None;
        self.blind = false;
    }

    /// A WATCH failed.
    pub(super) fn watch_failed(&mut self) {
        self.blind = true;
    }

    pub(super) fn watch(
        &mut self,
        shard: ShardId,
        keys: Vec<(Db, Vec<u8>)>,
        versions: impl Iterator<Item = u64>,
    ) {
        self.watched_in = Some(shard);
        for ((db, key), version) in keys.into_iter().zip(versions) {
            // The first WATCH of a key counts.
            if !self.watched.iter().any(|(d, k, _)| (*d, k) == (db, &key)) {
                self.watched_bytes += WATCHED_BYTES + key.len();
                self.watched.push((db, key, version));
            }
        }
    }

    /// Ends MULTI: whether it was spoiled, the queued commands, the watched keys.
    pub(super) fn close(&mut self) -> Closed {
        let whole = std::mem::take(self);
        let spoiled = whole.spoiled || whole.blind;
        let Transaction { queued, watched, watched_in, .. } = whole;
        Closed { spoiled, queued, watched, watched_in }
    }
}

/// What MULTI had gathered.
pub(super) struct Closed {
    pub spoiled: bool,
    pub queued: Vec<Queued>,
    watched: Vec<(Db, Vec<u8>, u64)>,
    watched_in: Option<ShardId>,
}

impl Closed {
    /// Whether a queued command needs memory.
    pub(super) fn needs_room(&self) -> bool {
        self.queued.iter().any(|queued| room::is_needed(queued.command))
    }

    /// The shard where keys are watched, if any are.
    pub(super) fn watched_in(&self) -> Option<ShardId> {
        self.watched_in
    }

    /// The watched keys, as the log holds them.
    pub(super) fn watched(&self) -> Vec<Watched<'_>> {
        self.watched
            .iter()
            .map(|(db, key, version)| Watched::Key { db: *db, key, version: *version })
            .collect()
    }
}

impl Front {
    pub(super) fn multi(&mut self, command: &'static Command, out: &mut Output) -> Next {
        if self.transaction.open {
            // Refused without spoiling the transaction, as Redis does.
            return self.reject(command, error::NESTED_MULTI, out);
        }
        self.transaction.open = true;
        self.session.client.set_queued(self.transaction.queued());
        self.answer_at_once(command, Reply::Ok, out)
    }

    /// Queues a command behind MULTI.
    pub(super) fn queue(
        &mut self,
        command: &'static Command,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        if command.spec.is("no_multi") {
            return self.refuse(command, error::NOT_IN_MULTI, out);
        }
        if room::is_out(&self.node) {
            // Even reads: a queue takes memory, too.
            return self.refuse(command, error::OUT_OF_MEMORY, out);
        }
        let bytes: usize = words.iter().map(|word| word.len() + 32).sum();
        let limit = self.node.settings.number(Setting::ClientQueryBufferLimit);
        if (self.transaction.queued_bytes + bytes) as u64 > limit {
            return self.refuse(command, error::TRANSACTION_TOO_BIG, out);
        }
        self.transaction.queued_bytes += bytes;
        let words = words.iter().map(|word| word.to_vec()).collect();
        self.transaction.queued.push(Queued { command, words });
        self.session.client.set_queued(self.transaction.queued());
        self.emit(Reply::Simple("QUEUED"), out);
        Next::More
    }

    pub(super) fn discard(&mut self, command: &'static Command, out: &mut Output) -> Next {
        if !self.transaction.open {
            return self.reject(command, error::DISCARD_WITHOUT_MULTI, out);
        }
        self.transaction.close();
        self.session.client.set_queued(None);
        self.answer_at_once(command, Reply::Ok, out)
    }

    pub(super) fn watch(
        &mut self,
        command: &'static Command,
        keys: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        if self.transaction.open {
            return self.reject(command, error::WATCH_IN_MULTI, out);
        }
        let db = self.session.db;
        let versions = Op::Key { op: keys::Op::Versions { db, keys: keys.to_vec() } };
        let shard = match self.route(&versions) {
            Ok(shard) => shard.unwrap_or(Shards::KEY_SPACE),
            Err(bad) => return self.refuse(command, bad, out),
        };
        if self.transaction.watched_in.is_some_and(|other| other != shard) {
            return self.refuse(command, error::CROSS_SHARD, out);
        }
        // A tick first, so that what has ended by the leader's clock is not
        // watched as if it were alive.
        self.hand_over(shard, &Op::Tick {});
        self.hand_over(shard, &versions);
        self.pending.push(Pending::Tick { shard });
        let keys = keys.iter().map(|key| (db, key.to_vec())).collect();
        self.pending.push(Pending::Watch { command, shard, keys });
        Next::Settle
    }
}
