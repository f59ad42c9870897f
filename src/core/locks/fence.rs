//! FENCE: the highest token that was seen, for whoever wants to refuse lower ones.

use super::FENCES_MAX;
use super::grant::end_of;
use super::index::Thing;
use super::table::Table;
use crate::image::Name;
use crate::{Fault, Outcome, Stamp};

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fence {
    pub id: u64,
    pub highest: u64,
    /// When it is forgotten.
    pub until_ms: Option<u64>,
}

impl Table {
    pub(super) fn fence(
        &mut self,
        at: &Stamp,
        name: &[u8],
        token: u64,
        ttl_ms: Option<u64>,
    ) -> Outcome {
        let highest = self.highest(at.now_ms, name);
        if token < highest {
            let text = format!("stale token, highest is {highest}").into_bytes();
            return Outcome::Refused { fault: Fault::Fenced, text };
        }
        let until_ms = end_of(at, ttl_ms);
        let full = self.fences.len() >= FENCES_MAX;
        match self.fences.get_mut(name) {
            Some(fence) => {
                let before_ms = std::mem::replace(&mut fence.until_ms, until_ms);
                fence.highest = token;
                let id = fence.id;
                self.index.set_due(id, 0, before_ms, until_ms);
            }
            None if full => return Fault::Limit.into(),
            None => {
                let id = self.next_id();
                self.put_fence(name.into(), Fence { id, highest: token, until_ms });
            }
        }
        Outcome::Int(1)
    }

    /// The highest token that was seen, 0 when none was.
    pub(super) fn highest(&self, now_ms: u64, name: &[u8]) -> u64 {
        let fence = self.fences.get(name);
        let fence = fence.filter(|fence| fence.until_ms.is_none_or(|ms| ms > now_ms));
        fence.map_or(0, |fence| fence.highest)
    }

    /// Puts one in its place.
    pub(super) fn put_fence(&mut self, name: Name, fence: Fence) {
        self.index.things.insert(fence.id, Thing::Fence(name.clone()));
        self.index.set_due(fence.id, 0, None, fence.until_ms);
        self.fences.insert(name, fence);
    }

    /// Forgets one.
    pub(super) fn end_fence(&mut self, name: &Name) {
        let Some(fence) = self.fences.remove(name) else { return };
        self.index.things.remove(&fence.id);
        self.index.set_due(fence.id, 0, fence.until_ms, None);
    }
}
