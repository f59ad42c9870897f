//! The links to other nodes, as the groups use them and as they use the host.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::NodeId;
use lockstep_net::peers::{self, LinkStatus, PeerLinks, PeerOptions, Service};
use lockstep_raft::{CallError, Host, Lane, Later, Peers, Served};
use tokio::sync::watch;

/// The links to other nodes.
#[derive(Clone, Debug)]
pub struct Links {
    links: Arc<PeerLinks>,
    host: watch::Sender<Option<Host>>,
}

impl Links {
    /// Listens for other nodes. What they ask waits until there is a host.
    ///
    /// # Errors
    /// The port cannot be bound.
    pub async fn start(options: PeerOptions) -> std::io::Result<Links> {
        let host = watch::Sender::new(None);
        let door = Arc::new(Door { host: host.clone() });
        Ok(Links { links: PeerLinks::start(options, door).await?, host })
    }

    /// From now on other nodes are answered.
    pub fn open(&self, host: Host) {
        self.host.send_replace(Some(host));
    }

    /// Where other nodes reach this one.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.links.addresses()
    }

    /// What can be seen of all links.
    pub fn list(&self) -> Vec<LinkStatus> {
        self.links.links()
    }

    /// Closes everything.
    pub async fn stop(&self) {
        self.links.stop().await;
    }
}

impl Peers for Links {
    fn call(
        &self,
        to: NodeId,
        lane: Lane,
        request: Bytes,
        timeout: Duration,
    ) -> Later<Result<Bytes, CallError>> {
        let reply = self.links.call(to, wire_lane(lane), request, timeout);
        Box::pin(async move { reply.await.map_err(call_error) })
    }

    fn tell(&self, to: NodeId, lane: Lane, message: Bytes) {
        self.links.tell(to, wire_lane(lane), message);
    }

    fn knock(
        &self,
        address: &str,
        request: Bytes,
        timeout: Duration,
    ) -> Later<Result<Bytes, CallError>> {
        let reply = self.links.knock(address, request, timeout);
        Box::pin(async move { reply.await.map_err(call_error) })
    }

    fn know(&self, node: NodeId, address: &str) {
        self.links.know(node, address);
    }

    fn forget(&self, node: NodeId) {
        self.links.forget(node);
    }

    fn reaches(&self, node: NodeId) -> bool {
        self.links.reaches(node)
    }

    fn belongs_to(&self, cluster: u64) {
        self.links.belongs_to(cluster);
    }
}

fn wire_lane(lane: Lane) -> peers::Lane {
    match lane {
        Lane::Urgent => peers::Lane::Urgent,
        Lane::Log => peers::Lane::Log,
        Lane::Data => peers::Lane::Data,
        Lane::Bulk => peers::Lane::Bulk,
    }
}

fn call_error(error: peers::CallError) -> CallError {
    match error {
        peers::CallError::NotSent => CallError::NotSent,
        peers::CallError::Lost => CallError::Lost,
    }
}

/// What other nodes meet: the host, once it is there.
struct Door {
    host: watch::Sender<Option<Host>>,
}

impl Door {
    fn host(&self) -> Option<Host> {
        self.host.borrow().clone()
    }

    /// Answers with the host, which may have to come first.
    fn answer(&self, answer: impl FnOnce(&Host) -> Served + Send + 'static) -> peers::Served {
        if let Some(host) = self.host() {
            return match answer(&host) {
                Served::Now(reply) => peers::Served::Now(reply),
                Served::Later(reply) => peers::Served::Later(reply),
            };
        }
        let mut host = self.host.subscribe();
        peers::Served::Later(Box::pin(async move {
            let there = host.wait_for(Option::is_some).await;
            let Some(host) = there.ok().and_then(|host| host.clone()) else { return Bytes::new() };
            match answer(&host) {
                Served::Now(reply) => reply,
                Served::Later(reply) => reply.await,
            }
        }))
    }
}

impl Service for Door {
    fn serve(&self, from: NodeId, request: Bytes) -> peers::Served {
        self.answer(move |host| host.serve(from, request))
    }

    fn told(&self, from: NodeId, message: Bytes) {
        if let Some(host) = self.host() {
            host.told(from, message);
        }
    }

    fn knocked(&self, request: Bytes) -> peers::Served {
        self.answer(move |host| host.knocked(request))
    }

    fn link_lost(&self, node: NodeId, reset: bool) {
        if let Some(host) = self.host().filter(|_| reset) {
            host.link_lost(node);
        }
    }
}
