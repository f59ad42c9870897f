//! What travels between nodes.

use bytes::Bytes;
use lockstep_core::NodeId;
use lockstep_raft::{CallError, Lane};

/// Which life of which process: those of a former one get nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Life {
    /// The place of the node in the world.
    pub node: usize,
    /// Which of its processes.
    pub number: u64,
}

/// How a message is addressed.
#[derive(Clone, Debug)]
pub enum Way {
    /// To a node of the sender's cluster.
    Node(NodeId),
    /// To whoever is at an address.
    Address(String),
}

/// A message on its way.
#[derive(Clone, Debug)]
pub enum Packet {
    /// Asks for a reply under this number, or for none.
    Request {
        /// Who sent it.
        from: Life,
        /// Its node id.
        sender: NodeId,
        /// Its cluster; 0: none yet.
        cluster: u64,
        /// To whom.
        way: Way,
        /// The life of the receiver when it was sent.
        life: Option<u64>,
        /// Which queue of the link.
        lane: Lane,
        /// The number of the call; none: nobody waits for a reply.
        call: Option<u64>,
        /// What it says.
        bytes: Bytes,
    },
    /// Answers a call.
    Reply {
        /// Who called.
        to: Life,
        /// Who answers.
        by: usize,
        /// The number of the call.
        call: u64,
        /// The answer.
        result: Result<Bytes, CallError>,
    },
    /// The connection to a node broke, or came back.
    Link {
        /// Who notices.
        to: Life,
        /// Which node.
        node: NodeId,
        /// Whether it is up again.
        up: bool,
        /// Whether nobody is there any more.
        gone: bool,
        /// When that was so.
        since_ms: u64,
    },
}
