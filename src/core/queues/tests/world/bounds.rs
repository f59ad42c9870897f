//! Limits, and groups.

use super::*;

impl World {
    /// S15, S16: no limit is passed by one.
    pub(super) fn check_bounds(&self) {
        for (number, queue) in self.table.queues.iter() {
            let shape = &self.table.sides.get(&number).unwrap().shape;
            let rules = queue.rules();
            let (length, inflight) = (shape.living() as u64, shape.inflight.len() as u64);
            let within = |used: u64, max: u64| max == 0 || used <= max;
            // Dead letters and moves look for room as well.
            assert!(within(length, rules.length_max), "too long: {}", self.last);
            assert!(within(shape.bytes - shape.dead_bytes, rules.bytes_max), "{}", self.last);
            assert!(within(inflight, rules.inflight_max), "too many in flight: {}", self.last);
            for members in shape.groups.values() {
                assert!(members.inflight as u64 <= rules.group_inflight, "{}", self.last);
            }
            for (_, message) in queue.messages.iter() {
                let max = message.extra().fails_max.unwrap_or(rules.fails_max);
                let had = match rules.counts_attempts {
                    true => message.attempts - message.extra().attempts_before,
                    false => message.fails,
                };
                // Without RESET every redrive is good for one more.
                let redriven = message.extra().redriven;
                assert!(max == 0 || had <= max || redriven, "too often: {}", self.last);
            }
        }
    }

    /// S12, S13: one has a group at a time, and gets its messages in order.
    pub(super) fn check_groups(&self, before: &Seen, after: &Seen) {
        for ((name, seq), message) in after {
            let (Some(group), Some(lease)) = (message.extra().group, message.lease()) else {
                continue;
            };
            let number = self.table.find(name, 0).unwrap();
            let skips = self.table.queues.get(number).unwrap().rules().group_skips;
            let rank = |seq: u64, message: &Message| message.extra().rank.unwrap_or(seq);
            let new = before
                .get(&(name.clone(), *seq))
                .is_none_or(|was| was.lease().is_none_or(|before| before.fence != lease.fence));
            for ((other_name, other_seq), other) in after {
                if other_name != name || other.extra().group != Some(group) {
                    continue;
                }
                if let Some(other_lease) = other.lease() {
                    let same = other_lease.fence == lease.fence;
                    assert!(same, "two have one group: {}", self.last);
                } else if new && !skips && other.state != State::Dead {
                    let behind = rank(*other_seq, other) > rank(*seq, message);
                    let before = before.get(&(name.clone(), *other_seq));
                    let came_back = before.is_some_and(|was| was.lease().is_some());
                    assert!(behind || came_back, "out of the order of a group: {}", self.last);
                }
            }
        }
    }
}
