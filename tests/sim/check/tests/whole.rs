//! Histories of queues that were told by the shard's clock: which are right, and which
//! property each of the others breaks.

use super::span;
use crate::check::queues::whole::{
    Blame, Call, Came, Deed, Delivery, Flaw, History, Left, Order, Push, Redrive, Rule, Touch, Tx,
    What, check, duplicates,
};

const RULE: Rule = Rule {
    by_priority: false,
    fails_max: 3,
    by_attempts: false,
    backoff: (100, 400, 20),
    drops: false,
    ttl_drops: false,
    feeds: None,
    is_fed: false,
};

/// A message with its number, pushed at that time.
fn push(message: u64, began: u64) -> Push {
    Push {
        queue: 1,
        message,
        span: span(began, began + 1),
        came: Came::New(message),
        group: None,
        priority: 0,
        delay_ms: 0,
        ttl_ms: 0,
        batch: 0,
        tx: 0,
    }
}

/// A delivery for 100 ms, by both clocks.
fn delivery(message: u64, attempt: u32, at: u64) -> Delivery {
    Delivery {
        queue: 1,
        message,
        seq: message,
        attempt,
        fails: attempt - 1,
        fence: at,
        pushed_ms: 1,
        granted_ms: Some(at),
        granted_by_ms: Some(at),
        until_ms: Some(at + 100),
        redriven: false,
        group: None,
        call: (at, 0),
        span: span(at, at + 1),
        asked: at,
        sure_until: at + 90,
    }
}

fn touch(message: u64, attempt: u32, at: u64, deed: Deed) -> Touch {
    Touch { queue: 1, seq: message, attempt, span: span(at, at + 1), deed, tx: 0 }
}

fn ack(message: u64, attempt: u32, at: u64) -> Touch {
    touch(message, attempt, at, Deed::Ack { gave: Some(1) })
}

fn nack(message: u64, at: u64, blame: Blame, delay_ms: Option<u64>, took: bool) -> Touch {
    touch(message, 1, at, Deed::Nack { blame, delay_ms, took: Some(took) })
}

fn left(message: u64, dead: bool) -> Left {
    Left { queue: 1, message, seq: message, dead }
}

/// Three messages: one is acked, one fails once and is acked, one is there in the end.
fn good() -> History {
    let mut second = nack(2, 30, Blame::Fail, None, true);
    second.span = span(30, 32);
    History {
        rules: [(1, RULE), (2, Rule { is_fed: true, ..RULE })].into(),
        pushes: vec![push(1, 1), push(2, 3), push(3, 5)],
        deliveries: vec![delivery(1, 1, 10), delivery(2, 1, 20), delivery(2, 2, 300)],
        touches: vec![ack(1, 1, 15), second, ack(2, 2, 310)],
        left: vec![left(3, false)],
        drained: true,
        ..History::default()
    }
}

fn changed(change: impl FnOnce(&mut History)) -> History {
    let mut history = good();
    change(&mut history);
    history
}

fn property(history: &History) -> &'static str {
    check(history).err().map_or("none", |Flaw { property, .. }| property)
}

#[test]
fn what_queues_may_do_is_accepted() {
    let all = [
        good(),
        // Delivered again when the lease is over, though nobody said anything.
        changed(|h| h.deliveries.push(delivery(3, 1, 40))),
        changed(|h| {
            h.deliveries.extend([delivery(3, 1, 40), delivery(3, 2, 140)]);
        }),
        // Longer by an extension.
        changed(|h| {
            h.deliveries.extend([delivery(3, 1, 40), delivery(3, 2, 250)]);
            let deed = Deed::Extend { lease_ms: 200, until_ms: Some(250) };
            h.touches.push(touch(3, 1, 50, deed));
        }),
        // An ack that nobody knows of: there or not.
        changed(|h| {
            h.deliveries.push(delivery(3, 1, 40));
            h.touches.push(touch(3, 1, 50, Deed::Ack { gave: None }));
            h.left.clear();
        }),
        // A push that nobody knows of: there or not.
        changed(|h| {
            h.pushes[2].came = Came::Unknown;
            h.left.clear();
        }),
        changed(|h| h.pushes[2].came = Came::Unknown),
        // A copy has the number of the first.
        changed(|h| h.pushes.push(Push { came: Came::Copy(3), ..push(3, 20) })),
        // Brought back from the dead.
        changed(|h| {
            h.deliveries.push(Delivery { redriven: true, ..delivery(3, 2, 60) });
            h.deliveries.push(delivery(3, 1, 40));
            h.touches.push(nack(3, 45, Blame::Fatal, None, true));
            h.redrives.push(Redrive { queue: 1, span: span(50, 51) });
        }),
        // Purged.
        changed(|h| {
            h.orders.push(Order { queue: 1, span: span(500, 501), what: What::Purge });
            h.left.clear();
        }),
        // Moved.
        changed(|h| {
            h.rules.insert(1, Rule { feeds: Some(2), ..RULE });
            h.left = vec![Left { queue: 2, message: 3, seq: 9, dead: false }];
        }),
        // Dropped, and counted.
        changed(|h| {
            h.rules.insert(1, Rule { drops: true, ..RULE });
            h.dropped.insert(1, 1);
            h.left.clear();
        }),
        // The higher priority first.
        changed(|h| {
            h.rules.insert(1, Rule { by_priority: true, ..RULE });
            h.pushes[2].priority = 3;
            h.deliveries.push(delivery(3, 1, 5));
        }),
        // Two of a group, the second when the first is settled.
        changed(|h| {
            in_a_group(h);
            h.deliveries.push(Delivery { group: Some(7), ..delivery(3, 1, 320) });
        }),
        // The same request, answered once more.
        changed(|h| h.calls.extend([call(40, vec![(3, 1, 140)]), call(60, vec![(3, 1, 160)])])),
        // Others when the first are over.
        changed(|h| h.calls.extend([call(40, vec![(3, 1, 140)]), call(140, vec![(3, 2, 240)])])),
        // Paused, and resumed.
        changed(|h| {
            h.orders.push(Order { queue: 1, span: span(100, 101), what: What::Pause });
            h.orders.push(Order { queue: 1, span: span(200, 201), what: What::Resume });
        }),
        // Granted before the pause, and asked for once more during it.
        changed(|h| {
            h.orders.push(Order { queue: 1, span: span(280, 281), what: What::Pause });
            h.deliveries[2].asked = 275;
        }),
        // A transaction.
        changed(|h| {
            h.pushes[2] = Push { came: Came::Unknown, tx: 9, ..push(3, 5) };
            h.txs.push(Tx { number: 9, span: span(5, 0) });
            h.noted.insert(9);
        }),
    ];
    for (place, history) in all.iter().enumerate() {
        assert_eq!(check(history), Ok(()), "{place}");
    }
}

fn in_a_group(history: &mut History) {
    history.pushes.iter_mut().for_each(|push| push.group = Some(7));
    history.deliveries.iter_mut().for_each(|delivery| delivery.group = Some(7));
}

fn call(at: u64, got: Vec<(u64, u32, u64)>) -> Call {
    let (lease_ms, sure_until) = (100, at + 90);
    Call { queue: 1, name: 1, span: span(at, at + 1), lease_ms, sure_until, got }
}

#[test]
fn each_property_is_missed_when_it_does_not_hold() {
    let again = |at: u64| Delivery { fence: at, ..delivery(1, 2, at) };
    let third = |h: &mut History| h.deliveries.push(delivery(3, 1, 40));
    let bad: Vec<(&str, History)> = vec![
        // Nobody pushed it; it was refused; it came before it was pushed.
        ("S1", changed(|h| h.deliveries.push(delivery(9, 1, 40)))),
        ("S1", changed(|h| h.left.push(left(9, true)))),
        ("S1", changed(|h| h.pushes[1].span = span(700, 701))),
        ("S10", changed(|h| h.deliveries[2].message = 3)),
        ("S1", changed(|h| h.deliveries[2].pushed_ms = 2)),
        // It is nowhere.
        ("S2", changed(|h| h.left.clear())),
        // Dropped, and not counted.
        (
            "S2",
            changed(|h| {
                h.rules.insert(1, Rule { drops: true, ..RULE });
                h.left.clear();
            }),
        ),
        // Delivered, settled, or there after it was settled.
        ("S4", changed(|h| h.deliveries.push(again(500)))),
        ("S4", changed(|h| h.touches.push(ack(1, 1, 60)))),
        ("S4", changed(|h| h.left.push(left(1, true)))),
        (
            "S4",
            changed(|h| {
                h.deliveries.push(Delivery { until_ms: None, ..delivery(3, 1, 40) });
                h.deliveries.push(delivery(3, 2, 400));
            }),
        ),
        // An ack in time that did not count.
        ("S5", changed(|h| h.touches[0].deed = Deed::Ack { gave: Some(0) })),
        // Delivered again before the end.
        ("S6", changed(|h| h.deliveries.extend([delivery(3, 1, 40), delivery(3, 2, 139)]))),
        (
            "S6",
            changed(|h| h.touches[1].deed = Deed::Extend { lease_ms: 900, until_ms: Some(930) }),
        ),
        (
            "S6",
            changed(|h| h.touches[1] = nack(2, 30, Blame::Fail, None, false)).with(|h| {
                h.deliveries[2] = Delivery { fails: 0, ..delivery(2, 2, 100) };
            }),
        ),
        // One receipt for two, or fences that fall.
        ("S7", changed(|h| h.deliveries.push(delivery(2, 2, 700)))),
        ("S7", changed(|h| h.deliveries[2].fence = 20)),
        // An old receipt counted.
        ("S8", changed(|h| h.touches.push(nack(2, 400, Blame::Fail, None, true)))),
        (
            "S8",
            changed(|h| {
                let deed = Deed::Extend { lease_ms: 100, until_ms: Some(500) };
                h.touches.push(touch(2, 1, 400, deed));
            }),
        ),
        // Before its delay is over, or after its time; too early after a failure.
        ("S9", changed(|h| h.pushes[0].delay_ms = 100)),
        ("S9", changed(|h| h.pushes[0].ttl_ms = 5)),
        ("S9", changed(|h| h.deliveries[2] = delivery(2, 2, 90))),
        ("S9", changed(|h| h.touches[1] = nack(2, 30, Blame::Fail, Some(500), true))),
        // Two messages of one push, a copy under another number, a copy of nothing.
        (
            "S10",
            changed(|h| {
                third(h);
                h.deliveries.push(Delivery { seq: 4, ..delivery(3, 1, 50) });
            }),
        ),
        ("S10", changed(|h| h.pushes.push(Push { came: Came::Copy(4), ..push(3, 20) }))),
        ("S10", changed(|h| h.pushes.push(push(3, 20)))),
        ("S10", changed(|h| h.pushes[2].came = Came::Copy(3))),
        ("S10", changed(|h| h.left.push(left(3, true)))),
        // The same request got others.
        (
            "S11",
            changed(|h| h.calls.extend([call(40, vec![(3, 1, 140)]), call(60, vec![(4, 1, 160)])])),
        ),
        ("S11", changed(|h| h.calls.extend([call(40, vec![(3, 1, 140)]), call(60, vec![])]))),
        // Out of order: numbers, first deliveries, priorities, a group.
        ("S12", changed(|h| h.pushes[0].span = span(8, 9))),
        ("S12", changed(|h| h.deliveries.push(delivery(3, 1, 12)))),
        (
            "S12",
            changed(|h| {
                h.rules.insert(1, Rule { by_priority: true, ..RULE });
                h.pushes[2].priority = 3;
                h.deliveries.push(delivery(3, 1, 25));
            }),
        ),
        (
            "S12",
            changed(|h| {
                in_a_group(h);
                h.deliveries.push(Delivery { group: Some(7), ..delivery(3, 1, 290) });
            }),
        ),
        // Two holders of a group.
        (
            "S13",
            changed(|h| {
                in_a_group(h);
                h.deliveries.push(Delivery { group: Some(7), ..delivery(3, 1, 309) });
            }),
        ),
        // Something between the messages of a batch; a part of it; a part of a
        // transaction.
        (
            "S14",
            changed(|h| {
                h.pushes[0].batch = 5;
                h.pushes[2].batch = 5;
            }),
        ),
        (
            "S14",
            changed(|h| {
                h.pushes.extend([push(8, 9), push(9, 9)]);
                h.pushes.iter_mut().filter(|push| push.message > 7).for_each(|push| {
                    (push.batch, push.came) = (5, Came::Unknown);
                });
                h.left.push(left(8, false));
            }),
        ),
        ("S14", changed(|h| h.txs.push(Tx { number: 9, span: span(5, 6) }))),
        (
            "S14",
            changed(|h| {
                third(h);
                h.pushes[2] = Push { came: Came::Unknown, tx: 9, ..push(3, 5) };
            }),
        ),
        // Failures that are not counted; delivered though it failed too often; what was
        // given up and comes back by itself.
        ("S16", changed(|h| h.deliveries[2].fails = 0)),
        ("S16", changed(|h| h.touches[1] = nack(2, 30, Blame::Silent, None, true))),
        (
            "S16",
            changed(|h| {
                h.rules.insert(1, Rule { fails_max: 1, ..RULE });
            }),
        ),
        ("S16", changed(|h| h.touches[1] = nack(2, 30, Blame::Fatal, None, true))),
        ("S16", changed(|h| h.deliveries[2].redriven = true)),
        // During a pause, after a purge.
        (
            "S18",
            changed(|h| {
                h.orders.push(Order { queue: 1, span: span(280, 281), what: What::Pause });
            }),
        ),
        (
            "S18",
            changed(|h| {
                h.orders.push(Order { queue: 1, span: span(280, 281), what: What::Purge });
            }),
        ),
    ];
    let wrong: Vec<String> = (0..)
        .zip(&bad)
        .filter(|(_, (expected, history))| property(history) != *expected)
        .map(|(place, (expected, history))| format!("{place} {expected}: {:?}", check(history)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

trait With {
    fn with(self, change: impl FnOnce(&mut Self)) -> Self;
}

impl With for History {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

#[test]
fn a_delivery_is_a_duplicate_when_the_one_before_was_acked_in_time() {
    let again = |h: &mut History| {
        h.deliveries.extend([delivery(3, 1, 40), delivery(3, 2, 300)]);
    };
    assert_eq!(duplicates(&good()), 0);
    assert_eq!(duplicates(&changed(again)), 0);
    let lost = changed(|h| {
        again(h);
        h.touches.push(touch(3, 1, 60, Deed::Ack { gave: None }));
    });
    assert_eq!(duplicates(&lost), 1);
    let late = changed(|h| {
        again(h);
        h.touches.push(touch(3, 1, 135, Deed::Ack { gave: None }));
    });
    assert_eq!(duplicates(&late), 0);
}
