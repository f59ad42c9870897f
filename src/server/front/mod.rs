//! What stands between a connection and the rest: takes its commands one by
//! one, sends each on its road, and gives the replies back in order.

mod everywhere;
mod exec;
mod filled;
mod handed;
mod life;
mod line;
mod local;
mod locks;
mod near;
mod parts;
mod pending;
mod queues;
mod read;
mod rights;
pub(crate) mod room;
mod run;
mod scripts;
mod sessions;
mod settle;
mod stopwatch;
mod take;
#[cfg(test)]
mod tests;
mod tracking;
mod transaction;
mod waits;

use std::collections::VecDeque;
use std::sync::Arc;

use lockstep_commands::{BadArgs, Reply, table};
use lockstep_core::{Origin, ShardId};
use lockstep_net::{Closed, Handler, Link, Next, Output, OutputClass};

use crate::Node;
use crate::running::Running;
use crate::session::Session;
use crate::users::asks_for_no_password;
use handed::Handed;
use locks::{Door, Opening};
use near::Near;
use parts::Parts;
use pending::{Blocked, Later, Pending};
pub use room::{Keeper as RoomKeeper, Room};
use run::Run;
use stopwatch::StopWatch;
use tracking::Named;
use transaction::Transaction;
pub use waits::{Expected, Waits};

/// Executes the commands of one connection.
pub struct Front {
    node: Arc<Node>,
    session: Session,
    origin: Origin,
    transaction: Transaction,
    /// What was begun and not answered, in order. While it is not empty, every
    /// reply goes behind it.
    pending: Vec<Pending>,
    /// The shard whose operations are pending. Operations of others wait for
    /// them: what a client sends later must not happen earlier.
    busy_with: Option<ShardId>,
    /// What kind all of them are, if they may overlap with others of it.
    run: Option<Run>,
    /// Whether they do: more shards than that one are busy.
    spread: bool,
    /// How many reads are pending with it.
    reads: usize,
    /// The operations of what is pending, by shard.
    parts: Parts,
    /// The replicas it reads from.
    near: Near,
    /// A command that must see the results of all before it, or that is paused.
    deferred: Option<Vec<Vec<u8>>>,
    /// A request that waits in a machine.
    blocked: Option<Blocked>,
    /// An answer of this node that takes time.
    later: Option<Later>,
    /// Shards that have to let a session in before it goes on.
    opening: Option<Opening>,
    /// Shards that have just done so.
    opened: Vec<Door>,
    /// What it asked for that goes on by itself: MLOCK, and what pops from queues of
    /// several shards.
    running: Option<Running>,
    /// The messages it was sent and may not have.
    handed: Handed,
    /// The number of the last request.
    request: u64,
    /// What scripts that were begun may have read, in order.
    named: VecDeque<Named>,
    /// How many commands were looked at for what they read.
    looked_at: u64,
    /// The shards where it may hold locks or wait, so that its end matters.
    bound_to: Vec<ShardId>,
    closing: bool,
    over: bool,
    /// It plans what EXEC carries out.
    executes: bool,
    watch: StopWatch,
    recent: table::Recent,
}

impl Front {
    /// The front of a connection that was just accepted.
    pub fn new(node: Arc<Node>, link: Arc<Link>) -> Self {
        let origin = Origin { node: node.identity.node_id, boot: node.life(), conn: link.id };
        let session = Session::open(&node, link);
        if node.life() != origin.boot {
            // Given up between two lines; whoever closes the others has not seen it.
            session.client.kill();
        }
        Front {
            node,
            session,
            origin,
            transaction: Transaction::default(),
            pending: Vec::new(),
            busy_with: None,
            run: None,
            spread: false,
            reads: 0,
            parts: Parts::default(),
            near: Near::default(),
            deferred: None,
            blocked: None,
            later: None,
            opening: None,
            opened: Vec::new(),
            running: None,
            handed: Handed::default(),
            request: 0,
            named: VecDeque::new(),
            looked_at: 0,
            bound_to: Vec::new(),
            closing: false,
            over: false,
            executes: false,
            watch: StopWatch::default(),
            recent: table::Recent::default(),
        }
    }

    /// Gives a reply, behind what is pending.
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
        match self.recent.find(words) {
            Ok((command, used)) => self.take(command, words, used, out),
            Err(bad) => {
                let bad = self.spoil(words[0], bad);
                match table::name(words) {
                    Ok((command, _)) => self.node.stats.rejected(command, &bad),
                    Err(_) => self.node.stats.refused(None, &bad),
                }
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
            || self.opening.is_some()
    }

    async fn interrupted(&mut self, out: &mut Output) -> Next {
        self.watch.rest();
        self.session.client.interrupted(out).await
    }

    fn protocol_error(&mut self, error: &BadArgs, out: &mut Output) {
        self.emit(Reply::Error(error.clone()), out);
    }

    fn authenticated(&self) -> bool {
        // A password that was taken away is no longer asked for.
        self.session.authenticated || asks_for_no_password(&self.node)
    }

    fn idle_exempt(&self) -> bool {
        self.class() == OutputClass::PubSub
    }

    fn class(&self) -> OutputClass {
        self.session.client.class()
    }

    fn held_bytes(&self) -> usize {
        self.transaction.bytes() + self.session.held_bytes()
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
