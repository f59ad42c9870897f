//! What is said of a key between this node and others, as pushes to those who want to know
//! (CACHE TRACE).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use lockstep_cache::{Name, ToHome, ToNode};
use lockstep_commands::{Protocol, Reply, error};
use lockstep_core::{NodeId, ShardId};
use lockstep_net::Output;
use parking_lot::RwLock;

use super::Cache;
use super::frame::{self, Frame};
use crate::clients::{Client, Flag};
use crate::cluster::names;
use crate::session::Session;

/// How many keys may be watched at a node, counted for everyone who does.
pub(crate) const TRACES_MAX: usize = 64;

/// Who wants to know what is said of which key.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// Whether anybody does.
    any: AtomicBool,
    list: RwLock<BTreeMap<Name, Vec<Arc<Client>>>>,
}

/// A message of the protocol, as it is shown.
struct Said<'m> {
    word: &'static str,
    q: u64,
    version: u64,
    names: Vec<&'m Name>,
}

impl Said<'_> {
    fn to_home(message: &ToHome) -> Said<'_> {
        let (q, version, names) = match message {
            ToHome::GetS { name, .. } => (0, 0, vec![name]),
            ToHome::Confirm { name, version, .. } => (0, *version, vec![name]),
            ToHome::PutS { lines, .. } => {
                let q = lines.first().map_or(0, |(_, q)| *q);
                (q, 0, lines.iter().map(|(name, _)| name).collect())
            }
            ToHome::Reattest { lines, .. } => (0, 0, lines.iter().map(|(name, _)| name).collect()),
            ToHome::Flush { name, q, .. } => (*q, 0, vec![name]),
            _ => (0, 0, Vec::new()),
        };
        Said { word: message.word(), q, version, names }
    }

    fn to_node(message: &ToNode) -> Said<'_> {
        let (q, version, names) = match message {
            ToNode::Inv { q, names, .. } | ToNode::Touch { q, names, .. } => {
                (*q, 0, names.iter().collect())
            }
            ToNode::Upd { q, name, .. } | ToNode::Downgrade { q, name, .. } => (*q, 0, vec![name]),
            ToNode::Val { q, name, version, .. } => (*q, *version, vec![name]),
            ToNode::Flushed { flushed, .. } => (flushed.q, 0, vec![&flushed.name]),
            ToNode::Push { grant, name, payload, .. } => (grant.q, payload.version, vec![name]),
            _ => (0, 0, Vec::new()),
        };
        Said { word: message.word(), q, version, names }
    }
}

impl Traces {
    /// Whether anybody wants to know anything.
    pub(super) fn any(&self) -> bool {
        self.any.load(Relaxed)
    }

    fn enter(&self, name: Name, client: &Arc<Client>) -> bool {
        let mut list = self.list.write();
        let there = |clients: &Vec<Arc<Client>>| clients.iter().any(|one| one.id() == client.id());
        if list.get(&name).is_some_and(there) {
            return true;
        }
        if list.values().map(Vec::len).sum::<usize>() >= TRACES_MAX {
            return false;
        }
        client.set(Flag::Traces, true);
        list.entry(name).or_default().push(client.clone());
        self.any.store(true, Relaxed);
        true
    }

    /// Of one key, or of all.
    fn leave(&self, name: Option<&Name>, client: &Client) {
        let mut list = self.list.write();
        let chosen = list.iter_mut().filter(|(other, _)| name.is_none_or(|name| name == *other));
        chosen.for_each(|(_, clients)| clients.retain(|one| one.id() != client.id()));
        list.retain(|_, clients| !clients.is_empty());
        let still = list.values().flatten().any(|one| one.id() == client.id());
        client.set(Flag::Traces, still);
        self.any.store(!list.is_empty(), Relaxed);
    }

    /// Tells those who want to know of a message. What the client does not take piles up to
    /// the bound of those who listen.
    fn tell(&self, way: &str, peer: NodeId, shard: ShardId, said: &Said<'_>) {
        let list = self.list.read();
        for name in &said.names {
            let Some(clients) = list.get(*name) else { continue };
            let pushed = pushed(way, peer, shard, said, name);
            clients.iter().for_each(|client| client.push(&pushed));
        }
    }
}

fn pushed(way: &str, peer: NodeId, shard: ShardId, said: &Said<'_>, name: &Name) -> Vec<u8> {
    let number = |number: u64| Reply::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let mut out = Output::new(Protocol::Resp3);
    out.reply(&Reply::Push(vec![
        Reply::bulk("cache-trace"),
        Reply::bulk(&name.key),
        Reply::bulk(way),
        Reply::bulk(said.word),
        Reply::bulk(names::text(peer)),
        Reply::Int(shard.0.into()),
        number(said.q),
        number(said.version),
    ]));
    out.bytes().to_vec()
}

impl Cache {
    /// CACHE TRACE.
    pub(crate) fn trace(&self, session: &Session, on: bool, name: Name) -> Reply {
        if !on {
            self.traces.leave(Some(&name), &session.client);
            return Reply::Ok;
        }
        if session.protocol == Protocol::Resp2 {
            return Reply::Error(error::TRACE_NEEDS_RESP3);
        }
        match self.traces.enter(name, &session.client) {
            true => Reply::Ok,
            false => Reply::Error(error::TOO_MANY_TRACES),
        }
    }

    /// A connection wants to know nothing more.
    pub(crate) fn trace_nothing(&self, client: &Client) {
        if client.has(Flag::Traces) {
            self.traces.leave(None, client);
        }
    }

    /// A frame that is on its way to a node.
    pub(super) fn trace_sent(&self, to: NodeId, frame: &[u8]) {
        match frame::open(frame) {
            Ok(Frame::ToHome(messages)) => self.trace_to_home("sent", to, &messages),
            Ok(Frame::ToNode(messages)) => self.trace_to_node("sent", to, &messages),
            Err(_) => {}
        }
    }

    pub(super) fn trace_to_home(&self, way: &str, peer: NodeId, all: &[(ShardId, ToHome)]) {
        for (shard, message) in all {
            self.traces.tell(way, peer, *shard, &Said::to_home(message));
        }
    }

    pub(super) fn trace_to_node(&self, way: &str, peer: NodeId, all: &[(ShardId, ToNode)]) {
        for (shard, message) in all {
            self.traces.tell(way, peer, *shard, &Said::to_node(message));
        }
    }
}
