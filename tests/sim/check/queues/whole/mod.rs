//! What queues promise, by all that clients asked and were told (S1 to S18, D1).
//!
//! A delivery tells by the shard's own clock when it was granted and up to when it
//! lasts, and the number of the operation that granted it. The clock never goes back
//! and operations are numbered in their order, whoever leads: what is compared by
//! them is exact. Moments of clients are used only for what was asked after the answer
//! to something else.

mod attempts;
mod barriers;
mod fate;
mod groups;
mod history;
mod order;
mod repeats;
mod stored;

use std::collections::BTreeMap;

pub use history::{
    Blame, Call, Came, Deed, Delivery, History, Left, Order, Push, Redrive, Rule, Touch, Tx, What,
};

/// A property that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Which.
    pub property: &'static str,
    /// What shows it.
    pub what: String,
}

/// Looks for a flaw.
pub fn check(history: &History) -> Result<(), Flaw> {
    let book = Book::of(history);
    stored::check(&book)?;
    attempts::check(&book)?;
    order::check(&book)?;
    groups::check(&book)?;
    repeats::check(&book)?;
    barriers::check(&book)?;
    if history.drained { fate::check(&book) } else { Ok(()) }
}

/// How many deliveries were for nothing: whoever had the message before asked in time
/// to settle it (D1).
pub fn duplicates(history: &History) -> u64 {
    let book = Book::of(history);
    let settled_in_time = |before: &Delivery| {
        let touches = book.touches_of((before.queue, before.seq));
        let mut own = touches.filter(|touch| touch.attempt == before.attempt);
        // Who gave it back, or changed its lease, and then acks it gets what it asked for.
        let ack = own.next().filter(|touch| matches!(touch.deed, Deed::Ack { .. }));
        ack.is_some_and(|ack| ack.span.began < before.sure_until)
    };
    let mut count = 0;
    for list in book.deliveries.values() {
        for pair in list.windows(2) {
            count += u64::from(pair[1].until_ms.is_some() && settled_in_time(pair[0]));
        }
    }
    count
}

/// Which message of a queue: the queue and the number of the message.
type Id = (u32, u64);

/// A history, by messages.
struct Book<'a> {
    history: &'a History,
    /// The deliveries of each message, by attempt.
    deliveries: BTreeMap<Id, Vec<&'a Delivery>>,
    touches: BTreeMap<Id, Vec<&'a Touch>>,
    /// The pushes of each body.
    pushes: BTreeMap<u64, Vec<&'a Push>>,
}

impl<'a> Book<'a> {
    fn of(history: &'a History) -> Self {
        let mut book = Book {
            history,
            deliveries: BTreeMap::new(),
            touches: BTreeMap::new(),
            pushes: BTreeMap::new(),
        };
        for delivery in &history.deliveries {
            let id = (delivery.queue, delivery.seq);
            book.deliveries.entry(id).or_default().push(delivery);
        }
        book.deliveries.values_mut().for_each(|list| list.sort_by_key(|one| one.attempt));
        for touch in &history.touches {
            book.touches.entry((touch.queue, touch.seq)).or_default().push(touch);
        }
        for push in &history.pushes {
            book.pushes.entry(push.message).or_default().push(push);
        }
        book
    }

    fn touches_of(&self, id: Id) -> impl Iterator<Item = &'a Touch> + '_ {
        self.touches.get(&id).into_iter().flatten().copied()
    }

    fn rule(&self, queue: u32) -> &'a Rule {
        &self.history.rules[&queue]
    }

    /// The push of a body to this queue, if it was pushed there just once and did not
    /// come from another queue.
    fn only_push(&self, queue: u32, message: u64) -> Option<&'a Push> {
        match &self.pushes.get(&message)?[..] {
            [push] if push.queue == queue => Some(push),
            _ => None,
        }
    }

    fn was_purged(&self, queue: u32) -> bool {
        let purge = |order: &Order| order.queue == queue && order.what == What::Purge;
        self.history.orders.iter().any(purge)
    }
}

fn flaw<T>(property: &'static str, what: impl FnOnce() -> String) -> Result<T, Flaw> {
    Err(Flaw { property, what: what() })
}

/// It holds, or the property does not.
fn holds(it: bool, property: &'static str, what: impl FnOnce() -> String) -> Result<(), Flaw> {
    if it { Ok(()) } else { flaw(property, what) }
}
