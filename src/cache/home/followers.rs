//! Nodes that read the whole shard from replicas of their own: they count as having every
//! key.
//!
//! Such a node is told of every entry that may touch keys ([`ToNode::Touch`]) when it is
//! proposed, and what is written waits for its word as for that of any other sharer (R21).
//! From then on its replica hides the keys (R22). When the entry is open the node hears how
//! far the state of the home has come ([`ToNode::Stands`]), and its replica shows the keys
//! as soon as it has come as far (R23).
//!
//! Why nothing old is read: a write that is open and newer than what the replica holds was
//! acknowledged by the node, which hid the key then and shows it again only when the replica
//! has what was open when it heard so; or it was open before the node began, and the replica
//! shows nothing before it has that as well (R26).
//! Why nothing is read that is not open: what the replica has carried out the node was told
//! of, or it shows nothing at all (R24). Replicas agree on how many operations came before an
//! entry, so that number names it, if it carries out any (an entry of requests that were
//! carried out before does not): as long as the session is good no other home has proposed
//! anything (R11), so no other entry has it. Being told of an entry means to know of all before
//! it that are not open (R27), those among them that were proposed before the node began (R25).

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::NodeId;

use super::gates::Gate;
use super::seats::Follows;
use super::{GateId, Home, Out};
use crate::message::{Standing, ToNode};
use crate::{Session, Time};

impl Home {
    /// The state here has seen so many operations. To be told before an entry counts as
    /// applied, and before a node follows.
    pub fn reached(&mut self, seq: u64) {
        self.seq = self.seq.max(seq);
    }

    /// Whether anybody reads the whole shard.
    pub fn is_followed(&self) -> bool {
        self.seats.values().any(|seat| seat.lasts && seat.follows == Follows::Yes)
    }

    /// Whether a node does.
    pub(super) fn follows(&self, node: NodeId) -> bool {
        let follows = |seat: &super::Seat| seat.lasts && seat.follows == Follows::Yes;
        self.seats.get(&node).is_some_and(follows)
    }

    /// All who do.
    pub(super) fn followers(&self) -> BTreeSet<NodeId> {
        if !self.settings.rules.followers_targeted {
            return BTreeSet::new();
        }
        self.seats.keys().copied().filter(|node| self.follows(*node)).collect()
    }

    /// A node begins to, or does not any more.
    pub(super) fn follow(
        &mut self,
        now: Time,
        from: NodeId,
        session: Session,
        on: bool,
        out: &mut Out,
    ) {
        let lends = self.settings.write_back || self.lent() > 0;
        let may = self.settings.replica_reads && !lends && self.serves(now);
        let slow_sharer = self.settings.slow_sharer;
        let is_now = self.session_of(from) == Some(session);
        let Some(seat) = self.seats.get_mut(&from).filter(|_| is_now) else { return };
        match (on, seat.follows) {
            (false, _) => seat.follows = Follows::Over,
            (true, Follows::No) if may && seat.acks_in <= slow_sharer => {
                seat.follows = Follows::Yes;
                self.tell_pending(from, out);
                self.tell_standing(from, out);
            }
            (true, _) => {}
        }
    }

    /// Tells who begins of what is not open. None of it waits for the answer: whoever has
    /// not heard of it has not begun.
    fn tell_pending(&mut self, node: NodeId, out: &mut Out) {
        if !self.settings.rules.pending_told {
            return;
        }
        let is_pending = |(_, gate): &(GateId, &Gate)| gate.writes() && !gate.recall;
        let ids: Vec<GateId> = self.gates.ids().filter(is_pending).map(|(id, _)| id).collect();
        for id in &ids {
            self.q += 1;
            if let Some(gate) = self.gates.get_mut(*id) {
                gate.followers.insert(node, self.q);
            }
        }
        // Behind that: the first message names all of them already.
        let node = BTreeSet::from([node]);
        ids.into_iter().for_each(|id| self.tell_followers(id, &node, out));
    }

    /// A number for the message to each.
    pub(super) fn numbered(&mut self, followers: &BTreeSet<NodeId>) -> BTreeMap<NodeId, u64> {
        let number = |node: &NodeId| {
            self.q += 1;
            (*node, self.q)
        };
        followers.iter().map(number).collect()
    }

    /// Tells these of an entry; whoever has nothing to hide for it need not answer.
    pub(super) fn tell_followers(
        &mut self,
        id: GateId,
        followers: &BTreeSet<NodeId>,
        out: &mut Out,
    ) {
        for node in followers {
            let Some(session) = self.session_of(*node) else { continue };
            let Some(gate) = self.gates.get(id) else { continue };
            let q = gate.followers.get(node).copied().unwrap_or(self.q);
            out.messages.push((*node, self.touch(*node, gate, session, q)));
        }
    }

    pub(super) fn touch(&self, node: NodeId, gate: &Gate, session: Session, q: u64) -> ToNode {
        let (names, all) = (gate.written.clone(), gate.is_about_all());
        let standing = self.standing(node);
        ToNode::Touch { session, q, known: gate.known, names, all, standing }
    }

    /// Tells who follows how far the home has come.
    pub(super) fn tell_standing(&self, node: NodeId, out: &mut Out) {
        if self.follows(node)
            && let Some(session) = self.session_of(node)
        {
            let (upto, standing) = (self.q, self.standing(node));
            out.messages.push((node, ToNode::Stands { session, upto, standing }));
        }
    }

    fn standing(&self, node: NodeId) -> Standing {
        let pending = self.gates.ids().filter_map(|(_, gate)| gate.followers.get(&node).copied());
        Standing { seq: self.seq, pending: pending.collect() }
    }
}
