//! Why a node is not let in.

use std::fmt;

use lockstep_core::NodeId;

use crate::peers::options::Leases;

/// Why a node that dials is not let in. It reads the same on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::peers) enum Refusal {
    /// There is no version both speak; these are spoken here.
    Version { from: u16, to: u16 },
    /// Only who is dialled has a secret.
    SecretMissing,
    /// Only who dials has a secret.
    SecretUnknown,
    /// The secrets differ.
    SecretWrong,
    /// Who is dialled belongs to no cluster yet.
    NoCluster,
    /// The clusters differ.
    Cluster { dialled: u64, dials: u64 },
    /// Another node than the expected one is at the address.
    Node { here: NodeId, expected: NodeId },
    /// Both are the same node.
    Myself,
    /// A later life of the node is connected already.
    Boot { connected: u64, dials: u64 },
    /// Too many nodes.
    Full,
    /// The node is being stopped.
    Stopping,
    /// They would not wait equally long for copies.
    Leases { dialled: Leases, dials: Leases },
    /// A reason that a later version knows.
    Other(u8),
}

impl Refusal {
    /// The code and the two numbers that go over the wire.
    pub(super) fn numbers(self) -> (u8, u64, u64) {
        match self {
            Refusal::Version { from, to } => (1, from.into(), to.into()),
            Refusal::SecretMissing => (2, 0, 0),
            Refusal::SecretUnknown => (3, 0, 0),
            Refusal::SecretWrong => (4, 0, 0),
            Refusal::NoCluster => (5, 0, 0),
            Refusal::Cluster { dialled, dials } => (6, dialled, dials),
            Refusal::Node { here, expected } => (7, here.0, expected.0),
            Refusal::Myself => (8, 0, 0),
            Refusal::Boot { connected, dials } => (9, connected, dials),
            Refusal::Full => (10, 0, 0),
            Refusal::Stopping => (11, 0, 0),
            Refusal::Leases { dialled, dials } => {
                (12, Leases::number(Some(dialled)), Leases::number(Some(dials)))
            }
            Refusal::Other(code) => (code, 0, 0),
        }
    }

    pub(super) fn from_numbers(code: u8, first: u64, second: u64) -> Self {
        match code {
            1 => Refusal::Version { from: first as u16, to: second as u16 },
            2 => Refusal::SecretMissing,
            3 => Refusal::SecretUnknown,
            4 => Refusal::SecretWrong,
            5 => Refusal::NoCluster,
            6 => Refusal::Cluster { dialled: first, dials: second },
            7 => Refusal::Node { here: NodeId(first), expected: NodeId(second) },
            8 => Refusal::Myself,
            9 => Refusal::Boot { connected: first, dials: second },
            10 => Refusal::Full,
            11 => Refusal::Stopping,
            12 => match (Leases::of(first), Leases::of(second)) {
                (Some(dialled), Some(dials)) => Refusal::Leases { dialled, dials },
                _ => Refusal::Other(code),
            },
            code => Refusal::Other(code),
        }
    }

    /// Whether it belongs to the usual course of things and will pass.
    pub(in crate::peers) fn is_passing(self) -> bool {
        matches!(self, Refusal::NoCluster | Refusal::Stopping)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Version { from, to } => write!(
                f,
                "no common version: the node that is dialled speaks versions {from} to {to} of \
                 the peer protocol. Upgrade one step at a time"
            ),
            Refusal::SecretMissing => f.write_str(
                "the secret is missing: the node that is dialled has a cluster secret, the one \
                 that dials has none. Give both the same --cluster-secret-file",
            ),
            Refusal::SecretUnknown => f.write_str(
                "the secret is not expected: the node that dials has a cluster secret, the one \
                 that is dialled has none. Give both the same --cluster-secret-file",
            ),
            Refusal::SecretWrong => f.write_str(
                "the secret is wrong: the two nodes have different cluster secrets. Give both \
                 the same --cluster-secret-file",
            ),
            Refusal::NoCluster => f.write_str("the node that is dialled belongs to no cluster yet"),
            Refusal::Cluster { dialled, dials } => write!(
                f,
                "wrong cluster id: the node that is dialled belongs to cluster {dialled:016x}, \
                 the one that dials to {dials:016x}. Check the addresses and the data directories"
            ),
            Refusal::Node { here, expected } => write!(
                f,
                "wrong node id: at this address is node {:016x}, not node {:016x}. Check that no \
                 two nodes announce the same address",
                here.0, expected.0
            ),
            Refusal::Myself => f.write_str(
                "the node has dialled itself, or two nodes run on copies of one data directory",
            ),
            Refusal::Boot { connected, dials } => write!(
                f,
                "an older life of the node: its start number {connected} is connected, number \
                 {dials} dials. Check that it runs only once"
            ),
            Refusal::Full => f.write_str("more nodes dial than a cluster has"),
            Refusal::Stopping => f.write_str("the node that is dialled is being stopped"),
            Refusal::Leases { dialled, dials } => write!(
                f,
                "cache-lease-ms (8 times as long with --profile wan) and cache-clock-drift must be \
                 the same at all nodes: {dialled} at the node that is dialled, {dials} at the one \
                 that dials"
            ),
            Refusal::Other(code) => write!(f, "for reason {code}, of a later version"),
        }
    }
}
