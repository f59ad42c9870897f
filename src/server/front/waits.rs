//! The requests of this node's clients that wait in a state machine.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dashmap::DashMap;
use lockstep_core::{Effect, Origin, Outcome, ShardId};
pub use lockstep_raft::many::Expected;
use lockstep_raft::{Delivery, Mailbox};
use tokio::sync::{Notify, watch};

use crate::locks::Notices;

/// How often it is looked whether those who waited have been answered.
const LOOK: Duration = Duration::from_millis(2);

/// Which request: the connection and the number of its request.
type Request = (u64, u64);

/// The requests of this node's clients that wait in a state machine. A request
/// is entered before it is proposed, so that its answer cannot come too early.
#[derive(Debug)]
pub struct Waits {
    node: lockstep_core::NodeId,
    boot: u64,
    list: DashMap<Request, Waiting>,
    /// The node stops: nobody waits any longer.
    given_up: watch::Sender<bool>,
    /// Where all other effects go.
    aside: OnceLock<Notices>,
}

#[derive(Debug)]
struct Waiting {
    shard: ShardId,
    mailbox: Arc<Mailbox>,
    /// The answer may have been lost.
    adrift: Arc<Notify>,
}

impl Waits {
    /// None yet, for this life of this node.
    pub fn new(origin: Origin) -> Self {
        Waits {
            node: origin.node,
            boot: origin.boot,
            list: DashMap::new(),
            given_up: watch::Sender::new(false),
            aside: OnceLock::new(),
        }
    }

    /// From now on what answers no request is carried out as well.
    pub fn notify(&self, notices: Notices) {
        // The first one stays.
        let _ = self.aside.set(notices);
    }

    /// Enters a request that waits with a shard, and says where its answer comes.
    pub fn enter(&self, conn: u64, request: u64, shard: ShardId) -> Expected {
        let expected = Expected::default();
        let Expected { mailbox, adrift } = expected.clone();
        self.list.insert((conn, request), Waiting { shard, mailbox, adrift });
        expected
    }

    /// Answers to requests that wait with this shard may have been lost.
    pub fn set_adrift(&self, shard: ShardId) {
        for waiting in self.list.iter().filter(|waiting| waiting.shard == shard) {
            waiting.adrift.notify_one();
        }
    }

    /// Forgets a request that did not have to wait, or no longer does.
    pub fn leave(&self, conn: u64, request: u64) {
        self.list.remove(&(conn, request));
    }

    /// Nobody waits any longer: every connection takes its request back. Returns
    /// when those that waited are answered.
    pub async fn give_up(&self) {
        self.given_up.send_replace(true);
        let mut rest: Vec<Request> = self.list.iter().map(|waiting| *waiting.key()).collect();
        while !rest.is_empty() {
            tokio::time::sleep(LOOK).await;
            rest.retain(|request| self.list.contains_key(request));
        }
    }

    /// Whether nobody may wait any longer.
    pub fn are_given_up(&self) -> bool {
        *self.given_up.borrow()
    }

    /// Returns when nobody may wait any longer.
    pub async fn given_up(&self) {
        // Fails only when the node is gone.
        let _ = self.given_up.subscribe().wait_for(|over| *over).await;
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Carries out effects: answers the waiting requests among this node's.
    pub fn carry_out(&self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Answer { origin, request, outcome } => {
                    self.answer(origin, request, outcome);
                }
                other => {
                    if let Some(aside) = self.aside.get() {
                        aside.carry_out(other);
                    }
                }
            }
        }
    }

    fn answer(&self, origin: Origin, request: u64, outcome: Outcome) {
        // An answer to a connection of an earlier life, or one that is gone, is
        // nobody's: the machine frees what it holds when it learns of that.
        if origin.node != self.node || origin.boot < self.boot {
            return;
        }
        if let Some((_, waiting)) = self.list.remove(&(origin.conn, request)) {
            waiting.mailbox.put(Delivery::Done(vec![outcome]));
        }
    }
}
