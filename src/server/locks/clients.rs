//! Whose connections hold locks: address and name of clients of any node.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use lockstep_core::wire::Wire;
use lockstep_core::{NodeId, Origin};
use lockstep_raft::Served;

use crate::Node;
use crate::exchange::{Listener, Topic};

/// How long another node may take to tell about its clients.
const ANSWER_WAIT: Duration = Duration::from_millis(200);

/// Connections that are asked for in one request, at most.
const ASKED_MAX: usize = 4096;

/// What is known of a client; nothing if it is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    pub address: Vec<u8>,
    pub name: Vec<u8>,
}

/// Address and name of the client of each connection, as far as their nodes
/// answer in time.
pub(super) async fn known(node: &Node, origins: &[Origin]) -> Vec<Known> {
    let mut asked: BTreeMap<NodeId, Vec<Origin>> = BTreeMap::new();
    for origin in origins {
        asked.entry(origin.node).or_default().push(*origin);
    }
    let answers = join_all(asked.into_iter().map(|(to, origins)| async move {
        let known = ask(node, to, &origins).await;
        origins.into_iter().zip(known).collect::<Vec<_>>()
    }));
    let answers: Vec<(Origin, Known)> = answers.await.into_iter().flatten().collect();
    let find = |origin: &Origin| answers.iter().find(|(of, _)| of == origin);
    origins.iter().map(|origin| find(origin).map_or_else(Known::default, |f| f.1.clone())).collect()
}

async fn ask(node: &Node, to: NodeId, origins: &[Origin]) -> Vec<Known> {
    if to == node.identity.node_id {
        return origins.iter().map(|origin| here(node, *origin)).collect();
    }
    let mut request = Vec::new();
    for origin in origins.iter().take(ASKED_MAX) {
        origin.put(&mut request);
    }
    let reply = node.exchange.call(to, Topic::Clients, &request, ANSWER_WAIT).await;
    reply.map(|reply| take_all(&reply)).unwrap_or_default()
}

/// The client of one of this node's connections.
fn here(node: &Node, origin: Origin) -> Known {
    if !node.is_mine(origin) {
        return Known::default();
    }
    node.clients.get(origin.conn).map_or_else(Known::default, |client| Known {
        address: client.link().peer.to_string().into_bytes(),
        name: client.names().name,
    })
}

fn take_all(mut reply: &[u8]) -> Vec<Known> {
    let mut all = Vec::new();
    while !reply.is_empty() {
        let (Ok(address), Ok(name)) = (<&[u8]>::take(&mut reply), <&[u8]>::take(&mut reply)) else {
            break;
        };
        all.push(Known { address: address.to_vec(), name: name.to_vec() });
    }
    all
}

/// Tells other nodes about the clients of this one.
pub(super) struct Clients(pub Weak<Node>);

impl Listener for Clients {
    fn told(&self, _: NodeId, message: &[u8]) {
        if let Some(node) = self.0.upgrade() {
            super::elsewhere::take(&node, message);
        }
    }

    fn asked(&self, _: NodeId, mut request: &[u8]) -> Served {
        let Some(node) = self.0.upgrade() else { return Served::Now(Bytes::new()) };
        Served::Now(answer(&node, &mut request).into())
    }
}

fn answer(node: &Arc<Node>, request: &mut &[u8]) -> Vec<u8> {
    let mut reply = Vec::new();
    for _ in 0..ASKED_MAX {
        let Ok(origin) = Origin::take(request) else { break };
        let known = here(node, origin);
        known.address.as_slice().put(&mut reply);
        known.name.as_slice().put(&mut reply);
    }
    reply
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn clients_of_this_life_of_the_node_are_known_by_address_and_name() {
        let (node, _dir) = crate::testing::node().await;
        let address = "127.0.0.1:4711".parse().unwrap();
        let link = node.connections.open(address, address);
        let mine =
            Origin { node: node.identity.node_id, boot: node.identity.first_life, conn: link.id };
        let session = crate::session::Session::open(&node, link);
        session.client.rename(|names| names.name = b"worker".to_vec());
        let before = Origin { boot: mine.boot - 1, ..mine };
        let worker = Known { address: b"127.0.0.1:4711".to_vec(), name: b"worker".to_vec() };
        assert_eq!(known(&node, &[before, mine]).await, [Known::default(), worker.clone()]);
        let mut request = Vec::new();
        mine.put(&mut request);
        before.put(&mut request);
        request.push(0xff);
        let reply = answer(&node, &mut &request[..]);
        assert_eq!(take_all(&reply), [worker, Known::default()]);
        assert_eq!(take_all(&reply[..3]), []);
    }
}
