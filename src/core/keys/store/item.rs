//! A key with all that belongs to it.

use super::{Access, Key, Value};

/// Stands for no deadline.
const NEVER: u64 = u64::MAX;

/// What an item with a deadline takes in the index of deadlines.
const DEADLINE_BYTES: usize = 36;

/// The part of its page that an item takes besides itself: its tag, room that
/// is not used yet, headers.
const SHARE_BYTES: usize = 12;

/// A key with all that belongs to it.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Item {
    pub key: Key,
    pub value: Value,
    deadline: u64,
    /// The number of the operation that changed it last (WATCH).
    pub version: u64,
    pub access: Access,
}

impl Item {
    pub(in crate::keys) fn new(
        key: &[u8],
        value: Value,
        deadline: Option<u64>,
        version: u64,
        access: Access,
    ) -> Self {
        let deadline = deadline.unwrap_or(NEVER);
        Item { key: Key::new(key), value, deadline, version, access }
    }

    pub(in crate::keys) fn deadline(&self) -> Option<u64> {
        (self.deadline != NEVER).then_some(self.deadline)
    }

    /// To be called by the database only, which keeps an index of deadlines.
    pub(super) fn set_deadline(&mut self, deadline: Option<u64>) {
        self.deadline = deadline.unwrap_or(NEVER);
    }

    /// Whether its life is over, or that of all that is in it.
    pub(in crate::keys) fn is_due(&self, now_ms: u64) -> bool {
        self.deadline <= now_ms || self.value.is_over(now_ms)
    }

    /// Whether something in it is past its deadline.
    pub(in crate::keys) fn has_due(&self, now_ms: u64) -> bool {
        self.value.next_end().is_some_and(|end| end <= now_ms)
    }

    /// Bytes of memory, estimated.
    pub(in crate::keys) fn memory(&self) -> usize {
        let indexed = [self.deadline != NEVER, self.value.next_end().is_some()];
        let index = DEADLINE_BYTES * indexed.into_iter().filter(|indexed| *indexed).count();
        size_of::<Item>() + SHARE_BYTES + self.key.heap_bytes() + self.value.heap_bytes() + index
    }
}

#[cfg(test)]
mod tests {
    use super::Item;

    #[test]
    fn an_item_takes_72_bytes() {
        assert_eq!(size_of::<Item>(), 72);
    }
}
