//! Answers to requests that wait in a machine, on their way to the nodes whose
//! connections made them.
//!
//! Each replica answers the connections of its own node when it applies the
//! entry itself; the leader sends the answers for all others. So an answer
//! survives the death of a leader wherever there is a replica, and comes twice
//! where both work: the second one finds nobody waiting.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use lockstep_core::wire::{Malformed, Wire};
use lockstep_core::{Effect, NodeId};

use super::message;
use super::{Host, Inner};
use crate::{EffectSink, Lane};

/// Answers are gathered into messages of about this size.
const MESSAGE_BYTES: usize = 1 << 20;

/// What a group does with effects.
pub(super) fn sink(inner: &Arc<Inner>) -> EffectSink {
    let inner: Weak<Inner> = Arc::downgrade(inner);
    Arc::new(move |effects, leads| {
        if let Some(inner) = inner.upgrade() {
            inner.carry_out(effects, leads);
        }
    })
}

impl Inner {
    fn carry_out(&self, effects: Vec<Effect>, leads: bool) {
        let me = self.me();
        // What is for nobody is told by the node that leads.
        let is_mine = |effect: &Effect| effect.node().map_or(leads, |node| node == me);
        if effects.iter().all(is_mine) {
            return (self.options.answers)(effects);
        }
        let (mine, others): (Vec<_>, Vec<_>) = effects.into_iter().partition(is_mine);
        if !mine.is_empty() {
            (self.options.answers)(mine);
        }
        if leads {
            self.pass_on(&others);
        }
    }

    fn pass_on(&self, effects: &[Effect]) {
        let mut messages: BTreeMap<NodeId, Vec<u8>> = BTreeMap::new();
        for effect in effects {
            let Some(node) = effect.node() else { continue };
            let message = messages.entry(node).or_insert_with(message::answers);
            effect.put(message);
            if message.len() >= MESSAGE_BYTES {
                let full = std::mem::replace(message, message::answers());
                self.options.peers.tell(node, Lane::Data, full.into());
            }
        }
        let empty = message::answers().len();
        for (node, message) in messages.into_iter().filter(|(_, bytes)| bytes.len() > empty) {
            self.options.peers.tell(node, Lane::Data, message.into());
        }
    }
}

impl Host {
    /// Takes a message of another node of the cluster that wants no reply.
    pub fn told(&self, from: NodeId, message: Bytes) {
        if let Ok(message) = message::open_app_message(&message) {
            return self.inner.app_told(from, message);
        }
        match message::open_answers(&message).and_then(take) {
            Ok(effects) => (self.inner.options.answers)(effects),
            Err(Malformed) => {
                tracing::debug!(node = from.0, "a message of another node was not understood");
            }
        }
    }
}

fn take(mut input: &[u8]) -> Result<Vec<Effect>, Malformed> {
    let mut effects = Vec::new();
    while !input.is_empty() {
        effects.push(Effect::take(&mut input)?);
    }
    Ok(effects)
}

#[cfg(test)]
mod tests {
    use lockstep_core::{Origin, Outcome};

    use super::*;

    fn answer(node: u64, outcome: Outcome) -> Effect {
        let origin = Origin { node: NodeId(node), boot: 2, conn: 3 };
        Effect::Answer { origin, request: 4, outcome }
    }

    #[test]
    fn answers_come_out_of_a_message_as_they_went_in() {
        let all = vec![answer(1, Outcome::Nil), answer(1, Outcome::Bytes(b"x".to_vec()))];
        let mut message = message::answers();
        all.iter().for_each(|effect| effect.put(&mut message));
        assert_eq!(take(message::open_answers(&message).unwrap()), Ok(all));
    }

    #[test]
    fn a_message_that_is_cut_short_is_refused() {
        let mut message = message::answers();
        answer(1, Outcome::Int(7)).put(&mut message);
        let cut = &message[..message.len() - 1];
        assert_eq!(take(message::open_answers(cut).unwrap()), Err(Malformed));
    }
}
