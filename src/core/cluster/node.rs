//! One node as the map knows it.

use crate::NodeId;
use crate::wire::{Malformed, Wire};

/// How long the name of a host may be.
pub const HOST_BYTES_MAX: usize = 255;

/// How long the name of a zone may be.
pub const ZONE_BYTES_MAX: usize = 64;

/// A cluster, for its whole life; never 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub u64);

/// Where a node stands in its life. One that was removed is not in the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeState {
    /// It asked to join and holds nothing yet.
    #[default]
    Joining,
    /// It may hold replicas.
    Up,
    /// What it holds moves away.
    Draining,
}

/// A node as the map knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeInfo {
    /// Which node.
    pub id: NodeId,
    /// The host that clients are told; peers dial it too.
    pub host: String,
    /// The port that clients are told.
    pub port: u16,
    /// The port that peers dial.
    pub peer_port: u16,
    /// What fails together with it; empty: nothing that we know of.
    pub zone: String,
    /// Where it stands in its life.
    pub state: NodeState,
    /// The highest behaviour version that it can apply.
    pub version: u32,
}

impl NodeInfo {
    /// The address that peers dial.
    pub fn peer_address(&self) -> String {
        format!("{}:{}", self.host, self.peer_port)
    }

    /// The address that clients are told.
    pub fn client_address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(super) fn is_well_formed(&self) -> bool {
        self.host.len() <= HOST_BYTES_MAX && self.zone.len() <= ZONE_BYTES_MAX
    }
}

impl<'a> Wire<'a> for ClusterId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        u64::take(input).map(ClusterId)
    }
}

impl<'a> Wire<'a> for NodeState {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self {
            NodeState::Joining => 0,
            NodeState::Up => 1,
            NodeState::Draining => 2,
        });
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        match u8::take(input)? {
            0 => Ok(NodeState::Joining),
            1 => Ok(NodeState::Up),
            2 => Ok(NodeState::Draining),
            _ => Err(Malformed),
        }
    }
}

impl<'a> Wire<'a> for NodeInfo {
    fn put(&self, out: &mut Vec<u8>) {
        self.id.put(out);
        self.host.put(out);
        self.port.put(out);
        self.peer_port.put(out);
        self.zone.put(out);
        self.state.put(out);
        self.version.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(NodeInfo {
            id: NodeId::take(input)?,
            host: String::take(input)?,
            port: u16::take(input)?,
            peer_port: u16::take(input)?,
            zone: String::take(input)?,
            state: NodeState::take(input)?,
            version: u32::take(input)?,
        })
    }
}
