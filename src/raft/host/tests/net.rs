//! A network in the memory of one process, on virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::NodeId;
use parking_lot::Mutex;

use crate::{CallError, Host, Lane, Later, Peers, Served};

/// How long a message is on its way.
const WAY: Duration = Duration::from_millis(1);

/// Who is where, and who hears whom.
#[derive(Debug, Default)]
pub(super) struct Net {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    hosts: BTreeMap<NodeId, (Host, u64)>,
    addresses: BTreeMap<String, NodeId>,
    clusters: BTreeMap<NodeId, u64>,
    cut: BTreeSet<(NodeId, NodeId)>,
    /// Nodes whose end nobody has noticed.
    unnoticed: BTreeSet<NodeId>,
    lives: u64,
}

impl Net {
    pub(super) fn plug_in(&self, node: NodeId, address: String, host: &Host) {
        let mut state = self.state.lock();
        state.lives += 1;
        let life = state.lives;
        state.addresses.insert(address, node);
        state.hosts.insert(node, (host.clone(), life));
    }

    /// The process at a node ends; the others see their connections break.
    pub(super) fn pull_out(&self, node: NodeId) {
        let others = {
            let mut state = self.state.lock();
            state.hosts.remove(&node);
            state.clusters.remove(&node);
            state.addresses.retain(|_, at| *at != node);
            state.hosts.iter().map(|(id, (host, _))| (*id, host.clone())).collect::<Vec<_>>()
        };
        for (id, host) in others {
            if !self.is_cut(id, node) {
                host.link_lost(node);
            }
        }
    }

    /// Nobody notices that a node is not there any more.
    pub(super) fn hide_the_end_of(&self, node: NodeId) {
        self.state.lock().unnoticed.insert(node);
    }

    /// From now on nothing passes between the two.
    pub(super) fn cut(&self, one: NodeId, other: NodeId) {
        self.state.lock().cut.extend([(one, other), (other, one)]);
    }

    pub(super) fn heal(&self) {
        self.state.lock().cut.clear();
    }

    fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.state.lock().cut.contains(&(from, to))
    }

    fn host(&self, node: NodeId) -> Option<(Host, u64)> {
        self.state.lock().hosts.get(&node).cloned()
    }

    fn life(&self, node: NodeId) -> Option<u64> {
        self.state.lock().hosts.get(&node).map(|(_, life)| *life)
    }

    fn same_cluster(&self, one: NodeId, other: NodeId) -> bool {
        let state = self.state.lock();
        let cluster = state.clusters.get(&one);
        cluster.is_some() && cluster == state.clusters.get(&other)
    }
}

/// One node's way into the network.
#[derive(Debug)]
pub(super) struct Cable {
    pub(super) me: NodeId,
    pub(super) net: Arc<Net>,
    pub(super) known: Mutex<BTreeMap<NodeId, String>>,
}

impl Cable {
    pub(super) fn new(me: NodeId, net: &Arc<Net>) -> Arc<Self> {
        Arc::new(Cable { me, net: net.clone(), known: Mutex::default() })
    }

    fn deliver(
        &self,
        to: NodeId,
        timeout: Duration,
        serve: impl FnOnce(&Host) -> Served + Send + 'static,
    ) -> Later<Result<Bytes, CallError>> {
        let (net, me) = (self.net.clone(), self.me);
        let (send, reply) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            tokio::time::sleep(WAY).await;
            if net.is_cut(me, to) {
                // Silence.
                tokio::time::sleep(timeout).await;
                return;
            }
            let Some((host, life)) = net.host(to) else {
                drop(send.send(Err(CallError::NotSent)));
                return;
            };
            let bytes = match serve(&host) {
                Served::Now(bytes) => bytes,
                Served::Later(later) => later.await,
            };
            tokio::time::sleep(WAY).await;
            if net.life(to) == Some(life) && !net.is_cut(to, me) {
                drop(send.send(Ok(bytes)));
            } else if net.life(to) == Some(life) {
                tokio::time::sleep(timeout).await;
            }
        });
        Box::pin(async move {
            match tokio::time::timeout(timeout, reply).await {
                Ok(Ok(reply)) => reply,
                _ => Err(CallError::Lost),
            }
        })
    }
}

impl Peers for Cable {
    fn call(
        &self,
        to: NodeId,
        _: Lane,
        request: Bytes,
        timeout: Duration,
    ) -> Later<Result<Bytes, CallError>> {
        let known = self.known.lock().contains_key(&to);
        if !known || (self.net.host(to).is_some() && !self.net.same_cluster(self.me, to)) {
            return Box::pin(std::future::ready(Err(CallError::NotSent)));
        }
        let me = self.me;
        self.deliver(to, timeout, move |host| host.serve(me, request))
    }

    fn tell(&self, to: NodeId, _: Lane, message: Bytes) {
        let me = self.me;
        drop(self.deliver(to, Duration::from_secs(1), move |host| {
            host.told(me, message);
            Served::Now(Bytes::new())
        }));
    }

    fn knock(
        &self,
        address: &str,
        request: Bytes,
        timeout: Duration,
    ) -> Later<Result<Bytes, CallError>> {
        let to = self.net.state.lock().addresses.get(address).copied();
        match to {
            Some(to) => self.deliver(to, timeout, move |host| host.knocked(request)),
            None => Box::pin(std::future::ready(Err(CallError::NotSent))),
        }
    }

    fn know(&self, node: NodeId, address: &str) {
        self.known.lock().insert(node, address.to_owned());
    }

    fn forget(&self, node: NodeId) {
        self.known.lock().remove(&node);
    }

    fn reaches(&self, node: NodeId) -> bool {
        let there = self.net.host(node).is_some() && !self.net.is_cut(self.me, node);
        there || self.net.state.lock().unnoticed.contains(&node)
    }

    fn belongs_to(&self, cluster: u64) {
        self.net.state.lock().clusters.insert(self.me, cluster);
    }
}
