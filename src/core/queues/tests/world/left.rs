//! What leaves, and what comes back.

use super::*;

impl World {
    /// S2, S16: a message leaves for a reason. Gives those that are settled.
    pub(super) fn check_leaving(
        &mut self,
        step: &Step<'_>,
        before: &Seen,
        after: &Seen,
        outcome: Option<&Outcome>,
    ) -> Vec<Id> {
        let mut settled = Vec::new();
        for (id, was) in before.iter().filter(|(id, _)| !after.contains_key(id)) {
            let (name, seq) = id;
            let number = self.table.find(name, 0);
            let rules = number.and_then(|number| self.table.queues.get(number));
            let rules = rules.map(|queue| queue.rules().clone());
            let too_old = was.is_expired(self.at.now_ms);
            let of = |queue: &[u8]| queue == &name[..];
            let acked = match step {
                Step::Op(Op::Ack { queue, receipts, .. }) if of(queue) => {
                    receipts.iter().any(|receipt| {
                        let Receipt::Of { seq: acked, attempt, .. } = *receipt;
                        acked == *seq && attempt == was.attempts && was.state != State::Dead
                    })
                }
                _ => false,
            };
            let by_hand = match step {
                Step::Op(Op::Delete { queue, seqs, force, .. }) => {
                    of(queue) && seqs.contains(seq) && (*force || was.lease().is_none())
                }
                Step::Op(Op::Purge { queue, .. } | Op::Destroy { queue, .. }) => of(queue),
                Step::Op(Op::Move { from, .. }) => of(from),
                _ => false,
            };
            let dead = was.state == State::Dead;
            let policy = rules.as_ref().is_none_or(|rules| {
                let makes_room = !matches!(rules.overflow, Overflow::Reject {});
                let kept_for_a_while = rules.retain_ms > 0 && dead;
                rules.dead_letters.is_some() || rules.dead_max > 0 || makes_room || kept_for_a_while
            });
            // Settled with its delivery, or redriven to another queue.
            let taken = self.was_given(id) || dead && matches!(step, Step::Time);
            if acked || by_hand {
                settled.push(id.clone());
            }
            let why = acked || by_hand || too_old || policy || taken;
            assert!(why, "{name:?} {seq} is gone without a reason: {} {outcome:?}", self.last);
        }
        settled
    }

    /// Whether the last step says that this was delivered.
    fn was_given(&self, (_, seq): &Id) -> bool {
        let shown: Vec<u8> = format!("0-{seq}-").into_bytes();
        let list = format!("{shown:?}");
        self.last.contains(list.trim_end_matches(']'))
    }

    /// A lease that ran out is a failure.
    pub(super) fn check_coming_back(&self, step: &Step<'_>, before: &Seen, after: &Seen) {
        if !matches!(step, Step::Time) {
            return;
        }
        for (id, was) in before {
            let (Some(lease), Some(is)) = (was.lease(), after.get(id)) else { continue };
            let ended = lease.until_ms <= self.at.now_ms && is.lease() != Some(lease);
            if ended && was.extra().group.is_none() {
                assert!(is.fails > was.fails, "a lease ran out without blame: {}", self.last);
            }
        }
    }
}
