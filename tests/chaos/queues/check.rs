//! Whether what clients of queues saw can be explained: the checker of the simulator, and
//! what only real bodies, receipts and batches show.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use lockstep_sim::check::queues;

/// What clients saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Pushes, deliveries, acks.
    pub history: queues::History,
    /// More about each delivery, in the same order.
    pub parcels: Vec<Parcel>,
    /// Messages that were pushed all or none.
    pub batches: Vec<Vec<u64>>,
    /// Bodies that nobody pushed.
    pub damaged: u64,
    /// The ids that producers were told, as partition and number.
    pub stored: Vec<(u64, (u32, u64))>,
    /// Receipts that did not count any more, though their holder was in time.
    pub stale: u64,
    /// Replies of a form that there is not.
    pub odd: Vec<String>,
    /// Texts of errors, without numbers.
    pub texts: BTreeMap<String, u64>,
}

/// More about a delivery.
#[derive(Clone, Copy, Debug)]
pub struct Parcel {
    /// Partition and number of the message, as its receipt says.
    pub stored: (u32, u64),
    /// Whether its consumer did not want to keep it: it gave it back, or it died.
    pub given_back: bool,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// What the simulator's checker says.
    History(queues::Flaw),
    /// So many acknowledged messages were never delivered.
    Lost(usize),
    /// So many bodies were delivered that nobody pushed.
    Phantom(u64),
    /// One push was stored under two ids.
    StoredTwice(u64),
    /// Some of a batch that is all or nothing are there, and others are not.
    Torn(u64),
    /// Others stand between the messages of such a batch.
    Scattered(u64),
}

/// What there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that were pushed and acknowledged.
    pub pushed: usize,
    /// Messages whose push had no known outcome.
    pub unsure: usize,
    /// Those of them that were there.
    pub recovered: usize,
    /// Messages that were delivered.
    pub delivered: usize,
    /// Deliveries that began with a later attempt than the first: the reply to one before
    /// was lost, or it was given back.
    pub later: usize,
    /// Deliveries beyond the first that nobody asked for.
    pub duplicates: usize,
}

impl Seen {
    /// Adds what another client saw.
    pub fn merge(&mut self, other: Seen) {
        self.history.pushes.extend(other.history.pushes);
        self.history.deliveries.extend(other.history.deliveries);
        self.history.acks.extend(other.history.acks);
        self.history.drained |= other.history.drained;
        self.parcels.extend(other.parcels);
        self.batches.extend(other.batches);
        self.damaged += other.damaged;
        self.stored.extend(other.stored);
        self.stale += other.stale;
        self.odd.extend(other.odd);
        for (text, count) in other.texts {
            *self.texts.entry(text).or_default() += count;
        }
    }

    /// Notes an error.
    pub fn error(&mut self, text: &str) {
        let words = text.split(' ').filter(|word| !word.contains(|c: char| c.is_ascii_digit()));
        let shape = words.take(12).collect::<Vec<_>>().join(" ");
        *self.texts.entry(shape).or_default() += 1;
    }
}

/// Looks for flaws.
pub fn check(seen: &Seen) -> (Vec<Flaw>, Counts) {
    let mut flaws = Vec::new();
    let delivered: HashSet<u64> =
        seen.history.deliveries.iter().map(|delivery| delivery.message).collect();
    let sure = seen.history.pushes.iter().filter(|push| push.span.is_sure());
    let lost = sure.filter(|push| !delivered.contains(&push.message)).count();
    if seen.history.drained && lost > 0 {
        flaws.push(Flaw::Lost(lost));
    }
    if seen.damaged > 0 {
        flaws.push(Flaw::Phantom(seen.damaged));
    }
    if let Err(flaw) = queues::check(&seen.history) {
        flaws.push(Flaw::History(flaw));
    }
    let places = places(seen, &mut flaws);
    check_batches(seen, &places, &mut flaws);
    (flaws, count(seen, &delivered))
}

/// Where each message that came stands: the same place in every delivery of it, and where
/// its producer was told.
fn places(seen: &Seen, flaws: &mut Vec<Flaw>) -> HashMap<u64, (u32, u64)> {
    let mut places = HashMap::new();
    let mut twice = BTreeSet::new();
    let told = seen.stored.iter().copied();
    let came = seen.history.deliveries.iter().zip(&seen.parcels);
    let came = came.map(|(delivery, parcel)| (delivery.message, parcel.stored));
    for (message, stored) in told.chain(came.clone()) {
        if *places.entry(message).or_insert(stored) != stored {
            twice.insert(message);
        }
    }
    let came: HashSet<u64> = came.map(|(message, _)| message).collect();
    places.retain(|message, _| came.contains(message));
    flaws.extend(twice.into_iter().map(Flaw::StoredTwice));
    places
}

fn check_batches(seen: &Seen, places: &HashMap<u64, (u32, u64)>, flaws: &mut Vec<Flaw>) {
    for messages in &seen.batches {
        let there: Vec<(u32, u64)> =
            messages.iter().filter_map(|message| places.get(message).copied()).collect();
        let Some(first) = there.first() else { continue };
        if there.len() < messages.len() {
            if seen.history.drained {
                flaws.push(Flaw::Torn(messages[0]));
            }
        } else if !(0..).zip(&there).all(|(at, place)| *place == (first.0, first.1 + at)) {
            flaws.push(Flaw::Scattered(messages[0]));
        }
    }
}

fn count(seen: &Seen, delivered: &HashSet<u64>) -> Counts {
    let pushed = seen.history.pushes.iter().filter(|push| push.span.is_sure()).count();
    let unsure = seen.history.pushes.iter().filter(|push| !push.span.is_sure());
    let recovered = unsure.clone().filter(|push| delivered.contains(&push.message)).count();
    let mut of_each: HashMap<u64, Vec<(u32, bool)>> = HashMap::new();
    for (delivery, parcel) in seen.history.deliveries.iter().zip(&seen.parcels) {
        of_each.entry(delivery.message).or_default().push((delivery.attempt, parcel.given_back));
    }
    let later = seen.history.deliveries.iter().filter(|delivery| delivery.attempt > 1).count();
    let duplicates = of_each.values_mut().map(|attempts| duplicates(attempts)).sum();
    let (unsure, delivered) = (unsure.count(), delivered.len());
    Counts { pushed, unsure, recovered, delivered, later, duplicates }
}

/// Tells of some messages that came twice: attempt, when it was asked for, came and was acked,
/// in milliseconds.
pub fn twice_told(seen: &Seen, most: usize) -> Vec<String> {
    let mut of_each: HashMap<u64, Vec<(u32, u64, u64)>> = HashMap::new();
    for delivery in &seen.history.deliveries {
        let (span, ms) = (delivery.span, 1_000_000);
        let times = (delivery.attempt, span.began / ms, span.ended / ms);
        of_each.entry(delivery.message).or_default().push(times);
    }
    of_each.retain(|_, times| times.len() > 1);
    let acked = |message: &u64| seen.history.acks.iter().find(|ack| ack.message == *message);
    let tell = |(message, times): (&u64, &Vec<(u32, u64, u64)>)| {
        let acked = acked(message).map(|ack| ack.span.ended / 1_000_000);
        format!("{message:x} came as {times:?}, acked at {acked:?}")
    };
    of_each.iter().take(most).map(tell).collect()
}

/// How many deliveries of one message came though who had it before wanted to keep it.
fn duplicates(attempts: &mut [(u32, bool)]) -> usize {
    attempts.sort_unstable();
    attempts.windows(2).filter(|pair| !pair[0].1).count()
}

#[cfg(test)]
mod tests {
    use lockstep_sim::check::queues::{Ack, Delivery, Push};
    use lockstep_sim::check::{NEVER, Span};

    use super::*;

    fn push(seen: &mut Seen, message: u64, sure: bool) {
        let at = message * 10;
        let span = Span { began: at, ended: if sure { at + 1 } else { NEVER } };
        seen.history.pushes.push(Push { queue: 0, message, producer: 0, span });
    }

    fn deliver(seen: &mut Seen, message: u64, attempt: u32, place: u64) {
        let at = 1_000 * u64::from(attempt) + message * 10;
        let (span, until) = (Span { began: at, ended: at + 1 }, at + 500);
        seen.history.deliveries.push(Delivery { queue: 0, message, attempt, span, until });
        seen.parcels.push(Parcel { stored: (0, place), given_back: false });
    }

    fn give_back(seen: &mut Seen) {
        let at = seen.parcels.len() - 1;
        seen.parcels[at].given_back = true;
        seen.history.deliveries[at].until = 0;
    }

    /// Three messages of one batch, all delivered once.
    fn sound() -> Seen {
        let mut seen = Seen::default();
        for message in 1..=3 {
            push(&mut seen, message, true);
            deliver(&mut seen, message, 1, 40 + message);
        }
        seen.batches.push(vec![1, 2, 3]);
        seen.history.drained = true;
        seen
    }

    #[test]
    fn what_a_queue_does_is_accepted() {
        let mut seen = sound();
        push(&mut seen, 4, false);
        push(&mut seen, 5, false);
        deliver(&mut seen, 5, 1, 50);
        seen.batches.push(vec![4]);
        let counts =
            Counts { pushed: 3, unsure: 2, recovered: 1, delivered: 4, ..Counts::default() };
        assert_eq!(check(&seen), (vec![], counts));
    }

    #[test]
    fn a_duplicate_is_a_delivery_that_nobody_asked_for() {
        let mut seen = sound();
        give_back(&mut seen);
        deliver(&mut seen, 3, 2, 43);
        assert_eq!(check(&seen).1.duplicates, 0, "it was given back");
        deliver(&mut seen, 3, 3, 43);
        let (flaws, counts) = check(&seen);
        assert_eq!((flaws, counts.duplicates, counts.later), (vec![], 1, 2));
    }

    #[test]
    fn a_message_that_was_acknowledged_and_never_came_is_lost() {
        let mut seen = sound();
        push(&mut seen, 9, true);
        let flaws = check(&seen).0;
        assert_eq!(flaws, [Flaw::Lost(1), Flaw::History(queues::Flaw::Lost(9))]);
        seen.history.drained = false;
        assert_eq!(check(&seen).0, [], "it may still come");
    }

    #[test]
    fn what_nobody_pushed_is_a_phantom() {
        let mut seen = sound();
        seen.damaged = 2;
        assert_eq!(check(&seen).0, [Flaw::Phantom(2)]);
        let mut seen = sound();
        deliver(&mut seen, 8, 1, 60);
        assert_eq!(check(&seen).0, [Flaw::History(queues::Flaw::Phantom(8))]);
    }

    #[test]
    fn a_push_that_is_there_twice_is_seen_by_its_ids() {
        let mut seen = sound();
        deliver(&mut seen, 2, 2, 77);
        assert_eq!(check(&seen).0[0], Flaw::StoredTwice(2));
        let mut seen = sound();
        seen.stored.push((1, (0, 42)));
        assert_eq!(check(&seen).0[0], Flaw::StoredTwice(1));
    }

    #[test]
    fn a_message_that_comes_after_its_ack_is_seen() {
        let mut seen = sound();
        let span = Span { began: 1_015, ended: 1_016 };
        seen.history.acks.push(Ack { queue: 0, message: 1, span });
        assert_eq!(check(&seen).0, []);
        deliver(&mut seen, 1, 2, 41);
        assert_eq!(check(&seen).0, [Flaw::History(queues::Flaw::AfterAck(1))]);
    }

    #[test]
    fn half_a_batch_and_one_with_others_in_between_are_seen() {
        let mut seen = sound();
        push(&mut seen, 4, false);
        push(&mut seen, 5, false);
        deliver(&mut seen, 4, 1, 50);
        seen.batches.push(vec![4, 5]);
        assert_eq!(check(&seen).0, [Flaw::Torn(4)]);
        deliver(&mut seen, 5, 1, 52);
        assert_eq!(check(&seen).0, [Flaw::Scattered(4)]);
    }
}
