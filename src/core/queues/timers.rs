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
