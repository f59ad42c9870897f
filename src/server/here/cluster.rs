//! CLUSTER and NODE: who belongs to the cluster, and who leads what.

use std::sync::Arc;

use lockstep_commands::here::Cluster;
use lockstep_commands::{BadArgs, Reply, error, here};
use lockstep_core::slot::Slot;
use lockstep_core::{Db, NodeId, Op, keys};

use super::Answer;
use crate::Node;
use crate::cluster::admin::{self, Change};
use crate::cluster::{self, Topology, names, show};
use crate::config::seeds::{self, Seed};

/// CLUSTER, READONLY, READWRITE and ASKING.
pub(super) fn run<'a>(node: &Arc<Node>, asked: Result<Cluster<'a>, BadArgs>) -> Answer<'a> {
    if !cluster::is_on(node) {
        return Reply::Error(error::CLUSTER_DISABLED).into();
    }
    asked.and_then(|asked| answer(node, asked)).unwrap_or_else(|bad| Reply::Error(bad).into())
}

fn answer<'a>(node: &Arc<Node>, asked: Cluster<'a>) -> Result<Answer<'a>, BadArgs> {
    let seen = || Topology::seen_by(node);
    let me = || Reply::bulk(names::text(node.identity.node_id));
    Ok(match asked {
        Cluster::Answer(reply) => reply.into(),
        Cluster::Slots => show::slots(&seen()).into(),
        Cluster::Shards => show::shards(&seen()).into(),
        Cluster::Nodes => Reply::Verbatim(show::nodes(&seen())).into(),
        Cluster::Info => Reply::Verbatim(show::info(&seen(), cluster::traffic(node))).into(),
        Cluster::MyId | Cluster::MyShardId => me().into(),
        Cluster::Links => show::links(&cluster::links(node)).into(),
        Cluster::CountKeys(slot) => in_slot(node, slot, None),
        Cluster::Keys(slot, count) => in_slot(node, slot, Some(count)),
        Cluster::Meet { host, peer_port } => {
            let host = String::from_utf8_lossy(host);
            done(admin::add(node, seeds::address(&host, peer_port)))
        }
        Cluster::Forget(id) => match find(node, id)? {
            me if me == node.identity.node_id => return Err(error::FORGET_MYSELF),
            other => done(admin::remove(node, other, false)),
        },
        Cluster::Failover => done(admin::take_over(node)),
        Cluster::Replicas(id) => find(node, id).map(|_| Reply::Array(Vec::new()))?.into(),
        Cluster::FailureReports(id) => {
            let (seen, asked) = (seen(), find(node, id)?);
            let lost = seen.member(asked).is_some_and(|member| !member.reachable);
            Reply::Int((lost && asked != seen.me).into()).into()
        }
    })
}

/// How many keys, or which, are in a slot; none if another node leads it.
fn in_slot<'a>(node: &Node, slot: Slot, count: Option<u64>) -> Answer<'a> {
    let db = Db(0);
    if node.shards.count() == 0 || !node.shards.leads(node.shards.of_slot(slot)) {
        let none = if count.is_some() { Reply::Array(Vec::new()) } else { Reply::Int(0) };
        return none.into();
    }
    let op = match count {
        Some(count) => keys::Op::KeysInSlot { db, slot, count },
        None => keys::Op::CountInSlot { db, slot },
    };
    Answer::Op(Op::Key { op })
}

/// NODE.
pub(super) fn node<'a>(node: &Arc<Node>, asked: &here::Node<'a>) -> Answer<'a> {
    nodes(node, asked).unwrap_or_else(|bad| Reply::Error(bad).into())
}

fn nodes<'a>(node: &Arc<Node>, asked: &here::Node<'a>) -> Result<Answer<'a>, BadArgs> {
    Ok(match *asked {
        here::Node::List => show::table(&Topology::seen_by(node)).into(),
        here::Node::Add(address) => {
            let text = std::str::from_utf8(address).unwrap_or_default();
            let seed = Seed::parse(text).ok_or_else(|| error::bad_node_address(address))?;
            told(admin::add(node, seed.peer_address()))
        }
        here::Node::Drain(id) => told(admin::drain(node, find(node, id)?)),
        here::Node::Remove { id, force } => told(admin::remove(node, find(node, id)?, force)),
        here::Node::Promote(id) => told(admin::promote(node, find(node, id)?)),
    })
}

/// The reply that tells in words what was done.
fn told<'a>(change: Change) -> Answer<'a> {
    Answer::Later(Box::pin(async move {
        match change.await {
            Ok(what) => Reply::Line(what.replace(['\r', '\n'], " ")),
            Err(bad) => Reply::Error(bad),
        }
    }))
}

/// The reply of Redis, which says that it was done.
fn done<'a>(change: Change) -> Answer<'a> {
    Answer::Later(Box::pin(async move {
        match change.await {
            Ok(_) => Reply::Ok,
            Err(bad) => Reply::Error(bad),
        }
    }))
}

fn find(node: &Node, id: &[u8]) -> Result<NodeId, BadArgs> {
    let seen = Topology::seen_by(node);
    names::find(seen.nodes.iter().map(|member| member.info.id), id)
}
