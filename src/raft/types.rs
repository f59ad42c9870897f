//! The types openraft is used with.

use openraft::{EntryPayload, OptionalSend, RaftTypeConfig};

use crate::batch::Batch;
use crate::tickets::Answer;
use lockstep_core::Outcome;

/// openraft, as this crate uses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Types;

pub type LeaderId = openraft::impls::leader_id_adv::LeaderId<u64, u64>;
pub type LogId = openraft::LogId<LeaderId>;
pub type Vote = openraft::impls::Vote<LeaderId>;
pub type Node = openraft::impls::BasicNode;
pub type Payload = EntryPayload<Batch, u64, Node>;
pub type Entry = openraft::Entry<LeaderId, Payload>;
pub type Membership = openraft::Membership<u64, Node>;
pub type StoredMembership = openraft::StoredMembership<LeaderId, u64, Node>;
pub type SnapshotMeta = openraft::SnapshotMeta<LeaderId, u64, Node>;

/// What the operations of one entry gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcomes {
    /// The outcomes in the order of the operations.
    pub list: Vec<Outcome>,
    /// Places in the list that hold no outcome: what the operation gave was
    /// forgotten.
    pub forgotten: Vec<usize>,
}

impl RaftTypeConfig for Types {
    type D = Batch;
    type R = Outcomes;
    type NodeId = u64;
    type Node = Node;
    type Term = u64;
    type LeaderId = LeaderId;
    type Vote = Vote;
    type Payload = Payload;
    type Entry = Entry;
    type AsyncRuntime = crate::runtime::Runtime;
    type Responder<T>
        = Answer<T>
    where
        T: OptionalSend + 'static;
    type Batch<T>
        = openraft::impls::InlineBatch<T>
    where
        T: OptionalSend + 'static;
    type ErrorSource = openraft::impls::BoxedErrorSource;
}
