//! What stands between a connection and the rest: takes its commands one by
//! one, sends each on its road, and gives the replies back in order.

mod exec;
mod parts;
mod pending;
mod read;
mod room;
mod settle;
mod stopwatch;
mod transaction;
mod waits;

use std::sync::Arc;
use std::time::Instant;

use lockstep_commands::{Args, BadArgs, Command, Context, Here, Reply, Request, error, table};
use lockstep_core::{Op, Origin};
use lockstep_net::{Closed, Handler, Link, Next, Output, OutputClass};

use crate::Node;
use crate::config::Setting;
use crate::here::{self, Answer};
use crate::session::Session;
use crate::shards::Shards;
use parts::Parts;
use pending::{Blocked, Later, Pending};
use stopwatch::StopWatch;
use transaction::Transaction;
pub use waits::Waits;

/// A connection's share of a batch is handed in when it holds so many bytes,
/// even if more commands are there.
const SHARE_BYTES_MAX: usize = 256 << 10;
/// ... or so many replies wait for it.
const SHARE_REPLIES_MAX: usize = 4096;

/// Executes the commands of one connection.
pub struct Front {
    node: Arc<Node>,
    session: Session,
    origin: Origin,
    transaction: Transaction,
    /// What was begun and not answered, in order. While it is not empty, every
    /// reply goes behind it.
    pending: Vec<Pending>,
    /// The operations of what is pending, by shard.
    parts: Parts,
    /// A command that must see the results of all before it.
    deferred: Option<Vec<Vec<u8>>>,
    /// A request that waits in a machine.
    blocked: Option<Blocked>,
    /// An answer of this node that takes time.
    later: Option<Later>,
    /// The number of the last request.
    request: u64,
    /// Whether it may hold locks or wait somewhere, so that its end matters.
    holds: bool,
    closing: bool,
    over: bool,
    watch: StopWatch,
}

impl Front {
    /// The front of a connection that was just accepted.
    pub fn new(node: Arc<Node>, link: Arc<Link>) -> Self {
        let origin =
            Origin { node: node.identity.node_id, boot: node.identity.boot, conn: link.id };
        let session = Session::open(&node, link);
        Front {
            node,
            session,
            origin,
            transaction: Transaction::default(),
            pending: Vec::new(),
            parts: Parts::default(),
            deferred: None,
            blocked: None,
            later: None,
            request: 0,
            holds: false,
            closing: false,
            over: false,
            watch: StopWatch::default(),
        }
    }

    /// Takes a command whose name and number of words are right.
    fn take(
        &mut self,
        command: &'static Command,
        words: &[&[u8]],
        used: usize,
        out: &mut Output,
    ) -> Next {
        if let Some(refusal) = self.refusal(command) {
            return self.refuse(command, refusal, out);
        }
        if self.transaction.is_open() && !transaction::runs_at_once(command.spec.name) {
            return self.queue(command, words, out);
        }
        if self.must_wait(command) {
            self.deferred = Some(words.iter().map(|word| word.to_vec()).collect());
            return Next::Settle;
        }
        let begun = self.watch.begin(&self.node);
        self.node.monitors.feed(&self.session, command, words);
        self.session.began(command, words);
        match (command.parse)(&self.context(), Args::new(words, used)) {
            Ok(Request::Op(op)) => self.operate(command, op, begun, words, out),
            Ok(Request::Here(here)) => self.here(command, here, begun, words, out),
            Err(bad) => self.refuse(command, bad, out),
        }
    }

    /// Why a command is not even looked at.
    fn refusal(&self, command: &Command) -> Option<BadArgs> {
        let open = self.session.authenticated || command.spec.is("no_auth");
        (!open).then_some(error::UNAUTHENTICATED)
    }

    /// Whether a command must not run beside what is pending: all but those whose
    /// answer nothing before them can change.
    fn must_wait(&self, command: &Command) -> bool {
        if self.node.clients.pause.holds(command, self.session.client.id()) {
            return true;
        }
        !self.pending.is_empty()
            && command.spec.road == lockstep_commands::Road::Here
            && !matches!(
                command.spec.name,
                "ping" | "echo" | "select" | "multi" | "exec" | "discard" | "time"
            )
    }

    fn context(&mut self) -> Context {
        self.request += 1;
        Context {
            db: self.session.db,
            origin: self.origin,
            request: self.request,
            protocol: self.session.protocol,
            string_bytes_max: self.node.settings.number(Setting::ProtoMaxBulkLen),
            // Only spreads choices; nobody must be kept from guessing it.
            lfu: self.node.settings.word(Setting::MaxmemoryPolicy).ends_with("-lfu"),
            seed: self.origin.conn.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.request,
        }
    }

    /// Sends an operation on its road.
    fn operate(
        &mut self,
        command: &'static Command,
        op: Op<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        let Some(shard) = self.node.shards.of(op.home()) else {
            return self.refuse(command, error::SYNTAX, out);
        };
        if !op.is_write() && !self.parts.has(shard) {
            return self.read(command, shard, &op, begun, words, out);
        }
        if command.spec.is("denyoom")
            && let Err(bad) = self.make_room()
        {
            return self.refuse(command, bad, out);
        }
        let waits = op.wait().is_some();
        if waits {
            self.holds = true;
            let mailbox = self.node.waits.enter(self.origin.conn, self.request);
            self.blocked = Some(Blocked::new(command, shard, self.request, mailbox, &op));
        }
        self.holds |= matches!(op, Op::Lock { .. });
        let ops = self.parts.of(shard);
        if op.is_write() {
            ops.write(&op);
        } else {
            ops.read(&op);
        }
        let kept = self.session.keep_words(&self.node, words);
        self.pending.push(Pending::Outcome { command, shard, begun, kept });
        if waits { Next::Block } else { self.more() }
    }

    /// Sees that there is room for what a write adds: on the disk, and in memory
    /// by putting evictions ahead of it.
    pub(super) fn make_room(&mut self) -> Result<(), BadArgs> {
        if self.node.shards.disk_full() {
            return Err(error::DISK_FULL);
        }
        if self.node.settings.number(Setting::Maxmemory) == 0 {
            return Ok(());
        }
        let shard = Shards::KEY_SPACE;
        let added = room::make(&self.node, self.parts.of(shard), self.request)?;
        self.pending.extend((0..added).map(|_| Pending::Skip { shard }));
        Ok(())
    }

    /// Goes on, unless the share is large enough to be handed in.
    fn more(&self) -> Next {
        let full = self.parts.bytes() > SHARE_BYTES_MAX || self.pending.len() > SHARE_REPLIES_MAX;
        if full { Next::Settle } else { Next::More }
    }

    /// Runs what this node answers itself.
    fn here(
        &mut self,
        command: &'static Command,
        here: Here<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        match here {
            Here::Multi => self.multi(command, out),
            Here::Exec => self.exec(command, begun, out),
            Here::Discard => self.discard(command, out),
            Here::Watch(keys) => self.watch(command, &keys, out),
            Here::Unwatch => {
                self.transaction.unwatch();
                self.answer(command, Reply::Ok, begun, words, out);
                Next::More
            }
            other => {
                if matches!(other, Here::Reset) {
                    self.transaction = Transaction::default();
                }
                let answer = here::run(&self.node, &mut self.session, other);
                self.take_answer(command, answer, begun, words, out)
            }
        }
    }

    fn take_answer(
        &mut self,
        command: &'static Command,
        answer: Answer<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        match answer {
            Answer::Reply(reply) => {
                self.answer(command, reply, begun, words, out);
                // HELLO and RESET: from the next reply on.
                out.protocol = self.session.protocol;
                Next::More
            }
            Answer::Op(op) => self.operate(command, op, begun, words, out),
            Answer::Later(future) => {
                self.later = Some(Later { command, begun, future });
                Next::Block
            }
            Answer::Close(reply) => {
                if let Some(reply) = reply {
                    self.answer(command, reply, begun, words, out);
                }
                self.closing = true;
                Next::Close
            }
        }
    }

    /// Gives a reply, behind what is pending.
    fn answer(
        &mut self,
        command: &'static Command,
        reply: Reply,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) {
        let elapsed = self.watch.end(begun);
        self.node.stats.record(command, elapsed, &reply);
        self.node.slowlog.offer(&self.node, &self.session, elapsed, words);
        self.emit(reply, out);
    }

    /// Refuses a command without having run it.
    fn refuse(&mut self, command: &'static Command, bad: BadArgs, out: &mut Output) -> Next {
        let bad = self.spoil(command.spec.name.as_bytes(), bad);
        self.node.stats.refused(Some(command), &bad);
        self.emit(Reply::Error(bad), out);
        Next::More
    }

    /// A refused command spoils the open transaction; a refused EXEC ends it.
    fn spoil(&mut self, name: &[u8], bad: BadArgs) -> BadArgs {
        if name.eq_ignore_ascii_case(b"exec") {
            self.transaction = Transaction::default();
            return error::exec_refused(&bad);
        }
        self.transaction.spoil();
        bad
    }

    fn emit(&mut self, reply: Reply, out: &mut Output) {
        if self.pending.is_empty() {
            self.session.send(&reply, out);
        } else {
            self.pending.push(Pending::Ready(reply));
        }
    }
}

impl Handler for Front {
    fn command(&mut self, words: &[&[u8]], out: &mut Output) -> Next {
        match table::find(words) {
            Ok((command, used)) => self.take(command, words, used, out),
            Err(bad) => {
                let bad = self.spoil(words[0], bad);
                self.node.stats.refused(None, &bad);
                self.emit(Reply::Error(bad), out);
                Next::More
            }
        }
    }

    async fn settle(&mut self, out: &mut Output) -> Next {
        self.watch.rest();
        self.settle_all(out).await
    }

    fn has_unfinished(&self) -> bool {
        !self.pending.is_empty()
            || self.deferred.is_some()
            || self.blocked.is_some()
            || self.later.is_some()
    }

    async fn interrupted(&mut self, out: &mut Output) -> Next {
        self.watch.rest();
        self.session.client.interrupted(out).await
    }

    fn authenticated(&self) -> bool {
        self.session.authenticated
    }

    fn idle_exempt(&self) -> bool {
        self.session.monitors
    }

    fn class(&self) -> OutputClass {
        if self.session.monitors { OutputClass::PubSub } else { OutputClass::Normal }
    }

    async fn closed(&mut self, _: Closed) {
        if let Some(end) = self.end_of_life() {
            end.await;
        }
    }
}

impl Drop for Front {
    /// Where `closed` was not called: a command broke, or the process ends.
    fn drop(&mut self) {
        if let (Some(end), Ok(runtime)) =
            (self.end_of_life(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(end);
        }
    }
}

impl Front {
    /// Gives back what the connection has here; the future tells the shards. None
    /// if they need not be told, or were.
    fn end_of_life(&mut self) -> Option<impl Future<Output = ()> + Send + 'static> {
        if std::mem::replace(&mut self.over, true) {
            return None;
        }
        if let Some(blocked) = self.blocked.take() {
            self.node.waits.leave(self.origin.conn, blocked.request);
        }
        self.session.close(&self.node);
        let (node, origin) = (self.node.clone(), self.origin);
        self.holds.then_some(async move {
            for group in node.shards.all() {
                // A shard that cannot be told now learns of it with this node's
                // next life, or when the lease runs out.
                let _ = group.ask(&Op::Gone { origin }).await;
            }
        })
    }
}
