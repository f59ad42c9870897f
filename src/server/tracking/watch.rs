//! Looks where shards are led, and says what this node leads.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lockstep_core::wire::Wire;
use lockstep_core::{NodeId, ShardId};
use lockstep_raft::{Served, Touch};

use super::news::News;
use super::sources::{View, Word};
use super::wire::{Said, Stream, YES, bytes};
use super::{LEASE, Tracking};
use crate::config::Setting;
use crate::exchange::{Listener, Topic};
use crate::shards::Shards;
use crate::{Node, cluster};

/// How often it is looked where shards are led.
const LOOK: Duration = Duration::from_millis(50);
/// In every how many looks listeners are told that this node still leads.
const LOOKS_PER_BEAT: u64 = 2;
/// In every how many looks leaders are told that this node still listens.
const LOOKS_PER_KEEP: u64 = 20;
/// How many keys above the limit are forgotten with each look.
const FORGOTTEN_PER_LOOK: usize = 10_000;

/// Begins to tell clients and other nodes which keys change.
pub fn start(node: &Arc<Node>) {
    node.exchange.listen(Topic::Tracking, Others(Arc::downgrade(node)));
    node.shards.host().touches().tell(News(Arc::downgrade(node)));
    tokio::spawn(run(node.clone()));
}

async fn run(node: Arc<Node>) {
    for number in 1_u64.. {
        let tracking = &node.tracking;
        if tracking.state.lock().is_idle() {
            tracking.bell.notified().await;
        } else {
            // Either is a reason to look.
            let _ = tokio::time::timeout(LOOK, tracking.bell.notified()).await;
        }
        tracking.look(&node);
        if number.is_multiple_of(LOOKS_PER_BEAT) {
            tracking.beat(&node);
        }
        if number.is_multiple_of(LOOKS_PER_KEEP) {
            tracking.keep(&node);
        }
    }
}

/// The shards that hold keys.
fn shards(node: &Node) -> Vec<ShardId> {
    if cluster::is_on(node) { node.shards.ids().collect() } else { vec![Shards::KEY_SPACE] }
}

fn view(node: &Node, shard: ShardId) -> View {
    let host = node.shards.host();
    let me = host.node();
    let group = node.shards.replica(shard);
    let (leads, term) =
        group.map_or((false, 0), |group| (group.leads(), group.watch().borrow().term));
    View { leads, term, leader: host.leader(shard).filter(|leader| *leader != me) }
}

impl Tracking {
    /// Whether clients are told of the changes of all keys.
    pub(super) fn covers_all(&self, node: &Node) -> bool {
        let shards = shards(node);
        let leads: Vec<bool> = shards.iter().map(|shard| node.shards.leads(*shard)).collect();
        let (state, now) = (self.state.lock(), Instant::now());
        shards.iter().zip(leads).all(|(shard, leads)| state.sources.covers(*shard, leads, now))
    }

    /// Looks where shards are led, and asks leaders to tell of changes.
    pub(super) fn look(&self, node: &Arc<Node>) {
        let views: Vec<_> =
            shards(node).into_iter().map(|shard| (shard, view(node, shard))).collect();
        let (mut asked, now) = (Vec::new(), Instant::now());
        let mut state = self.state.lock();
        if state.table.is_empty() {
            self.listen_no_more(node, &mut state);
            return;
        }
        for (shard, view) in views {
            let stream = rand::random();
            let look = state.sources.look(shard, view, stream, now);
            if look.lost {
                state.table.flush(&node.clients);
            }
            if look.ask {
                asked.push((shard, stream));
            }
        }
        let keys_max = node.settings.size(Setting::TrackingTableMaxKeys);
        state.table.make_room(keys_max, FORGOTTEN_PER_LOOK, &node.clients);
        drop(state);
        // What was waited for may not come any more.
        self.news.notify_waiters();
        for stream in asked {
            tokio::spawn(ask(node.clone(), stream));
        }
    }

    fn listen_no_more(&self, node: &Node, state: &mut super::State) {
        for (leader, stream) in state.sources.streams() {
            let end = Said::End { streams: vec![stream] };
            node.exchange.tell(leader, Topic::Tracking, &bytes(&end));
        }
        state.sources.clear();
        self.news.notify_waiters();
        self.look_who_wants(state);
    }

    /// Tells those who listen that this node still leads.
    fn beat(&self, node: &Node) {
        let shards = self.state.lock().streams.shards();
        let leads: BTreeMap<ShardId, Option<bool>> = shards
            .into_iter()
            .map(|shard| {
                let view = view(node, shard);
                (shard, (view.leads || view.leader.is_none()).then_some(view.leads))
            })
            .collect();
        let mut state = self.state.lock();
        let leads = |shard| leads.get(&shard).copied().unwrap_or(Some(false));
        let say = |to, said: &Said| node.exchange.tell(to, Topic::Tracking, &bytes(said));
        state.streams.beat(leads, Instant::now(), say);
        self.look_who_wants(&state);
    }

    /// Tells leaders that this node still listens.
    fn keep(&self, node: &Node) {
        let mut kept: BTreeMap<NodeId, Vec<Stream>> = BTreeMap::new();
        for (leader, stream) in self.state.lock().sources.streams() {
            kept.entry(leader).or_default().push(stream);
        }
        for (leader, streams) in kept {
            node.exchange.tell(leader, Topic::Tracking, &bytes(&Said::Keep { streams }));
        }
    }

    /// An entry of a shard has changed keys here.
    pub(super) fn applied(&self, node: &Node, shard: ShardId, touches: &[Touch]) {
        let mut state = self.state.lock();
        if state.sources.is_here(shard) {
            let mine = |origin| node.is_mine(origin).then_some(origin.conn);
            state.table.touch(touches, mine, &node.clients);
        }
        // Under the lock, so that nothing that is said overtakes it.
        let say = |to, said: &Said| node.exchange.tell(to, Topic::Tracking, &bytes(said));
        state.streams.tell(shard, touches, say);
    }

    /// Another node says something.
    pub(super) fn told(&self, node: &Node, from: NodeId, said: Said) {
        let now = Instant::now();
        let mut state = self.state.lock();
        match said {
            Said::Begin { .. } => {}
            Said::End { streams } => {
                streams.into_iter().for_each(|stream| state.streams.end(from, stream));
                self.look_who_wants(&state);
            }
            Said::Keep { streams } => {
                streams.into_iter().for_each(|stream| state.streams.keep(from, stream, now));
            }
            Said::Touched { stream, number, touches } => {
                match state.sources.told(stream, from, (number, true), now) {
                    Word::Next => {
                        let mine = |origin| node.is_mine(origin).then_some(origin.conn);
                        let touches: Vec<Touch> = touches
                            .into_iter()
                            .map(|(by, touched)| Touch { by, touched })
                            .collect();
                        state.table.touch(&touches, mine, &node.clients);
                    }
                    Word::Lost => state.table.flush(&node.clients),
                    Word::Old => {}
                }
            }
            Said::Here { streams } => {
                for (stream, next) in streams {
                    if state.sources.told(stream, from, (next, false), now) == Word::Lost {
                        state.table.flush(&node.clients);
                    }
                }
            }
            Said::Over { stream: (shard, number) } => {
                if state.sources.over(shard, number, from) {
                    state.table.flush(&node.clients);
                }
                self.bell.notify_one();
            }
        }
        drop(state);
        self.news.notify_waiters();
    }

    /// Another node wants to be told; whether it will be.
    fn begin(&self, node: &Node, from: NodeId, stream: Stream) -> bool {
        let mut state = self.state.lock();
        state.streams.begin(from, stream, Instant::now());
        self.look_who_wants(&state);
        drop(state);
        self.bell.notify_one();
        // Behind it: what changes from now on is told.
        let leads = node.shards.leads(stream.0);
        if !leads {
            let mut state = self.state.lock();
            state.streams.end(from, stream);
            self.look_who_wants(&state);
        }
        leads
    }
}

/// Asks the leader of a shard to tell of changes.
async fn ask(node: Arc<Node>, (shard, number): Stream) {
    let tracking = &node.tracking;
    let mut sent = Instant::now();
    let asked = async {
        let leader = node.shards.host().find_leader_elsewhere(shard).await?;
        if !tracking.state.lock().sources.asks(shard, number, leader) {
            return None;
        }
        sent = Instant::now();
        let begin = bytes(&Said::Begin { stream: (shard, number) });
        let reply = node.exchange.call(leader, Topic::Tracking, &begin, LEASE).await;
        reply.ok().filter(|reply| reply == YES)
    };
    let begun = asked.await.is_some();
    if tracking.state.lock().sources.answered(shard, number, begun, sent) {
        tracking.heard.notify_waiters();
    }
}

/// Takes what other nodes say.
struct Others(Weak<Node>);

impl Listener for Others {
    fn told(&self, from: NodeId, mut message: &[u8]) {
        if let (Some(node), Ok(said)) = (self.0.upgrade(), Said::take(&mut message)) {
            node.tracking.told(&node, from, said);
        }
    }

    fn asked(&self, from: NodeId, mut request: &[u8]) -> Served {
        let begun = match (self.0.upgrade(), Said::take(&mut request)) {
            (Some(node), Ok(Said::Begin { stream })) => node.tracking.begin(&node, from, stream),
            _ => false,
        };
        Served::Now(Bytes::from_static(if begun { YES } else { &[0] }))
    }
}
