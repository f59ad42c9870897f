//! Carries out the operations of one entry.

use lockstep_core::keys::Class;
use lockstep_core::requests::Recall;
use lockstep_core::wire::Wire;
use lockstep_core::{Effects, Op, Outcome, RequestId, Shard};
use parking_lot::RwLockWriteGuard;

use crate::batch::Batch;
use crate::touches::Notes;
use crate::types::Outcomes;

/// After how many operations waiting readers get their turn.
const OPS_PER_TURN: u32 = 64;

/// Applies the operations of a batch in order, and the reads between them. `begins`: told
/// of how many operations the state had seen before, if any is carried out that may touch
/// keys.
/// `wanted`: somebody waits for the outcomes. `remembers`: a request is applied
/// once, however often it is proposed.
pub(super) fn run(
    shard: &mut RwLockWriteGuard<'_, Shard>,
    batch: &Batch,
    wanted: bool,
    remembers: bool,
    notes: &mut Notes<'_>,
    begins: &dyn Fn(u64),
    fx: &mut Effects,
) -> Outcomes {
    let seq = shard.seq();
    notes.begin(shard);
    let (header, mut rest) = batch.open().expect("checked when the entry was read or made");
    let mut reads = batch.reads().iter().peekable();
    let (mut authors, mut author) = (batch.authors().iter().peekable(), None);
    let mut run = Run { wanted, remembers, outcomes: Outcomes::default(), named: None };
    let mut touches = false;
    if wanted {
        run.outcomes.list.reserve(header.count as usize + batch.reads().len());
    }
    for done in 0..header.count {
        while let Some((_, read)) = reads.next_if(|(at, _)| *at == done) {
            run.look(shard, read, fx);
        }
        // Not a client's fault: what does not decode was never proposed by a
        // node of this version, and to skip it would part the replicas.
        let op = Op::take(&mut rest).expect("an entry holds operations of this version");
        while let Some((_, by)) = authors.next_if(|(at, _)| *at <= done) {
            author = *by;
        }
        let by = run.named.as_ref().map(|named| named.id.origin).or(author);
        fx.serve(by);
        run.apply(shard, header.now_ms, &op, fx);
        if !touches && shard.seq() > seq && op.may_touch_keys() {
            // Nobody else has seen the state since.
            touches = true;
            begins(seq);
        }
        notes.gather(shard, &op, by);
        if done % OPS_PER_TURN == OPS_PER_TURN - 1 {
            RwLockWriteGuard::bump(shard);
            notes.begin(shard);
        }
    }
    reads.for_each(|(_, read)| run.look(shard, read, fx));
    run.outcomes
}

struct Run {
    wanted: bool,
    remembers: bool,
    outcomes: Outcomes,
    /// The request that the next operations belong to.
    named: Option<Named>,
}

struct Named {
    id: RequestId,
    /// How many operations are still to come.
    left: u32,
    fate: Fate,
}

enum Fate {
    /// It is applied now, and has given this so far.
    Fresh(Vec<Outcome>),
    /// It was applied, and gave this.
    Done(std::vec::IntoIter<Outcome>),
    /// What it gave is not known any more.
    Forgotten,
}

impl Run {
    fn apply(&mut self, shard: &mut Shard, now_ms: u64, op: &Op<'_>, fx: &mut Effects) {
        if let Op::Request { id, count, floor, retry } = op {
            if self.remembers && *count > 0 {
                let fate = Fate::of(shard.recall(id, *floor, *retry), *count);
                self.named = Some(Named { id: *id, left: *count, fate });
            }
            return;
        }
        let Some(mut named) = self.named.take() else {
            let outcome = shard.apply(now_ms, op, fx);
            return self.give(outcome);
        };
        named.left -= 1;
        match &mut named.fate {
            Fate::Fresh(gave) => {
                let outcome = shard.apply(now_ms, op, fx);
                if self.wanted {
                    gave.push(outcome.clone());
                    self.outcomes.list.push(outcome);
                } else {
                    gave.push(outcome);
                }
                if named.left == 0 {
                    shard.remember(&named.id, gave);
                }
            }
            Fate::Done(gave) => {
                let outcome = gave.next().expect("as many as there are operations");
                self.give(outcome);
            }
            Fate::Forgotten => {
                if self.wanted {
                    self.outcomes.forgotten.push(self.outcomes.list.len());
                    self.outcomes.list.push(Outcome::Nil);
                }
            }
        }
        self.named = Some(named).filter(|named| named.left > 0);
    }

    fn give(&mut self, outcome: Outcome) {
        if self.wanted {
            self.outcomes.list.push(outcome);
        }
    }

    /// Reads ride along only where somebody waits for them.
    fn look(&mut self, shard: &Shard, read: &[u8], fx: &mut Effects) {
        let op = Op::take(&mut &read[..]).expect("encoded by this process, or checked");
        self.outcomes.list.push(shard.look(&op));
        if fx.key_events() & Class::Miss.bit() != 0 {
            let missed = shard.missed(shard.clock_ms(), &op);
            missed.into_iter().for_each(|happened| fx.push_key_event(happened));
        }
    }
}

impl Fate {
    fn of(recall: Recall, count: u32) -> Fate {
        match recall {
            Recall::Fresh => Fate::Fresh(Vec::with_capacity(count as usize)),
            Recall::Done(gave) if gave.len() == count as usize => Fate::Done(gave.into_iter()),
            // Another request under the same name: nothing is known of this one.
            Recall::Done(_) | Recall::Forgotten => Fate::Forgotten,
        }
    }
}
