//! QINFO and QLEN: numbers about a queue.

use super::super::counts::Count;
use super::super::op::Which;
use super::{View, int, int_or_none};
use crate::Outcome;

macro_rules! info {
    ($($name:literal => $value:expr),* $(,)?) => {
        /// What QINFO tells, in the order of its outcome.
        pub const INFO_NAMES: [&str; [$($name),*].len()] = [$($name),*];

        impl View<'_> {
            /// The numbers that have these names.
            pub(super) fn info(&self) -> Outcome {
                let facts = Facts::of(self);
                let list: [fn(&View<'_>, &Facts) -> Outcome; INFO_NAMES.len()] = [$($value),*];
                Outcome::List(list.iter().map(|value| value(self, &facts)).collect())
            }
        }
    };
}

/// What takes a little work to find out.
struct Facts {
    blocked: usize,
    sessions: usize,
    oldest_ready_ms: Option<u64>,
    oldest_inflight_ms: Option<u64>,
    oldest_ms: Option<u64>,
    rates: (u64, u64),
}

info! {
    "ready" => |view, _| int(view.shape.ready() as u64),
    "delayed" => |view, _| int(view.shape.delayed.len() as u64),
    "inflight" => |view, _| int(view.shape.inflight.len() as u64),
    "dead" => |view, _| int(view.shape.dead.len() as u64),
    "bytes" => |view, _| int(view.shape.bytes),
    "groups" => |view, _| int(view.shape.groups.len() as u64),
    "groups-blocked" => |_, facts| int(facts.blocked as u64),
    "waiting" => |view, _| int(view.shape.waiting as u64),
    "consumers" => |view, _| int(view.queue.consumers.len() as u64),
    "sessions" => |_, facts| int(facts.sessions as u64),
    "dedup" => |view, _| int(view.queue.known.len() as u64),
    "oldest-ready-age-ms" => |view, facts| view.age(facts.oldest_ready_ms),
    "oldest-inflight-age-ms" => |view, facts| view.age(facts.oldest_inflight_ms),
    "oldest-any-age-ms" => |view, facts| view.age(facts.oldest_ms),
    "next-delayed-ms" => |view, _| {
        let next = view.shape.delayed.first();
        int_or_none(next.map(|(until_ms, _)| until_ms.saturating_sub(view.now_ms)))
    },
    "pushed" => |view, _| view.count(Count::Pushed),
    "delivered" => |view, _| view.count(Count::Delivered),
    "redelivered" => |view, _| view.count(Count::Redelivered),
    "acked" => |view, _| view.count(Count::Acked),
    "noack" => |view, _| view.count(Count::Unacked),
    "nacked" => |view, _| view.count(Count::Nacked),
    "expired-leases" => |view, _| view.count(Count::Expired),
    "late-acks" => |view, _| view.count(Count::LateAcks),
    "stale-acks" => |view, _| view.count(Count::StaleAcks),
    "dedup-hits" => |view, _| view.count(Count::DedupHits),
    "dedup-evicted" => |view, _| view.count(Count::DedupEvicted),
    "dead-total" => |view, _| int(view.queue.counts.died()),
    "dead-maxdeliver" => |view, _| view.count(Count::DeadByFails),
    "dead-ttl" => |view, _| view.count(Count::DeadByTtl),
    "dead-fatal" => |view, _| view.count(Count::DeadByConsumer),
    "dead-overflow" => |view, _| view.count(Count::DeadByOverflow),
    "dropped-ttl" => |view, _| view.count(Count::DroppedByTtl),
    "dropped-overflow" => |view, _| view.count(Count::DroppedByOverflow),
    "dropped-dead" => |view, _| view.count(Count::DroppedDead),
    "purged" => |view, _| view.count(Count::Purged),
    "deleted" => |view, _| view.count(Count::Deleted),
    "moved" => |view, _| view.count(Count::Moved),
    "in-per-second" => |_, facts| int(facts.rates.0),
    "out-per-second" => |_, facts| int(facts.rates.1),
    "dwell-p50-ms" => |view, _| int_or_none(view.queue.counts.dwell_ms(50)),
    "dwell-p99-ms" => |view, _| int_or_none(view.queue.counts.dwell_ms(99)),
    "paused-in" => |view, _| int(view.queue.is_closed(view.now_ms).into()),
    "paused-out" => |view, _| int(view.queue.is_held(view.now_ms).into()),
    "created-ms" => |view, _| int(view.queue.made_ms),
}

/// So many messages are looked at to find the sessions that have some.
const LEASES_LOOKED_AT: usize = 10_000;

impl Facts {
    fn of(view: &View<'_>) -> Self {
        let shape = view.shape;
        let pushed = |seq: u64| view.queue.messages.get(seq).map(|message| message.pushed_ms);
        let plain = shape.levels.oldest(0);
        let first = [plain, shape.grouped.first()].into_iter().flatten().min();
        let leases = shape.inflight.iter().take(LEASES_LOOKED_AT);
        let sessions =
            leases.filter_map(|seq| view.queue.messages.get(seq)?.lease()?.session.as_deref());
        let sessions: std::collections::BTreeSet<&[u8]> = sessions.collect();
        Facts {
            blocked: shape.groups.len() - shape.ring.len(),
            sessions: sessions.len(),
            oldest_ready_ms: first.and_then(|rank| pushed(shape.seq_of(rank))),
            oldest_inflight_ms: shape.inflight.first().and_then(pushed),
            oldest_ms: view.queue.messages.first().map(|(_, message)| message.pushed_ms),
            rates: view.queue.counts.rates(view.now_ms),
        }
    }
}

impl View<'_> {
    fn count(&self, what: Count) -> Outcome {
        int(self.queue.counts.of(what))
    }

    fn age(&self, pushed_ms: Option<u64>) -> Outcome {
        int_or_none(pushed_ms.map(|ms| self.now_ms.saturating_sub(ms)))
    }

    pub(super) fn len(&self, which: Option<Which>) -> usize {
        match which {
            Some(Which::Ready {}) => self.shape.ready(),
            Some(Which::Delayed {}) => self.shape.delayed.len(),
            Some(Which::Inflight {}) => self.shape.inflight.len(),
            Some(Which::Dead {}) => self.shape.dead.len(),
            None => self.queue.messages.len(),
        }
    }
}
