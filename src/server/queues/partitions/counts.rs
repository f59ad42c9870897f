//! Which queues are known to have several partitions, and where the next push goes.

use std::time::{Duration, Instant};

use dashmap::DashMap;

/// Of so many queues the number is known at most; the home of another one is asked
/// with every request.
const KNOWN_MAX: usize = 65_536;

/// What nobody has used for so long is forgotten.
const UNUSED: Duration = Duration::from_secs(10);

/// After so long home is asked again beside the work: the number may have changed.
const CHECKED: Duration = Duration::from_secs(1);

/// So many messages go to one partition before the next is chosen ...
const STICKY_MESSAGES: usize = 64;
/// ... or for so long.
const STICKY: Duration = Duration::from_millis(1);

/// For so long it is believed which partitions this node leads.
const LED: Duration = Duration::from_millis(100);

/// The queues that are known to have several partitions.
#[derive(Debug, Default)]
pub(super) struct Counts {
    list: DashMap<Box<[u8]>, Known>,
}

#[derive(Debug)]
struct Known {
    count: u32,
    used: Instant,
    checked: Instant,
    sticky: Sticky,
    led: Vec<u32>,
    led_at: Option<Instant>,
    round: usize,
}

/// Where pushes go at the moment.
#[derive(Clone, Copy, Debug)]
struct Sticky {
    part: u32,
    left: usize,
    until: Instant,
}

impl Counts {
    /// How many partitions a queue has, if it is known to have several.
    pub fn get(&self, queue: &[u8]) -> Option<u32> {
        if self.list.is_empty() {
            return None;
        }
        let mut known = self.list.get_mut(queue)?;
        known.used = Instant::now();
        Some(known.count)
    }

    /// A queue has so many.
    pub fn learn(&self, queue: &[u8], count: u32) {
        if count <= 1 {
            self.list.remove(queue);
            return;
        }
        let now = Instant::now();
        if let Some(mut known) = self.list.get_mut(queue) {
            if known.count != count {
                known.count = count;
                known.led_at = None;
                known.sticky.left = 0;
            }
            known.checked = now;
            return;
        }
        if self.list.len() >= KNOWN_MAX {
            return;
        }
        let sticky = Sticky { part: 0, left: 0, until: now };
        let (led, led_at, round) = (Vec::new(), None, 0);
        let known = Known { count, used: now, checked: now, sticky, led, led_at, round };
        self.list.insert(queue.into(), known);
    }

    /// Whether it is time to ask home again how many a queue has. The caller does.
    pub fn is_due(&self, queue: &[u8]) -> bool {
        let Some(mut known) = self.list.get_mut(queue) else { return false };
        let due = known.checked.elapsed() >= CHECKED;
        if due {
            known.checked = Instant::now();
        }
        due
    }

    /// Forgets what nobody uses.
    pub fn forget_unused(&self) {
        self.list.retain(|_, known| known.used.elapsed() < UNUSED);
    }

    /// Where the next `messages` go: to a partition that this node leads, each in its
    /// turn, else to the one of two that has less. Some stay together.
    pub fn choose(
        &self,
        queue: &[u8],
        messages: usize,
        leads: impl Fn(u32) -> bool,
        ready: impl Fn(u32) -> u64,
    ) -> Option<u32> {
        let mut known = self.list.get_mut(queue)?;
        let now = Instant::now();
        if known.sticky.left == 0 || known.sticky.until <= now {
            let part = known.next(now, leads, ready);
            known.sticky = Sticky { part, left: STICKY_MESSAGES, until: now + STICKY };
        }
        known.sticky.left = known.sticky.left.saturating_sub(messages);
        Some(known.sticky.part)
    }
}

impl Known {
    fn next(
        &mut self,
        now: Instant,
        leads: impl Fn(u32) -> bool,
        ready: impl Fn(u32) -> u64,
    ) -> u32 {
        if self.led_at.is_none_or(|at| now.saturating_duration_since(at) >= LED) {
            self.led = (0..self.count).filter(|part| leads(*part)).collect();
            self.led_at = Some(now);
        }
        self.round = self.round.wrapping_add(1);
        if !self.led.is_empty() {
            return self.led[self.round % self.led.len()];
        }
        let [one, other] = [(); 2].map(|()| rand::random::<u32>() % self.count);
        if ready(other) < ready(one) { other } else { one }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(count: u32) -> Counts {
        let counts = Counts::default();
        counts.learn(b"q", count);
        counts
    }

    #[test]
    fn a_queue_is_known_until_it_says_otherwise() {
        let counts = known(4);
        assert_eq!(counts.get(b"q"), Some(4));
        assert_eq!(counts.get(b"p"), None);
        counts.learn(b"q", 8);
        assert_eq!(counts.get(b"q"), Some(8));
        counts.learn(b"q", 1);
        assert_eq!(counts.get(b"q"), None);
    }

    #[test]
    fn messages_stay_together_for_a_while() {
        let counts = known(4);
        let choose = |messages| counts.choose(b"q", messages, |_| true, |_| 0);
        let first = choose(STICKY_MESSAGES);
        assert_ne!(choose(STICKY_MESSAGES), first);
        assert_eq!(counts.choose(b"p", 1, |_| true, |_| 0), None);
    }

    #[test]
    fn partitions_that_this_node_leads_come_first() {
        let counts = known(8);
        let mut chosen: Vec<_> = (0..8)
            .filter_map(|_| counts.choose(b"q", STICKY_MESSAGES, |part| part % 4 == 3, |_| 0))
            .collect();
        chosen.sort_unstable();
        chosen.dedup();
        assert_eq!(chosen, [3, 7]);
    }

    #[test]
    fn of_two_others_the_one_that_has_less_is_chosen() {
        let counts = known(2);
        let ready = |part| if part == 0 { 9 } else { 1 };
        let chosen: Vec<_> = (0..64)
            .filter_map(|_| counts.choose(b"q", STICKY_MESSAGES, |_| false, ready))
            .collect();
        let less = chosen.iter().filter(|part| **part == 1).count();
        // Both are drawn the same in a quarter of the cases.
        assert!(less > chosen.len() / 2, "{less}");
    }

    #[test]
    fn not_more_is_known_than_there_is_room_for() {
        let counts = Counts::default();
        for queue in 0..KNOWN_MAX as u64 + 10 {
            counts.learn(&queue.to_be_bytes(), 2);
        }
        assert_eq!(counts.list.len(), KNOWN_MAX);
    }
}
