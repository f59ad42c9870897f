use super::span;
use crate::chance::Chance;
use crate::check::queues::{Ack, Delivery, Flaw, History, Push, check};

fn push(message: u64, began: u64, ended: u64) -> Push {
    Push { queue: 1, message, producer: 1, span: span(began, ended) }
}

fn delivery(message: u64, attempt: u32, began: u64, ended: u64, until: u64) -> Delivery {
    Delivery { queue: 1, message, attempt, span: span(began, ended), until }
}

fn ack(message: u64, began: u64, ended: u64) -> Ack {
    Ack { queue: 1, message, span: span(began, ended) }
}

fn history(pushes: Vec<Push>, deliveries: Vec<Delivery>, acks: Vec<Ack>) -> History {
    History { pushes, deliveries, acks, drained: true }
}

#[test]
fn histories_of_a_queue_are_accepted() {
    let once = history(vec![push(1, 1, 2)], vec![delivery(1, 1, 3, 4, 9)], vec![ack(1, 5, 6)]);
    let unknown_and_gone = history(vec![push(1, 1, 0)], vec![], vec![]);
    let unknown_and_there = history(vec![push(1, 1, 0)], vec![delivery(1, 1, 3, 4, 9)], vec![]);
    let again = history(
        vec![push(1, 1, 2)],
        vec![delivery(1, 1, 3, 4, 9), delivery(1, 2, 8, 10, 20)],
        vec![ack(1, 12, 13)],
    );
    let beside_the_ack = history(
        vec![push(1, 1, 2)],
        vec![delivery(1, 1, 3, 4, 5), delivery(1, 2, 6, 8, 20)],
        vec![ack(1, 7, 9)],
    );
    let side_by_side = history(
        vec![push(1, 1, 5), push(2, 2, 4)],
        vec![delivery(2, 1, 6, 7, 20), delivery(1, 1, 8, 9, 20)],
        vec![],
    );
    for good in [once, unknown_and_gone, unknown_and_there, again, beside_the_ack, side_by_side] {
        assert_eq!(check(&good), Ok(()), "{good:?}");
    }
}

#[test]
fn histories_that_no_queue_gives_are_refused() {
    let one = || vec![push(1, 1, 2)];
    let two = || vec![push(1, 1, 2), push(2, 3, 4)];
    let bad = [
        (Flaw::Lost(1), history(one(), vec![], vec![])),
        (Flaw::Phantom(2), history(one(), vec![delivery(2, 1, 3, 4, 9)], vec![])),
        (Flaw::TooEarly(1), history(vec![push(1, 5, 6)], vec![delivery(1, 1, 3, 4, 9)], vec![])),
        (
            Flaw::AfterAck(1),
            history(
                one(),
                vec![delivery(1, 1, 3, 4, 9), delivery(1, 2, 20, 21, 30)],
                vec![ack(1, 5, 6)],
            ),
        ),
        (
            Flaw::Twice(1),
            history(one(), vec![delivery(1, 1, 3, 4, 5), delivery(1, 1, 20, 21, 30)], vec![]),
        ),
        (
            Flaw::Twice(1),
            history(one(), vec![delivery(1, 2, 3, 4, 5), delivery(1, 1, 20, 21, 30)], vec![]),
        ),
        (
            Flaw::Shared(1),
            history(one(), vec![delivery(1, 1, 3, 4, 50), delivery(1, 2, 20, 21, 70)], vec![]),
        ),
        (
            Flaw::Overtook(2, 1),
            history(two(), vec![delivery(2, 1, 5, 6, 50), delivery(1, 1, 20, 21, 70)], vec![]),
        ),
    ];
    for (flaw, history) in bad {
        assert_eq!(check(&history), Err(flaw), "{history:?}");
    }
}

/// A queue with one line of messages, some of which are delivered twice.
fn executed(chance: &mut Chance) -> History {
    let mut history = History { drained: true, ..History::default() };
    for message in 1..=30_u64 {
        let at = message * 10;
        history.pushes.push(push(message, at - chance.below(5), at + chance.below(5)));
        let out = 400 + message * 20;
        history.deliveries.push(delivery(message, 1, out - chance.below(30), out, out + 5));
        if chance.permille(300) {
            history.deliveries.push(delivery(message, 2, out, out + 10, out + 100));
        }
        history.acks.push(ack(message, out + 11, out + 12));
    }
    history
}

#[test]
fn what_a_queue_did_is_accepted_and_changed_histories_are_refused() {
    for seed in 0..500 {
        let mut chance = Chance::new(seed);
        let good = executed(&mut chance);
        assert_eq!(check(&good), Ok(()), "seed {seed}");
        let message = chance.between(1, 30);

        let mut lost = good.clone();
        lost.deliveries.retain(|delivery| delivery.message != message);
        assert_eq!(check(&lost), Err(Flaw::Lost(message)), "seed {seed}");

        let mut again = good.clone();
        again.deliveries.push(delivery(message, 9, 5000, 5001, 6000));
        assert_eq!(check(&again), Err(Flaw::AfterAck(message)), "seed {seed}");

        let mut refused = good;
        refused.pushes.retain(|push| push.message != message);
        assert_eq!(check(&refused), Err(Flaw::Phantom(message)), "seed {seed}");
    }
}
