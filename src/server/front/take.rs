//! Taking a command: whether it may run, whether it has to wait, and its road.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lockstep_commands::{
    Args, BadArgs, Command, Context, Group, LockContext, QueueContext, Request, Road,
    ScriptContext, StreamContext, error, table,
};
use lockstep_core::{Op, ShardId, sessions};
use lockstep_net::{Handler, Next, Output};
use lockstep_raft::Ops;

use super::pending::{Blocked, Pending};
use super::queues::{pending, told_apart};
use super::run::Run;
use super::transaction::Queued;
use super::{Front, locks, room, scripts, transaction};
use crate::clients::may_write;
use crate::config::Setting;
use crate::{Node, cluster, here};

/// A connection's share of a batch is handed in when it holds so many bytes,
/// even if more commands are there.
const SHARE_BYTES_MAX: usize = 256 << 10;
/// ... or so many replies wait for it.
const SHARE_REPLIES_MAX: usize = 4096;
/// How often it is looked, during a pause, whether a script is known by now.
const SCRIPT_COMES: Duration = Duration::from_millis(20);
/// So many reads ride in a share. What they find stands in memory at once, and
/// may be large; later ones are read and sent bit by bit.
const SHARE_READS_MAX: usize = 128;

impl Front {
    /// Takes a command whose name and number of words are right.
    pub(super) fn take(
        &mut self,
        command: &'static Command,
        words: &[&[u8]],
        used: usize,
        out: &mut Output,
    ) -> Next {
        if command.spec.name == "debug" && !here::may_debug(&self.node, &self.session) {
            return self.refuse(command, error::DEBUG_DISABLED, out);
        }
        if !self.authenticated() && !command.spec.is("no_auth") {
            return self.refuse(command, error::UNAUTHENTICATED, out);
        }
        let rights = self.rights();
        if let Some(rights) = &rights {
            // The log of refusals shows it as the client's command.
            self.session.began(command, words);
            if let Err(bad) = self.permit(rights, command, words) {
                return self.refuse(command, bad, out);
            }
        }
        if self.is_paused(command, words) {
            return self.defer(words);
        }
        let in_cluster_mode = cluster::is_on(&self.node);
        if in_cluster_mode && let Err(bad) = self.admit(command, words) {
            return self.refuse(command, bad, out);
        }
        if self.lacks_replicas(command) {
            return self.refuse(command, error::TOO_FEW_REPLICAS, out);
        }
        if self.session.only_listens() && !is_for_listeners(command.spec.name) {
            return self.refuse(command, error::subscribed(command.spec.name), out);
        }
        if self.transaction.is_open() && !transaction::runs_at_once(command.spec.name) {
            return self.queue(command, words, out);
        }
        if self.must_wait(command) {
            return self.defer(words);
        }
        let begun = self.watch.begin(&self.node);
        let mut request = (command.parse)(&self.context(command), Args::new(words, used));
        if in_cluster_mode {
            request = cluster::restrict(command.spec, request);
        }
        // Requests are large: only what may change one is given it.
        let attached = self.session.attached.clone();
        if attached.is_some() {
            request = locks::in_session(request, attached.as_ref());
        }
        if rights.is_some() {
            request = self.limit(rights.as_deref(), command, request);
        }
        if matches!(request, Ok(Request::Op(Op::Queue { .. }))) {
            request = self.place(request);
        }
        if let Ok(Request::Op(op)) = &request {
            if !self.pending.is_empty() && self.must_stand_behind(op) {
                return self.defer(words);
            }
            if let Some(door) = self.closed_door(op) {
                return self.open_first(door, words);
            }
        }
        self.opened.clear();
        self.session.began(command, words);
        self.node.monitors.feed_ahead(&self.session, command, words);
        let next = match request {
            Ok(Request::Op(ref op)) => {
                self.remember(command, op);
                self.operate(command, op, begun, words, out)
            }
            Ok(Request::Here(here)) => self.here(command, here, begun, words, out),
            Err(bad) => self.refuse(command, bad, out),
        };
        self.forget_caching(command);
        // Behind it, as Redis does: with the database it selected, and EXEC behind
        // what was queued.
        self.node.monitors.feed(&self.session, command, words);
        next
    }

    /// Whether a command may run on this node, by its keys.
    fn admit(&mut self, command: &Command, words: &[&[u8]]) -> Result<(), BadArgs> {
        let (node, near) = (&self.node, &mut self.near);
        let leads = |shard| near.leader(&node.shards, shard).is_some();
        cluster::admit(node, leads, command.spec, words).map(drop)
    }

    /// Whether a command has to wait for the end of a pause (CLIENT PAUSE).
    pub(super) fn is_paused(&self, command: &Command, words: &[&[u8]]) -> bool {
        self.node.clients.pause.holds(|| match command.spec.name {
            "exec" => self.transaction.queued_commands().any(|queued| queued.writes(&self.node)),
            _ => writes(&self.node, command, words),
        })
    }

    /// Whether a command, or one that EXEC would carry out, writes while there are too few
    /// replicas.
    fn lacks_replicas(&self, command: &Command) -> bool {
        let writes = || match command.spec.name {
            "exec" => self.transaction.queued_commands().any(|it| is_replicated(it.command)),
            _ => is_replicated(command),
        };
        self.node.settings.number(Setting::MinReplicasToWrite) > 0
            && writes()
            && room::lacks_replicas(&self.node)
    }

    /// What a command that has to wait for the end of a pause would carry out, if it may turn
    /// out that nothing of it writes.
    pub(super) fn would_carry_out(&self, words: &[&[u8]]) -> Vec<Queued> {
        let Ok((command, _)) = table::find(words) else { return Vec::new() };
        match command.spec.name {
            "exec" if self.transaction.queued_commands().any(|it| is_named_script(it.command)) => {
                self.transaction.queued_commands().cloned().collect()
            }
            _ if is_named_script(command) => {
                vec![Queued { command, words: words.iter().map(|word| word.to_vec()).collect() }]
            }
            _ => Vec::new(),
        }
    }

    /// Keeps a command until what is pending is settled, or a pause is over.
    pub(super) fn defer(&mut self, words: &[&[u8]]) -> Next {
        self.deferred = Some(words.iter().map(|word| word.to_vec()).collect());
        // A pause may last: the client sees first what is ready.
        if self.pending.is_empty() { Next::Block } else { Next::Settle }
    }

    /// Whether a command must not run beside what is pending: all that this node
    /// answers itself but those whose answer nothing before them can change.
    fn must_wait(&self, command: &Command) -> bool {
        if self.pending.is_empty() || command.spec.road != Road::Here {
            return false;
        }
        match command.spec.name {
            "ping" | "echo" | "select" | "multi" | "discard" | "time" => false,
            // Where it goes is not known yet.
            "exec" => self.node.shards.count() > 1,
            _ => true,
        }
    }

    /// Whether an operation has to wait until what is pending is settled.
    fn must_stand_behind(&self, op: &Op<'_>) -> bool {
        self.would_overtake(op) || self.reads_enough(op) || self.as_call(op).is_some()
    }

    /// Whether an operation could be carried out before others that the client
    /// sent earlier, because those are for another shard, and that matters.
    fn would_overtake(&self, op: &Op<'_>) -> bool {
        let same_run = self.run.is_some() && self.run == Run::of(op);
        !same_run && self.route(op).is_ok_and(|shard| self.spread || shard != self.busy_with)
    }

    /// The shard an operation goes to; none: every one.
    ///
    /// # Errors
    /// It goes nowhere from here, and what to tell the client.
    pub(super) fn route(&self, op: &Op<'_>) -> Result<Option<ShardId>, BadArgs> {
        let shards = &self.node.shards;
        if shards.host().is_removed() {
            return Err(error::REMOVED);
        }
        if shards.count() == 0 {
            return Err(shards.forming());
        }
        Ok(cluster::shard_of(&self.node, op))
    }

    /// Whether a read should rather wait for the end of the share than ride in it.
    fn reads_enough(&self, op: &Op<'_>) -> bool {
        self.reads >= SHARE_READS_MAX && !op.is_write()
    }

    /// What a command's parsing needs. Only those on locks, queues and streams look at
    /// the settings of these.
    pub(super) fn context(&mut self, command: &Command) -> Context {
        self.request += 1;
        let on_locks = command.spec.group == Group::Locks;
        let on_queues = command.spec.group == Group::Queues;
        let on_scripts = command.spec.group == Group::Scripting;
        let on_streams = on_scripts || command.spec.group == Group::Stream;
        Context {
            db: self.session.db,
            origin: self.origin,
            request: self.request,
            protocol: self.session.protocol,
            string_bytes_max: room::string_bytes_max(&self.node),
            sparse_bytes_max: self.node.settings.number(Setting::HllSparseMaxBytes),
            // Only spreads choices; nobody must be kept from guessing it.
            lfu: self.node.settings.word(Setting::MaxmemoryPolicy).ends_with("-lfu"),
            seed: self.origin.conn.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.request,
            locks: if on_locks { self.lock_context() } else { LockContext::default() },
            queues: if on_queues { self.queue_context() } else { QueueContext::default() },
            streams: if on_streams { self.stream_context() } else { StreamContext::default() },
            scripts: if on_scripts { self.script_context() } else { ScriptContext::default() },
        }
    }

    fn stream_context(&self) -> StreamContext {
        let settings = &self.node.settings;
        StreamContext {
            block_entries_max: settings.number(Setting::StreamNodeMaxEntries),
            block_bytes_max: settings.number(Setting::StreamNodeMaxBytes),
        }
    }

    fn script_context(&self) -> ScriptContext {
        let settings = &self.node.settings;
        ScriptContext {
            enabled: settings.flag(Setting::Scripting),
            steps_max: settings.number(Setting::ScriptStepsMax),
            memory_max: settings.number(Setting::ScriptMemoryMax),
            cache_max: settings.number(Setting::ScriptCacheMax),
            functions_max: settings.number(Setting::FunctionCacheMax),
            spread: cluster::is_on(&self.node),
            all_slots: self.node.shards.count() == 1,
            no_replicas: room::lacks_replicas(&self.node),
        }
    }

    fn queue_context(&self) -> QueueContext {
        QueueContext { body_bytes_max: self.node.settings.size(Setting::QueueMessageBytesMax) }
    }

    /// Sends an operation on its road.
    pub(super) fn operate(
        &mut self,
        command: &'static Command,
        op: &Op<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        if let Some(call) = self.as_call(op) {
            self.note_wait(words);
            return self.begin_call(command, call, begun, out);
        }
        let shard = match self.route(op) {
            Ok(Some(shard)) => shard,
            Ok(None) => return self.ask_everywhere(command, op, begun, words, out),
            Err(bad) => return self.refuse(command, bad, out),
        };
        self.node.cache.used(op);
        if !op.is_write() && !self.parts.has(shard) {
            return self.read(command, shard, op, begun, words, out);
        }
        if let Some(next) = self.read_filled(command, shard, op, begun, words, out) {
            return next;
        }
        if let Some(next) = self.write_line(command, shard, op, begun, words, out) {
            return next;
        }
        if op.wait().is_some() {
            if self.node.waits.are_given_up() {
                return self.send_away(command, out);
            }
            let named = self.node.shards.replica(shard).is_none();
            let name = if named { self.request_name() } else { Vec::new() };
            let told = told_apart(&self.node, shard, op.clone(), &name);
            return self.hand_in(command, shard, &told, begun, words, out);
        }
        self.hand_in(command, shard, op, begun, words, out)
    }

    /// Hands an operation in, and notes that its outcome is awaited.
    fn hand_in(
        &mut self,
        command: &'static Command,
        shard: ShardId,
        op: &Op<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        self.note_kill(op);
        let bytes = words.iter().map(|word| word.len()).sum();
        if let Err(bad) = room::fits(&self.node, bytes) {
            return self.refuse(command, bad, out);
        }
        if !room::is_needed(command) {
            self.hand_over(shard, op);
        } else if let Err(bad) = self.hand_over_with_room(shard, op) {
            return self.refuse(command, bad, out);
        }
        let kept = self.session.keep_words(&self.node, words);
        if op.wait().is_some() {
            let expected = self.node.waits.enter(self.origin.conn, self.request, shard);
            let mut blocked = Blocked::new(command, shard, self.request, expected, op);
            blocked.loses_all = locks::loses_all(op, self.node.shards.count());
            self.blocked = Some(blocked);
            self.pending.push(Pending::Wait { command, shard, begun, kept });
            self.note_wait(words);
            return Next::Settle;
        }
        self.pending.push(pending(command, shard, begun, kept, op));
        self.more()
    }

    /// Adds an operation to what goes to a shard next.
    pub(super) fn hand_over(&mut self, shard: ShardId, op: &Op<'_>) {
        if op.is_write() {
            self.part_for(shard, op).write(op);
        } else {
            self.reads += 1;
            self.part_for(shard, op).read(op);
        }
    }

    /// The same for what adds something: sees that there is room, on the disk, and
    /// in memory by putting evictions ahead of it. Where another node leads, that
    /// one looks.
    pub(super) fn hand_over_with_room(
        &mut self,
        shard: ShardId,
        op: &Op<'_>,
    ) -> Result<(), BadArgs> {
        let Some(group) = self.near.leader(&self.node.shards, shard) else {
            self.part_for(shard, op).write_if_room(op);
            return Ok(());
        };
        if self.node.shards.disk_full() {
            return Err(error::DISK_FULL);
        }
        match room::make(&self.node, group, self.parts.of(shard), self.request) {
            Ok(None) => self.part_for(shard, op).write(op),
            Ok(Some(planned)) => {
                self.busy_with.get_or_insert(shard);
                self.pending.push(Pending::Eviction { shard, _planned: planned });
                self.part_for(shard, op).write(op);
            }
            Err(bad) => self.part_for(shard, op).write(&op.without_room().ok_or(bad)?),
        }
        Ok(())
    }

    fn part_for(&mut self, shard: ShardId, op: &Op<'_>) -> &mut Ops {
        let before = self.busy_with.replace(shard);
        self.spread |= before.is_some_and(|before| before != shard);
        let run = Run::of(op);
        self.run = if before.is_none() || self.run == run { run } else { None };
        if binds(op) {
            self.bind_to(shard);
        }
        self.parts.of(shard)
    }

    /// Goes on, unless the share is large enough to be handed in.
    pub(super) fn more(&self) -> Next {
        let full = self.parts.bytes() > SHARE_BYTES_MAX || self.pending.len() > SHARE_REPLIES_MAX;
        if full { Next::Settle } else { Next::More }
    }
}

/// Whether a command writes something for which Redis has replicas. Who has a lock, a session
/// or a message must be able to keep it and to give it back.
fn is_replicated(command: &Command) -> bool {
    let own = matches!(command.spec.group, Group::Locks | Group::Queues);
    command.spec.is("write") && !own
}

/// Whether a command may change something: a script may, unless the replica here knows that it
/// does not.
fn writes(node: &Node, command: &Command, words: &[&[u8]]) -> bool {
    may_write(command) && !scripts::only_reads(node, command, words)
}

impl Queued {
    /// The same of a command that is kept.
    fn writes(&self, node: &Node) -> bool {
        let words: Vec<&[u8]> = self.words.iter().map(|word| &word[..]).collect();
        writes(node, self.command, &words)
    }
}

/// Whether a command runs a script that this node may not know yet.
fn is_named_script(command: &Command) -> bool {
    matches!(command.spec.name, "evalsha" | "fcall")
}

/// Waits until none of some commands is held up by a pause any more: it is over, or the
/// replica here has learned that none of them writes. A script that was just loaded through
/// another node comes here a little later.
pub(super) async fn pause_over(node: Arc<Node>, held: Vec<Queued>) {
    let pause = &node.clients.pause;
    let look_again = if held.is_empty() { Duration::MAX } else { SCRIPT_COMES };
    while tokio::time::timeout(look_again, pause.over()).await.is_err() {
        if !pause.holds(|| held.iter().any(|held| held.writes(&node))) {
            return;
        }
    }
}

/// Whether a command is for those, too, who speak RESP2 and listen to channels.
fn is_for_listeners(name: &str) -> bool {
    matches!(
        name,
        "subscribe"
            | "psubscribe"
            | "ssubscribe"
            | "unsubscribe"
            | "punsubscribe"
            | "sunsubscribe"
            | "ping"
            | "quit"
            | "reset"
    )
}

/// Whether an operation may leave something with a shard that ends with the
/// connection.
pub(super) fn binds(op: &Op<'_>) -> bool {
    let owns = matches!(op, Op::Lock { op } if op.bound().is_some());
    let attaches = matches!(op, Op::Session { op: sessions::Op::Attach { .. } });
    owns || attaches || op.wait().is_some()
}
