//! Where the clients of this node wait for messages of one queue: carries out what its
//! [`Line`] says.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use lockstep_commands::BadArgs;
use lockstep_core::{NodeId, Outcome, ShardId};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::line::{AskId, Got, Kind, Line, Portion, Shared, Step};
use super::{ask, home};
use crate::Node;
use crate::queues::shard_of;

/// How often home is told again what is wanted.
const TELL_AGAIN: Duration = Duration::from_secs(1);

/// What nobody has used for so long is not kept.
const UNUSED: Duration = Duration::from_secs(10);

/// Why there are no deliveries.
#[derive(Clone, Debug)]
pub(super) enum Why {
    /// A shard has refused.
    Outcome(Outcome),
    /// A shard could not be asked, or nobody knows what came of it.
    Bad(BadArgs),
}

/// What somebody in the line is told: deliveries, or why there are none.
pub(super) type Told = Result<Vec<Outcome>, Why>;

/// Where the clients of this node wait for messages of one queue.
#[derive(Debug)]
pub(super) struct Hall {
    /// The queue.
    pub queue: Box<[u8]>,
    inner: Mutex<Inner>,
    words: AtomicU64,
}

#[derive(Debug)]
struct Inner {
    line: Line<Why>,
    tell: HashMap<AskId, oneshot::Sender<Told>>,
    shards: Vec<ShardId>,
    /// Who was told last what is wanted here, and when.
    told: Option<(NodeId, Instant)>,
    used: Instant,
}

impl Hall {
    /// Nobody waits.
    pub fn new(queue: &[u8]) -> Self {
        let (tell, shards, told) = (HashMap::new(), Vec::new(), None);
        let inner = Inner { line: Line::new(0), tell, shards, told, used: Instant::now() };
        Hall { queue: queue.into(), inner: Mutex::new(inner), words: AtomicU64::new(0) }
    }

    /// Somebody comes, in front of `count` partitions. The answer comes to what is
    /// given; whoever does not want it any more has to [leave](Hall::leave).
    pub fn join(
        self: &Arc<Self>,
        node: &Arc<Node>,
        count: u32,
        (kind, need, waits): (Kind, u64, bool),
    ) -> (AskId, oneshot::Receiver<Told>) {
        self.enter(node, |inner| {
            inner.grow(node, &self.queue, count);
            inner.line.join(kind, need, waits)
        })
    }

    /// The same for somebody who has something of the partitions `tried` and takes more
    /// where that is known to be.
    pub fn join_for_more(
        self: &Arc<Self>,
        node: &Arc<Node>,
        (kind, need, tried): (Kind, u64, BTreeSet<u32>),
    ) -> (AskId, oneshot::Receiver<Told>) {
        self.enter(node, |inner| inner.line.join_for_more(kind, need, tried))
    }

    fn enter(
        self: &Arc<Self>,
        node: &Arc<Node>,
        join: impl FnOnce(&mut Inner) -> AskId,
    ) -> (AskId, oneshot::Receiver<Told>) {
        let (tell, told) = oneshot::channel();
        let id = {
            let mut inner = self.inner.lock();
            inner.used = Instant::now();
            let id = join(&mut inner);
            inner.tell.insert(id, tell);
            id
        };
        self.go_on(node);
        (id, told)
    }

    /// Somebody goes away.
    pub fn leave(self: &Arc<Self>, node: &Arc<Node>, id: AskId) {
        {
            let mut inner = self.inner.lock();
            inner.tell.remove(&id);
            if !inner.line.leave(id) {
                return;
            }
        }
        self.go_on(node);
    }

    /// Whether a partition is just asked for somebody.
    pub fn is_asking(&self, id: AskId) -> bool {
        self.inner.lock().line.is_asking(id)
    }

    /// How many messages a partition has ready, as far as is known.
    pub fn ready(&self, part: u32, now_ms: u64) -> Option<u64> {
        self.inner.lock().line.ready(part, now_ms)
    }

    /// For how many messages clients wait.
    pub fn waiting(&self) -> u64 {
        self.inner.lock().line.waiting()
    }

    /// How many clients wait.
    pub fn clients(&self) -> u64 {
        self.inner.lock().line.clients()
    }

    /// The shard of a partition.
    pub fn shard(&self, part: u32) -> Option<ShardId> {
        self.inner.lock().shards.get(part as usize).copied()
    }

    /// Home sends this node to a partition.
    pub fn sent(self: &Arc<Self>, node: &Arc<Node>, part: u32, count: u64, version: u64) {
        {
            let mut inner = self.inner.lock();
            inner.grow(node, &self.queue, part.saturating_add(1));
            inner.line.sent(part, count, version, node.shards.now_ms());
        }
        self.go_on(node);
    }

    /// A look is over.
    pub fn looked(
        self: &Arc<Self>,
        node: &Arc<Node>,
        began: u64,
        found: Vec<(u32, Result<u64, Why>)>,
    ) {
        {
            let (mut inner, now_ms) = (self.inner.lock(), node.shards.now_ms());
            for (part, found) in found {
                inner.line.looked(part, began, found, now_ms);
            }
        }
        self.go_on(node);
    }

    /// A pop is over. Gives back for whom nobody is left.
    pub fn popped(
        self: &Arc<Self>,
        node: &Arc<Node>,
        place: (u32, u64),
        portions: Vec<(Portion, Got<Outcome, Why>)>,
        left: Result<u64, Why>,
    ) -> Vec<Outcome> {
        let left_over = {
            let mut inner = self.inner.lock();
            let Shared { answers, mut left_over, in_vain } =
                inner.line.popped(place, portions, left, node.shards.now_ms());
            if in_vain {
                node.queues.partitions.stats.served_empty();
            }
            for (id, answer) in answers {
                let tell = inner.tell.remove(&id);
                let unheard = match tell {
                    Some(tell) => tell.send(answer).err(),
                    None => Some(answer),
                };
                left_over.extend(unheard.and_then(Result::ok).unwrap_or_default());
            }
            left_over
        };
        self.go_on(node);
        left_over
    }

    /// Says again what is wanted, when it is time or there is another home. Whether
    /// the hall is still needed.
    pub fn look_after(&self, node: &Arc<Node>) -> bool {
        let home = home::leader(node, &self.queue);
        let (word, number) = {
            let mut inner = self.inner.lock();
            if inner.line.is_idle() && inner.used.elapsed() >= UNUSED {
                return false;
            }
            let fresh =
                |(to, at): &(NodeId, Instant)| Some(*to) == home && at.elapsed() < TELL_AGAIN;
            if inner.told.as_ref().is_some_and(fresh) {
                return true;
            }
            (inner.line.tell_again(), self.next_word(&mut inner, home))
        };
        if let Some(count) = word {
            home::want(node, &self.queue, count, number);
        }
        true
    }

    fn next_word(&self, inner: &mut Inner, home: Option<NodeId>) -> u64 {
        inner.told = home.map(|home| (home, Instant::now()));
        self.words.fetch_add(1, Relaxed) + 1
    }

    /// Does what is to be done now.
    fn go_on(self: &Arc<Self>, node: &Arc<Node>) {
        let (steps, number) = {
            let mut inner = self.inner.lock();
            let Inner { line, shards, .. } = &mut *inner;
            let leads = |part: u32| {
                shards.get(part as usize).is_some_and(|shard| node.shards.leads(*shard))
            };
            let mut steps = line.plan(leads, node.shards.now_ms());
            steps.retain_mut(|step| match step {
                Step::Nothing(id, why) => {
                    if let Some(tell) = inner.tell.remove(id) {
                        // Fails only when it has gone away meanwhile, with nothing.
                        let _ = tell.send(why.take().map_or_else(|| Ok(Vec::new()), Err));
                    }
                    false
                }
                _ => true,
            });
            let wants = steps.iter().any(|step| matches!(step, Step::Want(_)));
            let number =
                if wants { self.next_word(&mut inner, home::leader(node, &self.queue)) } else { 0 };
            (steps, number)
        };
        for step in steps {
            self.take_step(node, step, number);
        }
    }

    fn take_step(self: &Arc<Self>, node: &Arc<Node>, step: Step<Why>, number: u64) {
        match step {
            Step::Pop { part, began, portions } => {
                ask::pop(node, self, part, began, portions);
            }
            Step::Look { parts, began } => ask::look(node, self, parts, began),
            Step::Want(count) => home::want(node, &self.queue, count, number),
            Step::Left { part, version, ready } => {
                home::left(node, &self.queue, part, version, ready);
            }
            Step::Nothing(..) => {}
        }
    }
}

impl Inner {
    fn grow(&mut self, node: &Node, queue: &[u8], count: u32) {
        self.line.grow(count);
        for part in self.shards.len()..count as usize {
            self.shards.push(shard_of(node, queue, part as u32));
        }
    }
}
