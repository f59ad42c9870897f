//! The network as one node sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::NodeId;
use lockstep_raft::{CallError, Lane, Later, Peers};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::packet::{Life, Packet, Way};

type Answer = Result<Bytes, CallError>;

/// The network as one process sees it: what it sends gathers in a box that the
/// world empties, and the world puts answers in.
pub struct SimPeers {
    life: Life,
    node: NodeId,
    /// Answers are given to the oldest call to a node, whatever their number.
    by_order: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    cluster: u64,
    outbox: Vec<Packet>,
    calls: BTreeMap<u64, (oneshot::Sender<Answer>, Option<NodeId>)>,
    last_call: u64,
    addresses: BTreeMap<NodeId, String>,
    /// Nodes that are known not to be there.
    gone: BTreeSet<NodeId>,
    /// When the newest word about a node was true.
    told_ms: BTreeMap<NodeId, u64>,
    /// Nodes that did not answer the last call.
    silent: BTreeSet<NodeId>,
}

impl State {
    /// A node answered a call, or did not.
    fn heard(&mut self, node: NodeId, answered: bool) {
        if answered {
            self.silent.remove(&node);
        } else {
            self.silent.insert(node);
        }
    }
}

impl SimPeers {
    /// The network of one process.
    pub fn new(life: Life, node: NodeId, cluster: u64, by_order: bool) -> Arc<Self> {
        let state = State { cluster, ..State::default() };
        Arc::new(SimPeers { life, node, by_order, state: Arc::new(Mutex::new(state)) })
    }

    /// Takes what was sent.
    pub fn sent(&self, into: &mut Vec<Packet>) {
        into.append(&mut self.state.lock().outbox);
    }

    /// Puts a message of the process itself on its way.
    pub fn send(&self, packet: Packet) {
        self.state.lock().outbox.push(packet);
    }

    /// An answer has come, from the node with this id.
    pub fn answered(&self, call: u64, result: Answer, by: Option<NodeId>) {
        let mut state = self.state.lock();
        let call = if self.by_order {
            let oldest = state.calls.iter().find(|(_, (_, to))| by.is_some() && *to == by);
            oldest.map_or(call, |(number, _)| *number)
        } else {
            call
        };
        if let Some((tell, to)) = state.calls.remove(&call) {
            if let Some(to) = to {
                state.heard(to, result.is_ok());
            }
            // Whoever called may have given up.
            let _ = tell.send(result);
        }
    }

    /// The connection to a node broke: its calls are lost.
    pub fn lost(&self, node: NodeId) {
        let mut state = self.state.lock();
        let lost: Vec<u64> = state
            .calls
            .iter()
            .filter(|(_, (_, to))| *to == Some(node))
            .map(|(call, _)| *call)
            .collect();
        for call in lost {
            if let Some((tell, _)) = state.calls.remove(&call) {
                let _ = tell.send(Err(CallError::Lost));
            }
        }
    }

    /// Whether a node is known not to be there, since when. An older word that
    /// comes late, because this node stood still, changes nothing.
    pub fn set_gone(&self, node: NodeId, gone: bool, since_ms: u64) {
        let mut state = self.state.lock();
        let newest_ms = state.told_ms.entry(node).or_default();
        if since_ms < *newest_ms {
            return;
        }
        *newest_ms = since_ms;
        if gone {
            state.gone.insert(node);
        } else {
            state.gone.remove(&node);
            state.silent.remove(&node);
        }
    }

    /// The cluster this process belongs to; 0: none yet.
    pub fn cluster(&self) -> u64 {
        self.state.lock().cluster
    }

    /// Calls somebody; the timer belongs to the caller's runtime.
    fn ask(&self, way: Way, lane: Lane, bytes: Bytes, timeout: Duration) -> Later<Answer> {
        let (tell, told) = oneshot::channel();
        let mut state = self.state.lock();
        let to = match &way {
            Way::Node(node) => Some(*node),
            Way::Address(_) => None,
        };
        let unknown = to.is_some_and(|to| !state.addresses.contains_key(&to));
        if unknown || to.is_some_and(|to| state.gone.contains(&to)) {
            return Box::pin(std::future::ready(Err(CallError::NotSent)));
        }
        state.last_call += 1;
        let call = state.last_call;
        state.calls.insert(call, (tell, to));
        let packet = self.request(state.cluster, way, lane, Some(call), bytes);
        state.outbox.push(packet);
        drop(state);
        let state = self.state.clone();
        Box::pin(async move {
            match tokio::time::timeout(timeout, told).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(CallError::Lost),
                Err(_) => {
                    if let Some(to) = to {
                        state.lock().heard(to, false);
                    }
                    Err(CallError::Lost)
                }
            }
        })
    }

    fn request(
        &self,
        cluster: u64,
        way: Way,
        lane: Lane,
        call: Option<u64>,
        bytes: Bytes,
    ) -> Packet {
        let (from, sender, life) = (self.life, self.node, None);
        Packet::Request { from, sender, cluster, way, life, lane, call, bytes }
    }
}

impl fmt::Debug for SimPeers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimPeers({:?})", self.life)
    }
}

impl Peers for SimPeers {
    fn call(&self, to: NodeId, lane: Lane, request: Bytes, timeout: Duration) -> Later<Answer> {
        self.ask(Way::Node(to), lane, request, timeout)
    }

    fn tell(&self, to: NodeId, lane: Lane, message: Bytes) {
        let mut state = self.state.lock();
        if state.addresses.contains_key(&to) && !state.gone.contains(&to) {
            let packet = self.request(state.cluster, Way::Node(to), lane, None, message);
            state.outbox.push(packet);
        }
    }

    fn knock(&self, address: &str, request: Bytes, timeout: Duration) -> Later<Answer> {
        self.ask(Way::Address(address.into()), Lane::Data, request, timeout)
    }

    fn know(&self, node: NodeId, address: &str) {
        let mut state = self.state.lock();
        state.addresses.insert(node, address.into());
    }

    fn forget(&self, node: NodeId) {
        self.state.lock().addresses.remove(&node);
    }

    fn reaches(&self, node: NodeId) -> bool {
        let state = self.state.lock();
        let known = state.addresses.contains_key(&node);
        let absent = state.gone.contains(&node) || state.silent.contains(&node);
        node == self.node || (known && !absent)
    }

    fn belongs_to(&self, cluster: u64) {
        self.state.lock().cluster = cluster;
    }
}
