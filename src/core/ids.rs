//! Identifiers as types, so that one cannot stand where another is due.

use crate::wire::{Malformed, Wire};

/// One of the 16 databases of the key space, 0 to 15.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Db(pub u8);

/// How many databases there are.
pub const DATABASES: u8 = 16;

/// One Raft group of the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

impl ShardId {
    /// The group that holds the map of the cluster.
    pub const META: ShardId = ShardId(u16::MAX);

    /// Whether this is the group that holds the map of the cluster.
    pub fn is_meta(self) -> bool {
        self == Self::META
    }
}

/// One process of the cluster, for its whole life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

/// A fencing token: grows with every exclusive grant of its shard and is never
/// handed out twice. Stays below 2^53, so that every client can hold it exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// The connection a request came from: the node that serves it, that node's
/// incarnation (grows by one with every start), and the connection's number there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The serving node.
    pub node: NodeId,
    /// Which life of that node.
    pub boot: u64,
    /// The client id on that node (CLIENT ID).
    pub conn: u64,
}

impl Origin {
    /// Stands behind every life of a node: what begins with it ends all of them, for good.
    pub fn after_all(node: NodeId) -> Origin {
        Origin { node, boot: u64::MAX, conn: 0 }
    }

    /// Whether it stands behind every life of its node.
    pub fn is_after_all(&self) -> bool {
        self.boot == u64::MAX
    }
}

impl<'a> Wire<'a> for Db {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.0);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let db = u8::take(input)?;
        if db < DATABASES { Ok(Db(db)) } else { Err(Malformed) }
    }
}

impl<'a> Wire<'a> for ShardId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        u16::take(input).map(ShardId)
    }
}

impl<'a> Wire<'a> for NodeId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        u64::take(input).map(NodeId)
    }
}

impl<'a> Wire<'a> for Token {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        u64::take(input).map(Token)
    }
}

impl<'a> Wire<'a> for Origin {
    fn put(&self, out: &mut Vec<u8>) {
        self.node.put(out);
        self.boot.put(out);
        self.conn.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Origin { node: NodeId::take(input)?, boot: u64::take(input)?, conn: u64::take(input)? })
    }
}
