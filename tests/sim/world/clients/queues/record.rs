//! What clients of queues write down.

use std::collections::BTreeMap;

use lockstep_core::Outcome;
use lockstep_core::queues::{INFO_NAMES, META_NAMES};

use super::{Held, New, Pop, Sorts, Tally, body};
use crate::check::Span;
use crate::check::queues::whole::{Call, Came, Deed, Delivery, History, Left, Push, Touch};
use crate::world::clients::book::Strange;

/// What all clients of queues wrote down.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// For the checkers.
    pub history: History,
    /// What each queue last told of itself.
    pub facts: BTreeMap<u32, BTreeMap<&'static str, u64>>,
    /// For how long the dead of queues come back yet, by their rate, as far as they
    /// told; none: no dead come back.
    pub redriving: BTreeMap<u32, Option<u64>>,
    /// How often something happened.
    pub tally: Tally,
    /// How many answers with deliveries there were.
    answers: u64,
    /// By which request, if it had a name, each receipt was given first.
    receipts: BTreeMap<(u32, u64, u32), Option<u64>>,
    /// When each request with a name was first asked for whose answer nobody heard.
    unheard: BTreeMap<(u32, u64), u64>,
}

/// One delivery, as it was told.
struct Told {
    held: Held,
    message: u64,
    meta: Vec<Outcome>,
}

impl Record {
    /// A push came to this.
    pub fn pushed(
        &mut self,
        sorts: &Sorts,
        new: &New,
        (batch, tx): (u64, u64),
        came: Came,
        span: Span,
    ) {
        let ttl_ms = new.ttl_ms.unwrap_or(sorts.of(new.queue).ttl_ms);
        self.history.pushes.push(Push {
            queue: new.queue,
            message: new.message,
            span,
            came,
            group: new.group,
            priority: new.priority,
            delay_ms: new.delay_ms,
            ttl_ms,
            batch,
            tx,
        });
    }

    /// Something was said of a delivery.
    pub fn touched(&mut self, held: &Held, deed: Deed, tx: u64, span: Span) {
        let Held { queue, seq, attempt } = *held;
        self.history.touches.push(Touch { queue, seq, attempt, span, deed, tx });
    }

    /// Messages were delivered. Which ones.
    pub fn popped(
        &mut self,
        pop: &Pop,
        sure_until: u64,
        span: Span,
        outcome: &Outcome,
    ) -> Result<Vec<Held>, Strange> {
        let list = list_of(pop.count, outcome).ok_or(Strange)?;
        self.answers += 1;
        let (mut all, mut got) = (Vec::new(), Vec::new());
        for (place, one) in list.iter().enumerate() {
            let told = told(pop.queue, one).ok_or(Strange)?;
            let until_ms = told.number("deadline-ms").ok_or(Strange)?;
            all.push(told.held);
            got.push((told.held.seq, told.held.attempt, until_ms));
            if self.is_given_again(pop, &told, until_ms, span) {
                continue;
            }
            let granted_ms = until_ms.checked_sub(pop.lease_ms).ok_or(Strange)?;
            let exact = match told.held.attempt {
                1 => Some(told.number("first-deliver-ms").ok_or(Strange)?),
                // It may be an answer given once more, with a new end.
                _ => Some(granted_ms).filter(|_| pop.name.is_none()),
            };
            let place = (self.answers, place);
            let times = (exact, exact.or(Some(granted_ms)), Some(until_ms));
            let asked = self.asked(pop, span);
            self.deliver(&told, times, place, sure_until, (asked, span)).ok_or(Strange)?;
        }
        if let Some(name) = pop.name {
            let (queue, lease_ms) = (pop.queue, pop.lease_ms);
            self.history.calls.push(Call { queue, name, span, lease_ms, sure_until, got });
        }
        Ok(all)
    }

    /// Messages were delivered and settled.
    pub fn drained(&mut self, queue: u32, span: Span, outcome: &Outcome) -> Result<usize, Strange> {
        let list = list_of(Some(1), outcome).ok_or(Strange)?;
        self.answers += 1;
        for (place, one) in list.iter().enumerate() {
            let told = told(queue, one).ok_or(Strange)?;
            let first_ms = told.number("first-deliver-ms").ok_or(Strange)?;
            let exact = Some(first_ms).filter(|_| told.held.attempt == 1);
            let place = (self.answers, place);
            let left = Left { queue, message: told.message, seq: told.held.seq, dead: false };
            let times = (exact, exact, None);
            self.deliver(&told, times, place, 0, (span.began, span)).ok_or(Strange)?;
            self.history.left.push(left);
        }
        Ok(list.len())
    }

    /// The dead of a queue.
    pub fn dead(&mut self, queue: u32, outcome: &Outcome) -> Result<(), Strange> {
        let Outcome::List(list) = outcome else { return Err(Strange) };
        for one in list {
            let Outcome::List(parts) = one else { return Err(Strange) };
            let [Outcome::Bytes(id), Outcome::Bytes(bytes)] = &parts[..] else {
                return Err(Strange);
            };
            let message = body::message(bytes).ok_or(Strange)?;
            let seq = seq_of(id).ok_or(Strange)?;
            self.history.left.push(Left { queue, message, seq, dead: true });
        }
        Ok(())
    }

    /// What a queue tells of itself.
    pub fn looked(&mut self, queue: u32, outcome: &Outcome) -> Result<(), Strange> {
        let Outcome::List(parts) = outcome else { return Err(Strange) };
        let [Outcome::List(numbers), _, redrive, ..] = &parts[..] else { return Err(Strange) };
        let pairs = INFO_NAMES.iter().zip(numbers).filter_map(|(name, number)| match number {
            Outcome::Int(number) => Some((*name, u64::try_from(*number).unwrap_or(0))),
            _ => None,
        });
        self.facts.insert(queue, pairs.collect());
        self.redriving.insert(queue, rest_ms(redrive));
        Ok(())
    }

    /// A number that a queue last told of itself.
    pub fn fact(&self, queue: u32, name: &str) -> u64 {
        self.facts.get(&queue).and_then(|facts| facts.get(name)).copied().unwrap_or(0)
    }

    /// Nobody heard the answer to a pop.
    pub fn not_heard(&mut self, pop: &Pop, began: u64) {
        if let Some(name) = pop.name {
            self.unheard.entry((pop.queue, name)).or_insert(began);
        }
    }

    /// When the first of all that asked for the same was asked.
    fn asked(&self, pop: &Pop, span: Span) -> u64 {
        let before = pop.name.and_then(|name| self.unheard.get(&(pop.queue, name)));
        before.copied().map_or(span.began, |before| before.min(span.began))
    }

    /// Whether the same request was given this before; its lease is a new one then.
    fn is_given_again(&mut self, pop: &Pop, told: &Told, until_ms: u64, span: Span) -> bool {
        let Held { queue, seq, attempt } = told.held;
        let before = self.receipts.get(&(queue, seq, attempt)).copied();
        let again = pop.name.is_some() && before == Some(pop.name);
        if again {
            let deed = Deed::Extend { lease_ms: pop.lease_ms, until_ms: Some(until_ms) };
            self.touched(&told.held, deed, 0, span);
        } else if before.is_none() {
            self.receipts.insert((queue, seq, attempt), pop.name);
        }
        again
    }

    fn deliver(
        &mut self,
        told: &Told,
        (granted_ms, granted_by_ms, until_ms): (Option<u64>, Option<u64>, Option<u64>),
        call: (u64, usize),
        sure_until: u64,
        (asked, span): (u64, Span),
    ) -> Option<()> {
        let Held { queue, seq, attempt } = told.held;
        self.history.deliveries.push(Delivery {
            queue,
            message: told.message,
            seq,
            attempt,
            fails: u32::try_from(told.number("fails")?).ok()?,
            fence: told.number("fence")?,
            pushed_ms: told.number("enq-ms")?,
            granted_ms,
            granted_by_ms,
            until_ms,
            redriven: told.number("redriven")? == 1,
            group: told.group()?,
            call,
            span,
            asked,
            sure_until,
        });
        Some(())
    }
}

impl Told {
    fn meta(&self, name: &str) -> Option<&Outcome> {
        self.meta.get(META_NAMES.iter().position(|known| *known == name)?)
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.meta(name)? {
            Outcome::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    fn group(&self) -> Option<Option<u64>> {
        match self.meta("group")? {
            Outcome::Nil => Some(None),
            Outcome::Bytes(name) => {
                let digits = std::str::from_utf8(name).ok()?.strip_prefix('g')?;
                digits.parse().ok().map(Some)
            }
            _ => None,
        }
    }
}

/// How long a redrive takes yet by its rate, if it goes on.
fn rest_ms(redrive: &Outcome) -> Option<u64> {
    let Outcome::List(parts) = redrive else { return None };
    match &parts[..] {
        [Outcome::Word("running"), _, Outcome::Int(left), Outcome::Int(rate @ 1..), ..] => {
            u64::try_from(left * 1000 / rate).ok()
        }
        [Outcome::Word("running"), ..] => Some(0),
        _ => None,
    }
}

/// The deliveries of an answer; without a count it is one, without a list around it.
fn list_of(count: Option<u64>, outcome: &Outcome) -> Option<&[Outcome]> {
    match (count, outcome) {
        (_, Outcome::Nil) => Some(&[]),
        (Some(_), Outcome::List(list)) => Some(list),
        (None, one @ Outcome::List(_)) => Some(std::slice::from_ref(one)),
        _ => None,
    }
}

fn told(queue: u32, one: &Outcome) -> Option<Told> {
    let Outcome::List(parts) = one else { return None };
    let [Outcome::Bytes(receipt), Outcome::Bytes(bytes), Outcome::List(meta)] = &parts[..] else {
        return None;
    };
    let text = std::str::from_utf8(receipt).ok()?;
    let (id, attempt) = text.rsplit_once('-')?;
    let held = Held { queue, seq: seq_of(id.as_bytes())?, attempt: attempt.parse().ok()? };
    Some(Told { held, message: body::message(bytes)?, meta: meta.clone() })
}

/// The number in an id.
pub fn seq_of(id: &[u8]) -> Option<u64> {
    std::str::from_utf8(id).ok()?.strip_prefix("0-")?.parse().ok()
}
