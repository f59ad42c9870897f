//! What is delivered, and when.

use super::*;

impl World {
    /// S1, S4, S5, S6, S7, S9, S11, S12, S18: what is delivered, and when.
    pub(super) fn check_deliveries(
        &mut self,
        step: &Step<'_>,
        outcome: &Outcome,
        before: &Seen,
        after: &Seen,
        settled: &[Id],
    ) {
        for (name, receipt, body, meta) in deliveries(step, outcome) {
            let Receipt::Of { seq, attempt, .. } = receipt;
            let Some(name) = name.or_else(|| self.name_of(seq, attempt, after)) else { continue };
            let id = (name.clone(), seq);
            if let Some(pushed) = self.bodies.get(&id) {
                assert_eq!(body, *pushed, "another body for {seq}: {}", self.last);
            }
            assert!(!self.done.contains(&id), "settled and delivered: {}", self.last);
            assert!(!settled.contains(&id) || attempt > 0);
            self.check_pause(&name);
            let was = before.get(&id);
            let newest = self.newest.get(&id).copied();
            let again = newest.is_some_and(|(newest, _)| newest == attempt);
            if again {
                let lease = was.and_then(|was| was.lease());
                let named = lease.is_some_and(|lease| lease.asked > 0);
                assert!(named, "the same receipt twice: {}", self.last);
            } else {
                let last = newest.map_or(0, |(newest, _)| newest);
                assert!(attempt > last, "an attempt went back: {}", self.last);
                self.check_gates(step, &id, was, after);
            }
            let fence = match meta.get(8) {
                Some(Outcome::Int(fence)) => *fence as u64,
                _ => self.at.seq,
            };
            if let Some((_, before)) = newest {
                assert!(fence > before || again, "a fence went back: {}", self.last);
            }
            self.newest.insert(id, (attempt, fence));
        }
        self.check_repeat(step, outcome, before);
    }

    /// S5, S6, S9: nobody else has it, it is visible, and it is not too old.
    fn check_gates(&self, step: &Step<'_>, id: &Id, was: Option<&Message>, after: &Seen) {
        let now_ms = self.at.now_ms;
        let Some(was) = was else { return };
        let given_back = match step {
            Step::Op(Op::Nack { queue, receipts, .. }) => {
                *queue == &id.0[..] && receipts.iter().any(|Receipt::Of { seq, .. }| *seq == id.1)
            }
            Step::Op(Op::Release { .. }) | Step::Gone(_) => true,
            Step::Op(Op::Reschedule { .. } | Op::Redrive { .. }) => true,
            _ => false,
        };
        match &was.state {
            State::Inflight(lease) => {
                let over = lease.until_ms <= now_ms && matches!(step, Step::Time);
                assert!(over || given_back, "two have one message: {}", self.last);
            }
            State::Delayed { until_ms } => {
                assert!(*until_ms <= now_ms || given_back, "too early: {}", self.last);
            }
            State::Dead => assert!(
                matches!(step, Step::Time) || given_back,
                "the dead are delivered: {}",
                self.last
            ),
            State::Ready => {}
        }
        let fresh = after.get(id).is_some_and(|is| {
            is.extra().expires_ms != was.extra().expires_ms || is.extra().body != was.extra().body
        });
        assert!(!was.is_expired(now_ms) || fresh, "delivered too late: {}", self.last);
    }

    /// S18: a queue whose output is paused delivers nothing.
    fn check_pause(&self, name: &[u8]) {
        let number = self.table.find(name, 0);
        let queue = number.and_then(|number| self.table.queues.get(number));
        let held = queue.is_some_and(|queue| queue.is_held(self.at.now_ms));
        let repeated = self.last.contains("request: Some");
        assert!(!held || repeated, "a paused queue delivers: {}", self.last);
    }

    /// S11: a named request that is repeated gets what it got, as far as that lasts.
    fn check_repeat(&mut self, step: &Step<'_>, outcome: &Outcome, before: &Seen) {
        let Step::Op(Op::Pop {
            queues, want: Want::Of { request: Some(request), settle, .. }, ..
        }) = step
        else {
            return;
        };
        let [queue] = queues[..] else { return };
        if *settle {
            return;
        }
        let key = (queue.to_vec(), request.to_vec());
        let got: Vec<(Receipt, u64)> =
            deliveries(step, outcome).into_iter().map(|(_, receipt, ..)| (receipt, 0)).collect();
        if let Some(first) = self.asked.get(&key) {
            let lasts = |(receipt, _): &&(Receipt, u64)| {
                let Receipt::Of { seq, attempt, .. } = *receipt;
                let was = before.get(&(queue.to_vec(), seq)).filter(|was| was.attempts == attempt);
                let lease = was.and_then(|was| was.lease());
                lease.is_some_and(|it| it.until_ms > self.at.now_ms && it.asked > 0)
            };
            let due: Vec<_> = first.iter().filter(lasts).copied().collect();
            assert!(due.is_empty() || got == due, "a repetition differs: {}", self.last);
        }
        if !got.is_empty() {
            self.asked.insert(key, got);
        } else if *outcome != Outcome::Nil {
            self.asked.remove(&key);
        }
    }

    /// The queue of a delivery whose answer does not name it.
    fn name_of(&self, seq: u64, attempt: u32, after: &Seen) -> Option<Vec<u8>> {
        let it = |((_, other), message): &(&Id, &Message)| {
            let fresh = message.lease().is_some_and(|lease| lease.fence == self.at.seq);
            *other == seq && message.attempts == attempt && fresh
        };
        let mut found = after.iter().filter(it);
        let (name, _) = found.next()?.0;
        found.next().is_none().then(|| name.clone())
    }
}

type Delivered = (Option<Vec<u8>>, Receipt, Vec<u8>, Vec<Outcome>);

/// The deliveries in an outcome.
fn deliveries(step: &Step<'_>, outcome: &Outcome) -> Vec<Delivered> {
    if let Step::Op(Op::Push { .. } | Op::Extend { .. }) = step
        && !has_receipt(outcome)
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    gather(None, outcome, &mut found);
    found
}

fn has_receipt(outcome: &Outcome) -> bool {
    outcome.has_body()
}

fn gather(name: Option<&[u8]>, outcome: &Outcome, found: &mut Vec<Delivered>) {
    let Outcome::List(parts) = outcome else { return };
    match &parts[..] {
        [Outcome::Bytes(receipt), Outcome::Body(body), rest @ ..] => {
            let Some(receipt) = Receipt::parse(receipt) else { return };
            let meta = match rest {
                [Outcome::List(meta)] => meta.clone(),
                _ => Vec::new(),
            };
            let body = body.here.as_deref().unwrap_or_default().to_vec();
            found.push((name.map(<[u8]>::to_vec), receipt, body, meta));
        }
        [Outcome::Bytes(name), Outcome::List(list)] => {
            list.iter().for_each(|item| gather(Some(name), item, found));
        }
        parts => parts.iter().for_each(|item| gather(name, item, found)),
    }
}
