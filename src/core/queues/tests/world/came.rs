//! What comes in, and what is told about receipts.

use super::*;

impl World {
    /// S10: copies have the id of the first.
    pub(super) fn note_pushes(&mut self, op: &Op<'_>, outcome: &Outcome, after: &Seen) {
        let Op::Push { queue, ref bodies, ref manner, form, .. } = *op else { return };
        let outcomes = match (form, outcome) {
            (Form::List {}, Outcome::List(list)) => list.clone(),
            _ => vec![outcome.clone()],
        };
        for (body, outcome) in bodies.iter().zip(outcomes) {
            let (id, word) = match &outcome {
                Outcome::List(parts) => match &parts[..] {
                    [Outcome::Bytes(id), Outcome::Word(word)] => (id.clone(), Some(*word)),
                    _ => continue,
                },
                Outcome::Bytes(id) => (id.clone(), None),
                _ => continue,
            };
            let seq: u64 = text(&id).split('-').nth(1).unwrap().parse().unwrap();
            let key = (queue.to_vec(), seq);
            let Manner::Of { group, dedup, .. } = manner;
            if let Some(Dedup::Of { id, window_ms, replace }) = dedup {
                self.check_copy(queue, *group, id, *window_ms, seq, word);
                if word.is_none() && *replace {
                    // Nobody says whether it was replaced, and known for another time.
                    self.known.retain(|(name, ..), _| name != queue);
                }
            }
            let is_new = !self.bodies.contains_key(&key) || word == Some("replaced");
            let replaced = after.get(&key).is_some_and(|kept| {
                kept.extra().body.is_some() && kept.body.as_deref() == Some(*body)
            });
            if is_new || replaced {
                self.bodies.insert(key, body.to_vec());
            }
        }
    }

    fn check_copy(
        &mut self,
        queue: &[u8],
        group: Option<&[u8]>,
        id: &[u8],
        window_ms: Option<u64>,
        seq: u64,
        word: Option<&str>,
    ) {
        let number = self.table.find(queue, 0).unwrap();
        let rules = self.table.queues.get(number).unwrap().rules();
        let evicts = rules.dedup_max < 100;
        let window_ms = window_ms.unwrap_or(rules.dedup_window_ms);
        let scope = group.filter(|_| rules.dedup_by_group).map(<[u8]>::to_vec);
        let key = (queue.to_vec(), scope, id.to_vec());
        let now_ms = self.at.now_ms;
        if let Some((first, until_ms)) = self.known.get(&key)
            && *until_ms > now_ms
            && !evicts
        {
            assert_eq!(seq, *first, "a copy was taken for a new message: {}", self.last);
        }
        if word != Some("dup") && !(word.is_none() && self.known.contains_key(&key)) {
            self.known.insert(key, (seq, now_ms + window_ms));
        }
    }

    /// S8: a receipt that is not the newest changes nothing. Late acks of a group come in
    /// its order.
    pub(super) fn check_receipts(
        &self,
        op: &Op<'_>,
        outcome: &Outcome,
        before: &Seen,
        after: &Seen,
    ) {
        let (queue, receipts) = match op {
            Op::Ack { queue, receipts, pop: None, .. } | Op::Nack { queue, receipts, .. } => {
                (*queue, receipts)
            }
            Op::Extend { queue, receipts, .. } => (*queue, receipts),
            _ => return,
        };
        let [receipt] = &receipts[..] else { return };
        let Receipt::Of { part, seq, attempt } = *receipt;
        let key = (queue.to_vec(), seq);
        let Some(was) = before.get(&key) else { return };
        let stale = was.attempts != attempt || part != 0 || attempt == 0;
        if stale {
            let is = after.get(&key).map(|is| (&is.state, is.attempts, is.fails));
            let due = Some((&was.state, was.attempts, was.fails));
            // A consumer that waits may get it in the same step.
            let served = is.is_some_and(|(_, attempts, _)| attempts > was.attempts);
            assert!(is == due || served, "a stale receipt did something: {}", self.last);
        }
        if let (Op::Ack { .. }, Some(group)) = (op, was.extra().group)
            && !after.contains_key(&key)
            && was.lease().is_none()
            && *outcome == Outcome::List(vec![Outcome::Int(1)])
        {
            let rank = |seq: u64, message: &Message| message.extra().rank.unwrap_or(seq);
            let own = rank(seq, was);
            let earlier = before.iter().any(|((name, other), message)| {
                name == queue
                    && message.extra().group == Some(group)
                    && message.state != State::Dead
                    && rank(*other, message) < own
            });
            assert!(!earlier, "a late ack out of the order of its group: {}", self.last);
        }
    }
}
