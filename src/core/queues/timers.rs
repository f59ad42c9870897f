//! When something happens to a queue as a whole.

use super::desk::Desk;
use super::fate::coarse;
use super::index::{End, Timer};
use super::table::Table;
use crate::image::Name;
use crate::{Effect, Effects, Stamp};

impl Table {
    /// The partitions of queues with several that have something ready: for whoever
    /// comes to lead the shard and was not told.
    pub fn stocked_parts(&self) -> Vec<(Name, u32)> {
        let stocked = self.sides.iter().filter(|(_, side)| side.shape.ready() > 0);
        let queues = stocked.filter_map(|(number, _)| self.queues.get(*number));
        queues
            .filter(|queue| queue.part > 0 || queue.rules().partitions > 1)
            .map(|queue| (queue.name.clone(), queue.part))
            .collect()
    }
}

impl Desk<'_> {
    /// Puts the timers of the queue to when they are due now.
    pub fn rearm(&mut self) {
        let number = self.queue.number;
        for timer in Timer::ALL {
            let due_ms = self.due_of(timer);
            let armed = &mut self.shape.timers[timer as usize];
            if *armed == due_ms {
                continue;
            }
            if let Some(before_ms) = std::mem::replace(armed, due_ms) {
                self.index.remove_due(before_ms, number, End::Timer(timer));
            }
            if let Some(due_ms) = due_ms {
                self.index.add_due(due_ms, number, End::Timer(timer));
            }
        }
    }

    /// Tells that there is something for those who wait elsewhere, at other partitions.
    pub fn offer(&mut self, at: &Stamp, fx: &mut Effects) {
        let served = self.shape.levels.len() > 0 || !self.shape.ring.is_empty();
        let has = served && self.may_deliver(at);
        let before = std::mem::replace(&mut self.local.offered, has);
        let spread = self.queue.part > 0 || self.queue.rules().partitions > 1;
        if has && !before && spread && self.shape.waiting == 0 {
            let (queue, part) = (self.queue.name.to_vec(), self.queue.part);
            fx.push(Effect::Available { queue, part });
        }
    }

    fn due_of(&self, timer: Timer) -> Option<u64> {
        let queue = &self.queue;
        match timer {
            Timer::Rate => {
                let (since_ms, done) = queue.window?;
                let (count, per_ms) = queue.rules().rate;
                let count = queue.rules().share(count);
                (done >= count && count > 0).then(|| since_ms.saturating_add(per_ms))
            }
            Timer::Resume => {
                let ends = [queue.closed_until_ms, queue.held_until_ms];
                ends.into_iter().filter(|end_ms| *end_ms > 0 && *end_ms < u64::MAX).min()
            }
            Timer::Redrive => queue.task.as_ref().and_then(|task| task.next_ms()),
            Timer::Fade => {
                let (until_ms, _) = self.shape.fading.first()?;
                (*until_ms < u64::MAX).then(|| coarse(*until_ms))
            }
            Timer::Idle => {
                let idle_ms = queue.rules().idle_ms;
                let idle = queue.messages.is_empty() && self.shape.waiting == 0 && queue.made;
                (idle_ms > 0 && idle).then(|| queue.used_ms.saturating_add(idle_ms))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::queues::{Blame, Grouping, Manner, Op, Receipt, Setting, Table, Want};
    use crate::{Effect, Effects, Fault, Origin, Outcome, Stamp, Wait};

    /// A partition of a queue that is spread over eight.
    struct Part {
        table: Table,
        seq: u64,
    }

    impl Part {
        fn new(settings: &[Setting<'static>]) -> Self {
            let mut part = Part { table: Table::new(), seq: 0 };
            let eight = [Setting::Partitions { count: 8 }];
            let settings = settings.iter().copied().chain(eight).collect();
            let create = Op::Create { queue: b"q", part: 3, settings, if_new: true };
            assert_eq!(part.apply(&create), (Outcome::Ok, 0));
            part
        }

        /// What it gave, and how often the partition told of itself.
        fn apply(&mut self, op: &Op<'_>) -> (Outcome, usize) {
            self.seq += 1;
            let at = Stamp { now_ms: self.seq, seq: self.seq, version: 1 };
            let mut fx = Effects::new(false);
            let outcome = self.table.apply(&at, op, &mut fx);
            let available = Effect::Available { queue: b"q".to_vec(), part: 3 };
            (outcome, fx.take().into_iter().filter(|effect| *effect == available).count())
        }

        fn push(&mut self, in_group: Option<&[u8]>) -> (Outcome, usize) {
            let mut op = Op::push(b"q", b"m");
            if let Op::Push { part, manner: Manner::Of { group, .. }, .. } = &mut op {
                (*part, *group) = (3, in_group);
            }
            self.apply(&op)
        }

        fn pop(&mut self) -> usize {
            let mut op = Op::pop(b"q", Want::ONE, None);
            if let Op::Pop { part, .. } = &mut op {
                *part = 3;
            }
            self.apply(&op).1
        }
    }

    fn receipts(seq: u64) -> Vec<Receipt> {
        vec![Receipt::Of { part: 3, seq, attempt: 1 }]
    }

    #[test]
    fn a_partition_tells_of_itself_when_it_can_deliver_something_again() {
        let mut part = Part::new(&[Setting::Groups { how: Grouping::Required {} }]);
        assert_eq!(part.push(Some(b"g")).1, 1);
        assert_eq!(part.push(Some(b"g")).1, 0);
        // The second one has to wait for the first.
        assert_eq!(part.pop(), 0);
        let (queue, verbose, pop, wait) = (b"q", false, None, None);
        let ack = Op::Ack { queue, part: 3, receipts: receipts(1), verbose, pop, wait };
        assert_eq!(part.apply(&ack), (Outcome::Int(1), 1));
        assert_eq!(part.pop(), 0);
        let (delay_ms, error, priority) = (Some(0), None, None);
        let (receipts, blame) = (receipts(2), Blame::Silent {});
        let nack = Op::Nack { queue, part: 3, receipts, blame, delay_ms, error, priority };
        assert_eq!(part.apply(&nack), (Outcome::Int(1), 1));
        assert_eq!(part.table.stocked_parts(), [(b"q"[..].into(), 3)]);
    }

    #[test]
    fn limits_are_divided_among_the_partitions() {
        let mut part = Part::new(&[Setting::LengthMax { count: 20 }]);
        for _ in 0..3 {
            assert!(matches!(part.push(None).0, Outcome::Bytes(_)));
        }
        let full = matches!(part.push(None).0, Outcome::Refused { fault: Fault::QueueFull, .. });
        assert!(full);
    }

    #[test]
    fn who_would_wait_behind_an_ack_is_told_of_the_other_partitions() {
        let mut part = Part::new(&[]);
        part.push(None);
        part.pop();
        let wait = Wait::For { origin: Origin::default(), request: 1, block_ms: 0 };
        let (queue, verbose) = (b"q", false);
        let (pop, wait) = (Some(Want::ONE), Some(wait));
        let ack = Op::Ack { queue, part: 3, receipts: receipts(1), verbose, pop, wait };
        let refused = Outcome::Refused { fault: Fault::Partitioned, text: b"8".to_vec() };
        assert_eq!(part.apply(&ack).0, refused);
        assert_eq!(part.apply(&ack.clone().without_wait()).0, {
            Outcome::List(vec![Outcome::Int(1), Outcome::Nil])
        });
    }
}
