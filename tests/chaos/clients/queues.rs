//! Clients of queues.

use std::time::{Duration, Instant};

use lockstep_sim::check::Span;
use lockstep_sim::check::queues::{Ack, Delivery, History, Push};
use lockstep_tests::{Client, Value};
use rand::RngExt;

use super::super::history::{Clock, Kind};
use super::{Hand, Told};

/// How many queues there are.
const QUEUES: u32 = 2;
const VISIBLE_MS: u64 = 2_000;
/// As for the leases of locks.
const SLACK: u64 = 100_000_000;

/// Pushes messages.
pub fn produce(hand: &mut Hand) {
    while hand.next() {
        let queue = hand.random.random_range(0..QUEUES);
        let message = hand.fresh();
        let words = ["QPUSH".to_owned(), name(queue), message.to_string()];
        let (span, told) = hand.call(Kind::Write, &words);
        if !matches!(told, Told::Refused) {
            let producer = hand.id as u32;
            hand.history.queues.pushes.push(Push { queue, message, producer, span });
        }
    }
}

/// Takes messages and acks most of them.
pub fn consume(hand: &mut Hand) {
    while hand.next() {
        let queue = hand.random.random_range(0..QUEUES);
        let visible = VISIBLE_MS.to_string();
        let words = ["QPOP", &name(queue), "BLOCK", "100", "VT", &visible];
        let (span, told) = hand.call(Kind::Wait, &words);
        let Told::Done(reply) = told else { continue };
        let Some((delivery, receipt)) = delivery(queue, span, &reply) else { continue };
        let message = delivery.message;
        hand.history.queues.deliveries.push(delivery);
        if hand.random.random_ratio(1, 20) {
            continue;
        }
        let (span, told) = hand.call(Kind::Write, &["QACK", &name(queue), &receipt]);
        if matches!(told, Told::Done(reply) if reply.int() == Some(1)) {
            hand.history.queues.acks.push(Ack { queue, message, span });
        }
    }
}

/// Takes everything that is left.
pub fn drain(client: &mut Client, clock: Clock, history: &mut History) {
    for queue in 0..QUEUES {
        let began_at = Instant::now();
        loop {
            let began = clock.now();
            let words = format!("QPOP {} BLOCK 500 VT {VISIBLE_MS}", name(queue));
            let reply = client.call(&words);
            let span = Span { began, ended: clock.now() };
            if let Some((delivery, receipt)) = delivery(queue, span, &reply) {
                let acked = client.call(&format!("QACK {} {receipt}", name(queue)));
                assert_eq!(acked.int(), Some(1), "the ack of {receipt}");
                history.deliveries.push(delivery);
                continue;
            }
            assert!(!reply.is_error(), "{reply:?}");
            let left = client.call(&format!("QLEN {} ALL", name(queue)));
            if left.int() == Some(0) {
                break;
            }
            assert!(began_at.elapsed() < Duration::from_secs(60), "queue {queue}: {left:?}");
        }
    }
    history.drained = true;
}

fn name(queue: u32) -> String {
    format!("queue:{queue}")
}

fn delivery(queue: u32, span: Span, reply: &Value) -> Option<(Delivery, String)> {
    let [receipt, body] = reply.items() else { return None };
    let receipt = receipt.text();
    let attempt = receipt.rsplit('-').next()?.parse().ok()?;
    let until = span.began + VISIBLE_MS * 1_000_000 - SLACK;
    let message = body.text().parse().ok()?;
    Some((Delivery { queue, message, attempt, span, until }, receipt))
}
