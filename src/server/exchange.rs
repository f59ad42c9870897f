//! What nodes tell each other besides what the shards need: published messages,
//! who waits for whom, facts about clients.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use lockstep_core::NodeId;
use lockstep_raft::{App, CallError, Host, Served};

/// What a message between nodes is about: its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Messages on channels.
    PubSub = 1,
    /// Waits that may be part of a deadlock.
    Deadlocks = 2,
    /// Clients of the asked node.
    Clients = 3,
    /// Who waits for messages of queues with several partitions, and where some are.
    Queues = 4,
    /// Keys that changed, for clients that cache.
    Tracking = 5,
    /// Copies of keys.
    Cache = 6,
    /// Which events of keys are published.
    KeyEvents = 7,
}

const TOPICS: [Topic; 7] = [
    Topic::PubSub,
    Topic::Deadlocks,
    Topic::Clients,
    Topic::Queues,
    Topic::Tracking,
    Topic::Cache,
    Topic::KeyEvents,
];

/// How long all others together are waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Takes the messages of other nodes on one topic.
pub trait Listener: Send + Sync + 'static {
    /// A message without a reply. Called where links are read: must not wait.
    fn told(&self, from: NodeId, message: &[u8]);

    /// A request. An empty reply says that it was not understood.
    fn asked(&self, from: NodeId, request: &[u8]) -> Served;
}

/// The way to other nodes, by topic. Messages may be lost; those on one topic
/// from one node arrive in the order they were sent while the link lasts.
#[derive(Clone, Debug)]
pub struct Exchange {
    host: Host,
    listeners: Arc<Listeners>,
}

#[derive(Default)]
struct Listeners([OnceLock<Box<dyn Listener>>; TOPICS.len()]);

impl Exchange {
    /// Over the links of `host`.
    pub fn new(host: Host) -> Self {
        let listeners = Arc::new(Listeners::default());
        host.serve_app(listeners.clone());
        Exchange { host, listeners }
    }

    /// From now on `listener` takes what comes on a topic. The first one stays.
    pub fn listen(&self, topic: Topic, listener: impl Listener) {
        let _ = self.listeners.0[place(topic)].set(Box::new(listener));
    }

    /// Tells one other node.
    pub fn tell(&self, node: NodeId, topic: Topic, message: &[u8]) {
        self.host.tell_app(node, &addressed(topic, message));
    }

    /// Tells all other nodes of the cluster.
    pub fn tell_others(&self, topic: Topic, message: &[u8]) {
        let others = self.others();
        if others.is_empty() {
            return;
        }
        let message = addressed(topic, message);
        for node in others {
            self.host.tell_app(node, &message);
        }
    }

    /// Asks one other node.
    ///
    /// # Errors
    /// It has not received the request, or nobody knows whether it has.
    pub async fn call(
        &self,
        node: NodeId,
        topic: Topic,
        request: &[u8],
        timeout: Duration,
    ) -> Result<Bytes, CallError> {
        self.host.call_app(node, &addressed(topic, request), timeout).await
    }

    /// What the other nodes answer that can be reached and do so within a second. Nothing is
    /// waited for where there are none.
    pub fn ask_others(
        &self,
        topic: Topic,
        request: Vec<u8>,
    ) -> Option<impl Future<Output = Vec<Bytes>> + Send + 'static> {
        if self.is_alone() {
            return None;
        }
        let mut others = self.others();
        others.retain(|node| self.reaches(*node));
        if others.is_empty() {
            return None;
        }
        let exchange = self.clone();
        Some(async move {
            let ask = |node| exchange.call(node, topic, &request, PATIENCE);
            let replies = join_all(others.into_iter().map(ask)).await;
            replies.into_iter().filter_map(Result::ok).collect()
        })
    }

    /// The other nodes of the cluster.
    pub fn others(&self) -> Vec<NodeId> {
        let me = self.host.node();
        self.host.map().nodes().map(|node| node.id).filter(|node| *node != me).collect()
    }

    /// Whether there are no other nodes.
    pub fn is_alone(&self) -> bool {
        let me = self.host.node();
        self.host.map().nodes().all(|node| node.id == me)
    }

    /// Whether a message to the node would probably arrive now.
    pub fn reaches(&self, node: NodeId) -> bool {
        self.host.reaches(node)
    }
}

impl Listeners {
    /// Whom a message is for, and what it says.
    fn open<'a>(&self, message: &'a [u8]) -> Option<(&dyn Listener, &'a [u8])> {
        let (first, rest) = message.split_first()?;
        let topic = TOPICS.into_iter().find(|topic| *topic as u8 == *first)?;
        Some((&**self.0[place(topic)].get()?, rest))
    }
}

impl App for Listeners {
    fn told(&self, from: NodeId, message: &[u8]) {
        if let Some((listener, message)) = self.open(message) {
            listener.told(from, message);
        }
    }

    fn asked(&self, from: NodeId, request: Bytes) -> Served {
        match self.open(&request) {
            Some((listener, request)) => listener.asked(from, request),
            None => Served::Now(Bytes::new()),
        }
    }
}

impl std::fmt::Debug for Listeners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listeners")
    }
}

fn place(topic: Topic) -> usize {
    topic as usize - 1
}

fn addressed(topic: Topic, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 1);
    out.push(topic as u8);
    out.extend_from_slice(message);
    out
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    type Told = Vec<(NodeId, Vec<u8>)>;

    #[derive(Default)]
    struct Notes(Arc<Mutex<Told>>);

    impl Listener for Notes {
        fn told(&self, from: NodeId, message: &[u8]) {
            self.0.lock().push((from, message.to_vec()));
        }

        fn asked(&self, _: NodeId, request: &[u8]) -> Served {
            Served::Now(request.to_vec().into())
        }
    }

    fn reply(served: Served) -> Bytes {
        match served {
            Served::Now(reply) => reply,
            Served::Later(_) => panic!("answers at once"),
        }
    }

    #[test]
    fn a_message_comes_to_who_listens_to_its_topic() {
        let listeners = Listeners::default();
        let notes = Notes::default();
        let seen = notes.0.clone();
        assert!(listeners.0[place(Topic::Deadlocks)].set(Box::new(notes)).is_ok());
        listeners.told(NodeId(7), &addressed(Topic::Deadlocks, b"x"));
        listeners.told(NodeId(7), &addressed(Topic::PubSub, b"y"));
        listeners.told(NodeId(7), b"");
        listeners.told(NodeId(7), b"\xff");
        assert_eq!(*seen.lock(), [(NodeId(7), b"x".to_vec())]);
        let asked = |message: &[u8]| reply(listeners.asked(NodeId(7), message.to_vec().into()));
        assert_eq!(asked(&addressed(Topic::Deadlocks, b"z")), &b"z"[..]);
        assert_eq!(asked(&addressed(Topic::Clients, b"z")), &b""[..]);
    }
}
