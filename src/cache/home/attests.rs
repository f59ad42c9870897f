//! Copies of sessions that are over, and which of them are what the keys hold still.
//!
//! Who shares what is forgotten with every home, and with every session. A node keeps its
//! lines and names them with their versions: the home enters it again as a sharer of those
//! that nobody has written since, and no value is sent. It is what [`Home::get`] does for
//! one key and a reader that waits, for many and none.

use lockstep_core::NodeId;

use super::{Home, Look, Out};
use crate::message::ToNode;
use crate::{Label, Name, Session, Time};

/// What a node has of sessions that are over.
pub(super) struct Older<'a> {
    pub session: Session,
    pub number: u64,
    /// Keys, and the versions of what it has of them.
    pub lines: &'a [(Name, u64)],
}

impl Home {
    /// A node wants to know which of its older lines are good. While this home may not say
    /// so it says nothing: it is asked again.
    pub(super) fn reattest(
        &mut self,
        now: Time,
        from: NodeId,
        older: &Older<'_>,
        look: &mut dyn FnMut(&Name) -> Look,
        out: &mut Out,
    ) {
        let Older { session, number, lines } = *older;
        if self.session_of(from) != Some(session) || !self.serves(now) {
            return;
        }
        let q = self.q + 1;
        let mut attested = Vec::new();
        for (place, (name, version)) in (0..).zip(lines).take(self.settings.reattest_lines) {
            if let Some(left) = self.attest(from, name, *version, look, out) {
                attested.push((place, left));
            }
        }
        debug_assert_eq!(q + attested.len() as u64, self.q + 1, "their numbers are in a row");
        let answer = ToNode::Attested { session, number, q, lines: attested };
        out.messages.push((from, answer));
    }

    /// Enters a node as a sharer of a key, if what it has is what the key holds; says how
    /// long that still lives. Nobody else's copy makes room for it.
    fn attest(
        &mut self,
        from: NodeId,
        name: &Name,
        version: u64,
        look: &mut dyn FnMut(&Name) -> Look,
        out: &mut Out,
    ) -> Option<Option<u64>> {
        let rules = self.settings.rules;
        if self.is_lent(name) {
            return None;
        }
        if self.gates.first_of(name).is_some() && rules.attested_unwritten {
            return None;
        }
        let payload = look(name).payload?;
        if payload.version != version && rules.versions_compared {
            return None;
        }
        self.may_keep(from, &payload)?;
        // As what nobody has asked for: it says nothing of who reads the key.
        self.share(from, name, Some(Label::Shared), true, out)?;
        Some(payload.left)
    }
}
