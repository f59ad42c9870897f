//! Bodies of messages: on disk and back, through restarts and snapshots.

use std::io::ErrorKind;
use std::time::Duration;

use lockstep_core::queues::{self, Receipt, Want};
use lockstep_core::{Op, Outcome};
use lockstep_storage::{SimDisk, SimOp};
use tokio::time::{Instant, sleep};

use super::rig::Rig;
use crate::{BodyStats, BodyStore, Delivery, Guards};

const QUEUE: &[u8] = b"q";
const MEMORY: usize = 20_000;
const BODY: usize = 1000;

fn body(number: u64) -> Vec<u8> {
    let mut body = vec![number as u8; BODY];
    body[..8].copy_from_slice(&number.to_le_bytes());
    body
}

impl Rig {
    /// One whose nodes have little memory for bodies.
    async fn tight(nodes: u64) -> Rig {
        let mut rig = Rig::new(nodes).await;
        rig.queue_memory = MEMORY;
        for id in 1..=nodes {
            rig.bodies(id).set_memory_max(MEMORY);
        }
        rig
    }

    fn bodies(&self, id: u64) -> &BodyStore {
        &self.node(id).group().inner.shelf.store
    }

    fn stats(&self, id: u64) -> BodyStats {
        self.bodies(id).stats()
    }

    async fn carry_out(&self, op: queues::Op<'_>) -> Outcome {
        let op = Op::Queue { op };
        loop {
            let (leader, _) = self.led().await;
            match self.node(leader).group().ask(&op).await {
                Delivery::Done(mut outcomes) => return outcomes.remove(0),
                Delivery::Refused(_) => sleep(Duration::from_millis(1)).await,
                Delivery::Unknown => panic!("nothing is lost on the way"),
            }
        }
    }

    async fn push(&self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            let body = body(number);
            let op = queues::Op::push(QUEUE, &body);
            self.carry_out(op).await;
        }
    }

    /// Takes the next messages; each has to be the one with its number.
    async fn pop(&self, numbers: std::ops::Range<u64>) -> Vec<Receipt> {
        let mut receipts = Vec::new();
        for number in numbers {
            let got = self.carry_out(queues::Op::pop(QUEUE, Want::ONE, None)).await;
            let Outcome::List(got) = got else { panic!("{number}: {got:?}") };
            assert_eq!(got[1], Outcome::Bytes(body(number)), "message {number}");
            let Outcome::Bytes(receipt) = &got[0] else { panic!("{got:?}") };
            receipts.push(receipt_of(receipt));
        }
        receipts
    }

    async fn settle(&self, receipts: Vec<Receipt>) {
        let count = receipts.len() as i64;
        let acked = self.carry_out(queues::Op::ack(QUEUE, receipts)).await;
        assert_eq!(acked, Outcome::Int(count));
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Rig) -> bool) {
        let from = Instant::now();
        while !is_so(self) {
            let stats: Vec<_> = self.nodes.keys().map(|id| self.stats(*id)).collect();
            assert!(from.elapsed() < Duration::from_secs(60), "not in time: {what}: {stats:?}");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

fn receipt_of(text: &[u8]) -> Receipt {
    let text = std::str::from_utf8(text).unwrap();
    let mut numbers = text.split('-').map(|number| number.parse::<u64>().unwrap());
    let (part, seq) = (numbers.next().unwrap() as u32, numbers.next().unwrap());
    Receipt::Of { part, seq, attempt: numbers.next().unwrap() as u32 }
}

#[tokio::test(start_paused = true)]
async fn a_backlog_larger_than_the_memory_is_delivered_in_order() {
    let rig = Rig::tight(1).await;
    rig.push(0..200).await;
    rig.until("memory is bounded", |rig| rig.stats(1).resident_bytes <= MEMORY as u64).await;
    assert!(rig.stats(1).stored_bytes >= (200 * BODY - MEMORY) as u64);
    rig.pop(0..200).await;
    assert!(rig.stats(1).reads > 0 && rig.bodies(1).damage().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_settled_soon_never_goes_to_the_disk() {
    let rig = Rig::new(1).await;
    for first in 0..100 {
        rig.push(first..first + 1).await;
        let receipts = rig.pop(first..first + 1).await;
        rig.settle(receipts).await;
        sleep(Duration::from_millis(30)).await;
    }
    assert_eq!((rig.stats(1).stored_bytes, rig.stats(1).disk_bytes), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_stays_goes_to_the_disk_and_stays_in_memory_if_there_is_room() {
    let rig = Rig::new(1).await;
    rig.push(0..20).await;
    rig.until("all is on disk", |rig| rig.stats(1).stored_bytes == 20 * BODY as u64).await;
    assert_eq!(rig.stats(1).resident_bytes, 20 * BODY as u64);
    rig.pop(0..20).await;
    assert_eq!(rig.stats(1).reads, 0);
}

#[tokio::test(start_paused = true)]
async fn bodies_are_there_after_the_loss_of_power() {
    for with_snapshot in [false, true] {
        let mut rig = Rig::tight(1).await;
        rig.push(0..100).await;
        sleep(Duration::from_secs(3)).await;
        if with_snapshot {
            rig.node(1).group().snapshot().await.unwrap();
            rig.push(100..120).await;
        }
        let disk = rig.kill(1).await;
        rig.start(1, disk).await;
        rig.led().await;
        rig.pop(0..if with_snapshot { 120 } else { 100 }).await;
        sleep(Duration::from_secs(10)).await;
        assert_eq!(rig.bodies(1).damage(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_go_behind_the_snapshot_that_names_them_no_more() {
    let rig = Rig::tight(1).await;
    rig.push(0..60).await;
    rig.until("all is on disk", |rig| rig.stats(1).stored_bytes == 60 * BODY as u64).await;
    rig.node(1).group().snapshot().await.unwrap();
    let receipts = rig.pop(0..60).await;
    rig.settle(receipts).await;
    sleep(Duration::from_secs(30)).await;
    assert!(rig.stats(1).disk_bytes >= 60 * BODY as u64, "a start would need them");
    rig.node(1).group().snapshot().await.unwrap();
    rig.until("space is back", |rig| rig.stats(1).disk_bytes < 10_000).await;
    assert_eq!(rig.stats(1).stored_bytes, 0);
}

/// What is in memory when a snapshot is begun stays there until it is written.
#[tokio::test(start_paused = true)]
async fn most_bodies_leave_memory_before_a_snapshot() {
    const PUSHED: u64 = 100;
    let mut rig = Rig::empty(Guards::default(), 1);
    rig.queue_memory = 400_000;
    rig.snapshot_log_bytes = 150_000;
    rig.start_all(1).await;
    rig.push(0..PUSHED).await;
    assert_eq!(rig.stats(1).resident_bytes, PUSHED * BODY as u64);
    rig.push(PUSHED..2 * PUSHED).await;
    rig.until("a snapshot", |rig| rig.node(1).group().inner.snapshot_index() > 0).await;
    assert!(rig.stats(1).resident_bytes < PUSHED * BODY as u64);
    rig.pop(0..2 * PUSHED).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_comes_late_gets_all_bodies_with_the_snapshot() {
    let mut rig = Rig::tight(3).await;
    let (leader, _) = rig.led().await;
    let late = (1..=3).find(|id| *id != leader).unwrap();
    rig.kill(late).await;
    rig.push(0..150).await;
    sleep(Duration::from_secs(3)).await;
    rig.node(leader).group().snapshot().await.unwrap();
    // Behind the time for which followers find entries in the log.
    sleep(Duration::from_secs(70)).await;
    rig.start(late, SimDisk::new()).await;
    rig.until("it has caught up", |rig| {
        rig.node(late).group().status().applied >= rig.node(leader).group().status().applied
    })
    .await;
    rig.converged().await;
    rig.until("its memory is bounded", |rig| rig.stats(late).resident_bytes <= MEMORY as u64).await;
    sleep(Duration::from_secs(10)).await;
    assert_eq!(rig.bodies(late).damage(), None);
    // What was sent stands in a file of its own only as long as it takes.
    rig.kill(leader).await;
    let other = (1..=3).find(|id| *id != leader && *id != late).unwrap();
    let disk = rig.kill(other).await;
    rig.start(other, disk).await;
    rig.pop(0..150).await;
}

/// A node with 60 messages, and only half of their bodies.
async fn half_a_shelf() -> Rig {
    let mut rig = Rig::tight(1).await;
    rig.push(0..60).await;
    rig.until("all is on disk", |rig| rig.stats(1).stored_bytes == 60 * BODY as u64).await;
    rig.node(1).group().snapshot().await.unwrap();
    let disk = rig.kill(1).await;
    let path = std::path::Path::new("/bodies/bodies");
    let half = disk.bytes(path).unwrap().len() as u64 / 2;
    disk.flip(path, half, 1);
    rig.start(1, disk).await;
    rig
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_missing_is_damage() {
    let rig = half_a_shelf().await;
    rig.until("it is noticed", |rig| rig.bodies(1).damage().is_some()).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_missing_is_not_looked_for_without_end() {
    let rig = half_a_shelf().await;
    rig.pop(0..28).await;
    rig.until("it is noticed", |rig| rig.bodies(1).damage().is_some()).await;
    let reads = rig.stats(1).reads;
    sleep(Duration::from_secs(2)).await;
    assert!(rig.stats(1).reads < reads + 100);
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_takes_no_bodies_keeps_them_in_memory_until_it_does() {
    let rig = Rig::new(1).await;
    rig.push(0..60).await;
    // Nothing else is written than bodies that have become old.
    for nth in 1..=3 {
        rig.node(1).disk.fail_nth(SimOp::Write, nth, ErrorKind::StorageFull);
    }
    rig.bodies(1).set_memory_max(MEMORY);
    rig.until("it was tried", |rig| rig.stats(1).failures == 3).await;
    assert_eq!(rig.stats(1).resident_bytes, 60 * BODY as u64);
    rig.until("memory is bounded", |rig| rig.stats(1).resident_bytes <= MEMORY as u64).await;
    rig.pop(0..60).await;
    assert!(rig.bodies(1).failed().is_none());
}

/// Nobody knows what is on it from then on.
#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_bodies_is_the_end_of_the_node() {
    for op in [SimOp::Write, SimOp::Sync] {
        let rig = Rig::new(1).await;
        rig.push(0..60).await;
        // Nothing else is written than bodies that have become old.
        rig.node(1).disk.fail_nth(op, 1, ErrorKind::Other);
        rig.bodies(1).set_memory_max(MEMORY);
        rig.until("it is noticed", |rig| rig.bodies(1).failed().is_some()).await;
        assert_eq!(rig.bodies(1).damage(), None);
    }
}

/// What no disk takes stays in memory, where it was before.
#[tokio::test(start_paused = true)]
async fn a_node_begins_though_its_disk_is_full() {
    let mut rig = Rig::new(1).await;
    rig.push(0..60).await;
    rig.node(1).group().snapshot().await.unwrap();
    assert_eq!(rig.stats(1).stored_bytes, 0);
    let disk = rig.kill(1).await;
    disk.set_capacity(Some(0));
    rig.queue_memory = MEMORY;
    rig.start(1, disk.clone()).await;
    rig.pop(0..1).await;
    assert!(rig.stats(1).failures > 0 && rig.stats(1).stored_bytes == 0);
    disk.set_capacity(None);
    rig.until("memory is bounded", |rig| rig.stats(1).resident_bytes <= MEMORY as u64).await;
    rig.pop(1..60).await;
}

/// A state that has all bodies in it, and a disk that has them as well.
#[tokio::test(start_paused = true)]
async fn what_is_on_disk_leaves_the_memory_of_a_node_whose_disk_is_full() {
    let mut rig = Rig::new(1).await;
    rig.push(0..60).await;
    rig.node(1).group().snapshot().await.unwrap();
    rig.until("all is on disk", |rig| rig.stats(1).stored_bytes == 60 * BODY as u64).await;
    let disk = rig.kill(1).await;
    disk.set_capacity(Some(0));
    rig.queue_memory = MEMORY;
    rig.start(1, disk).await;
    assert!(rig.stats(1).resident_bytes <= MEMORY as u64);
    rig.pop(0..60).await;
}

/// Whoever waits for a delivery before it is known that a body has to be brought.
#[tokio::test(start_paused = true)]
async fn an_errand_that_comes_late_wakes_whoever_waits() {
    let mailbox = std::sync::Arc::new(crate::Mailbox::default());
    let waits = tokio::spawn({
        let mailbox = mailbox.clone();
        async move { mailbox.take().await }
    });
    sleep(Duration::from_millis(1)).await;
    mailbox.send(Box::pin(async {
        sleep(Duration::from_millis(1)).await;
        Delivery::Done(Vec::new())
    }));
    let taken = tokio::time::timeout(Duration::from_secs(1), waits).await;
    assert!(matches!(taken, Ok(Ok(Delivery::Done(_)))));
}
