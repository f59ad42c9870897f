//! Operations on their way to leaders that come and go.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use lockstep_core::wire::Wire;
use lockstep_core::{Effect, NodeId, Op, Origin, Outcome, ShardId, Wait, locks};
use parking_lot::Mutex;

use super::super::message::{Delivered, Request};
use super::super::router::{NEWS_WAIT, share_of};
use super::world::{World, get, incr, number, submit_as};
use crate::{Delivery, Later, Mailbox, Ops, Refusal, Served, Taker, Told, Touch};

const SHARD: ShardId = ShardId(0);

#[tokio::test(start_paused = true)]
async fn every_node_takes_every_operation() {
    let world = World::of(3, 3).await;
    let mut count = 0;
    for id in 1..=3 {
        for shard in 0..3 {
            let shard = ShardId(shard);
            let delivery = submit_as(world.host(id), shard, &incr(b"n"), 1, 1).await;
            assert_eq!(number(&delivery), Some((count / 3) + 1), "{delivery:?}");
            count += 1;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn increments_through_all_nodes_are_applied_once_while_leaders_are_killed() {
    let mut world = World::of(3, 1).await;
    let sure = Arc::new(Mutex::new((0i64, 0i64)));
    let stop = Arc::new(Mutex::new(false));
    for round in 0..6 {
        let leader = world.leader(SHARD).unwrap();
        let survivors: Vec<_> =
            world.running().filter(|host| host.node().0 != leader).cloned().collect();
        *stop.lock() = false;
        let clients: Vec<_> = (0..8u64)
            .map(|conn| {
                let host = survivors[conn as usize % 2].clone();
                let (sure, stop) = (sure.clone(), stop.clone());
                tokio::spawn(async move {
                    let mut request = 0;
                    while !*stop.lock() {
                        request += 1;
                        let conn = round * 100 + conn;
                        match submit_as(&host, SHARD, &incr(b"n"), conn, request).await {
                            Delivery::Done(_) => sure.lock().0 += 1,
                            Delivery::Unknown => sure.lock().1 += 1,
                            Delivery::Refused(_) => {}
                        }
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.kill(leader).await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        *stop.lock() = true;
        join_all(clients).await;
        world.start(leader).await;
        world.until("all shards are led", World::is_led).await;
        world.host(leader).begun().await;
    }
    let found = number(&world.host(1).ask(SHARD, &get(b"n")).await).unwrap();
    let (done, unknown) = *sure.lock();
    assert_eq!(unknown, 0, "whatever was proposed was asked about again");
    assert_eq!(found, done, "each was applied once");
    assert!(done > 1000, "{done}");
}

#[tokio::test(start_paused = true)]
async fn without_a_name_what_was_lost_on_the_way_is_unknown() {
    let mut world = World::of(3, 1).await;
    let leader = world.leader(SHARD).unwrap();
    let host = world.running().find(|host| host.node().0 != leader).unwrap().clone();
    let mut ops = Ops::default();
    ops.write(&incr(b"n"));
    let mailbox = Arc::new(Mailbox::default());
    // The leader gets it and says nothing any more.
    host.submit(SHARD, ops, &mailbox);
    tokio::time::sleep(Duration::from_micros(1500)).await;
    world.kill(leader).await;
    assert!(matches!(mailbox.take().await, Delivery::Unknown));
}

#[tokio::test(start_paused = true)]
async fn a_minority_refuses_soon_and_knows_whom_it_misses() {
    let mut world = World::of(3, 1).await;
    world.kill(2).await;
    world.kill(3).await;
    let begun = tokio::time::Instant::now();
    let delivery = loop {
        let delivery = submit_as(world.host(1), SHARD, &incr(b"n"), 1, 1).await;
        if matches!(delivery, Delivery::Refused(_)) {
            break delivery;
        }
    };
    assert!(matches!(delivery, Delivery::Refused(Refusal::NoLeader)));
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    let begun = tokio::time::Instant::now();
    let delivery = world.host(1).ask(SHARD, &get(b"n")).await;
    assert!(matches!(delivery, Delivery::Refused(Refusal::NoLeader)), "{delivery:?}");
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    let health = world.host(1).health();
    let missing: Vec<NodeId> = health.missing.iter().map(|node| node.id).collect();
    assert_eq!(missing, [NodeId(2), NodeId(3)]);
    assert!(!health.quorum);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_refuses_soon_while_the_others_go_on() {
    let world = World::of(3, 1).await;
    let leader = world.leader(SHARD).unwrap();
    let others: Vec<u64> = (1..=3).filter(|id| *id != leader).collect();
    assert_eq!(number(&submit_as(world.host(leader), SHARD, &incr(b"n"), 1, 1).await), Some(1));
    others.iter().for_each(|id| world.net.cut(NodeId(leader), NodeId(*id)));
    // Handed in while it still believes to lead: nobody will ever know there.
    let stuck = {
        let host = world.host(leader).clone();
        tokio::spawn(async move { submit_as(&host, SHARD, &incr(b"n"), 2, 1).await })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = tokio::time::Instant::now();
    let read = world.host(leader).ask(SHARD, &get(b"n")).await;
    assert!(matches!(read, Delivery::Refused(Refusal::NoLeader)), "{read:?}");
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    let written = submit_as(world.host(others[0]), SHARD, &incr(b"n"), 3, 1).await;
    assert_eq!(number(&written), Some(2), "{written:?}");
    assert!(matches!(stuck.await.unwrap(), Delivery::Unknown));
    world.net.heal();
    world
        .until("it follows", |world| {
            world.host(leader).leader_of(SHARD).is_some_and(|now| now.0 != leader)
        })
        .await;
    assert_eq!(number(&world.host(leader).ask(SHARD, &get(b"n")).await), Some(2));
}

#[tokio::test(start_paused = true)]
async fn what_a_cut_off_leader_was_handed_is_applied_once_if_it_heals_in_time() {
    let world = World::of(3, 1).await;
    let leader = world.leader(SHARD).unwrap();
    let others: Vec<u64> = (1..=3).filter(|id| *id != leader).collect();
    others.iter().for_each(|id| world.net.cut(NodeId(leader), NodeId(*id)));
    let host = world.host(leader).clone();
    let stuck = tokio::spawn(async move { submit_as(&host, SHARD, &incr(b"n"), 2, 1).await });
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.net.heal();
    let delivery = stuck.await.unwrap();
    assert_eq!(number(&delivery), Some(1), "{delivery:?}");
    assert_eq!(number(&world.host(leader).ask(SHARD, &get(b"n")).await), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_another_node_sends_is_answered_without_a_task() {
    let world = World::of(3, 1).await;
    let leader = world.leader(SHARD).unwrap();
    world.host(leader).ask(SHARD, &incr(b"n")).await;
    let served = world.host(leader).serve(NodeId(9), submission(1, &get(b"n")));
    assert!(matches!(served, Served::Now(_)));
}

/// A share of one operation as another node sends it.
fn submission(ticket: u64, op: &Op<'_>) -> Bytes {
    let mut share = Vec::new();
    share_of(op).put(&mut share);
    Request::Submit { shard: SHARD, ticket, share: &share }.bytes()
}

/// A share of one operation as another node sends it, under a name.
fn named_submission(ticket: u64, op: &Op<'_>, retry: bool) -> Bytes {
    let mut ops = share_of(op);
    ops.identify(Origin { node: NodeId(9), boot: 1, conn: 1 }, 1);
    if retry {
        ops.set_retry();
    }
    let mut share = Vec::new();
    ops.put(&mut share);
    Request::Submit { shard: SHARD, ticket, share: &share }.bytes()
}

#[tokio::test(start_paused = true)]
async fn a_share_that_is_sent_again_while_it_stands_in_line_does_not_stand_there_twice() {
    let world = World::of(3, 1).await;
    let leader = world.leader(SHARD).unwrap();
    let host = world.host(leader);
    let group = host.group(SHARD).unwrap();
    let (_, before) = group.proposed();
    let served = [false, true, true].into_iter().zip(1..).map(|(retry, ticket)| {
        let message = named_submission(ticket, &incr(b"n"), retry);
        let Served::Later(later) = host.serve(NodeId(9), message) else { panic!("it waits") };
        later
    });
    let replies = join_all(served.collect::<Vec<_>>()).await;
    let [first, second, last] = [0, 1, 2].map(|at| Delivered::open(&replies[at]).unwrap());
    assert!(matches!(first, Delivered::Unknown), "its sender waits no more: {first:?}");
    assert!(matches!(second, Delivered::Unknown), "its sender waits no more: {second:?}");
    assert!(matches!(last, Delivered::Done { .. }), "{last:?}");
    let (_, after) = group.proposed();
    assert_eq!(after - before, 1, "it was proposed once");
    // What has been carried out is recalled.
    let message = named_submission(4, &incr(b"n"), true);
    let Served::Later(recalled) = host.serve(NodeId(9), message) else { panic!("it waits") };
    assert!(matches!(Delivered::open(&recalled.await), Ok(Delivered::Done { .. })));
    assert_eq!(number(&host.ask(SHARD, &get(b"n")).await), Some(1));
}

#[tokio::test(start_paused = true)]
async fn the_copy_of_a_message_that_was_refused_is_not_carried_out_when_it_comes_late() {
    let world = World::of(3, 1).await;
    let leader = world.leader(SHARD).unwrap();
    let other = (1..=3).find(|id| *id != leader).unwrap();
    let message = submission(1, &incr(b"n"));
    // The sender hears that it was not carried out, and tells its client so.
    let Served::Now(refused) = world.host(other).serve(NodeId(9), message.clone()) else {
        panic!("it leads");
    };
    let refused = Delivered::open(&refused).unwrap();
    assert!(matches!(refused, Delivered::Refused { .. }), "{refused:?}");
    world.host(other).transfer_shard(SHARD, None).await.unwrap();
    world.until("it leads", |world| world.leader(SHARD) == Some(other)).await;
    let Served::Later(late) = world.host(other).serve(NodeId(9), message) else {
        panic!("the sender may still wait for the first reply");
    };
    assert!(matches!(Delivered::open(&late.await), Ok(Delivered::Unknown)));
    assert_eq!(number(&world.host(other).ask(SHARD, &get(b"n")).await), Some(0));
    // Another try is not a copy.
    let Served::Later(done) = world.host(other).serve(NodeId(9), submission(2, &incr(b"n"))) else {
        panic!("there is an entry to wait for");
    };
    assert!(matches!(Delivered::open(&done.await), Ok(Delivered::Done { .. })));
    assert_eq!(number(&world.host(other).ask(SHARD, &get(b"n")).await), Some(1));
}

#[tokio::test(start_paused = true)]
async fn leaderships_that_are_handed_over_cost_no_command() {
    let world = World::of(3, 2).await;
    let stop = Arc::new(Mutex::new(false));
    let clients: Vec<_> = (1..=3u64)
        .map(|id| {
            let (host, stop) = (world.host(id).clone(), stop.clone());
            tokio::spawn(async move {
                let mut request = 0;
                while !*stop.lock() {
                    request += 1;
                    let shard = ShardId((request % 2) as u16);
                    let delivery = submit_as(&host, shard, &incr(b"n"), id, request).await;
                    assert!(matches!(delivery, Delivery::Done(_)), "{delivery:?}");
                }
            })
        })
        .collect();
    for _ in 0..3 {
        for id in 1..=3 {
            world.host(id).transfer_shard(SHARD, None).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(world.host(id).leader_of(SHARD), Some(NodeId(id)));
        }
    }
    *stop.lock() = true;
    for ended in join_all(clients).await {
        ended.unwrap();
    }
}

fn lock(node: NodeId, boot: u64, conn: u64, waits: bool) -> Op<'static> {
    let origin = Origin { node, boot, conn };
    let wait = Wait::For { origin, request: 1, block_ms: 0 };
    Op::Lock {
        op: locks::Op::Acquire {
            name: b"door",
            terms: locks::Terms::plain(locks::Owner::Connection { origin }, origin)
                .waiting(waits.then_some(wait)),
        },
    }
}

fn unlock(node: NodeId, boot: u64, conn: u64) -> Op<'static> {
    let owner = locks::Owner::Connection { origin: Origin { node, boot, conn } };
    Op::Lock {
        op: locks::Op::Release { name: b"door", owner, token: None, all: false, strict: false },
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_is_answered_on_its_node_though_the_leader_was_killed() {
    let mut world = World::of(3, 1).await;
    let leader = world.leader(SHARD).unwrap();
    let others: Vec<u64> = (1..=3).filter(|id| *id != leader).collect();
    let (holder, waiter) = (NodeId(others[0]), NodeId(others[1]));
    let held = submit_as(world.host(holder.0), SHARD, &lock(holder, 1, 1, false), 1, 1).await;
    assert!(matches!(&held, Delivery::Done(done) if matches!(done[0], Outcome::Int(_))));
    let waits = submit_as(world.host(waiter.0), SHARD, &lock(waiter, 1, 2, true), 2, 1).await;
    assert!(matches!(&waits, Delivery::Done(done) if done[0] == Outcome::Waits), "{waits:?}");
    world.kill(leader).await;
    let freed = submit_as(world.host(holder.0), SHARD, &unlock(holder, 1, 1), 1, 2).await;
    assert_eq!(number(&freed), Some(1));
    world
        .until("it is answered", |world| {
            world.node(waiter.0).answers.lock().iter().any(|effect| {
                matches!(
                    effect,
                    Effect::Answer { origin, outcome: Outcome::Int(_), .. } if origin.conn == 2
                )
            })
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_node_without_a_replica_is_answered_by_the_leader_and_told_when_that_changes() {
    let mut world = World::of(3, 1).await;
    world.start(4).await;
    world.host(4).begun().await;
    assert!(world.host(4).group(SHARD).is_none(), "three replicas are enough");
    let leader = world.leader(SHARD).unwrap();
    let holder = NodeId((1..=3).find(|id| *id != leader).unwrap());
    submit_as(world.host(holder.0), SHARD, &lock(holder, 1, 1, false), 1, 1).await;
    let waits = submit_as(world.host(4), SHARD, &lock(NodeId(4), 1, 2, true), 2, 1).await;
    assert!(matches!(&waits, Delivery::Done(done) if done[0] == Outcome::Waits), "{waits:?}");
    submit_as(world.host(holder.0), SHARD, &unlock(holder, 1, 1), 1, 2).await;
    world.until("it is answered", |world| !world.node(4).answers.lock().is_empty()).await;
    world.node(4).adrift.lock().clear();
    world.kill(leader).await;
    world.until("it is told", |world| world.node(4).adrift.lock().contains(&SHARD)).await;
    let delivery = submit_as(world.host(4), SHARD, &incr(b"n"), 3, 1).await;
    assert_eq!(number(&delivery), Some(1), "{delivery:?}");
}

#[tokio::test(start_paused = true)]
async fn what_a_former_life_of_a_node_held_is_free_when_its_new_life_has_begun() {
    let mut world = World::of(3, 1).await;
    let node = NodeId((1..=3).find(|id| Some(*id) != world.leader(SHARD)).unwrap());
    submit_as(world.host(node.0), SHARD, &lock(node, 1, 1, false), 1, 1).await;
    world.kill(node.0).await;
    world.start(node.0).await;
    world.host(node.0).begun().await;
    let leader = world.leader(SHARD).unwrap();
    let held = world.host(leader).group(SHARD).unwrap().state().locks().held();
    assert_eq!(held, 0);
}

/// Says that all news but the last was told; what is waited for comes so late.
struct LateNews(Option<Duration>);

impl Taker for LateNews {
    fn take(&self, _: ShardId, _: Vec<Touch>) {}

    fn said(&self, shard: ShardId, to: NodeId) -> Option<Told> {
        Some(Told { stream: to.0, next: u64::from(shard.0) + 1 })
    }

    fn heard(&self, shard: ShardId, _: NodeId, told: Told) -> Option<Later<()>> {
        assert_eq!(told.next, u64::from(shard.0) + 1);
        let late = self.0?;
        Some(Box::pin(tokio::time::sleep(late)))
    }
}

/// How long an operation takes through a node that does not lead, whose news is `late`,
/// if it is `told` any.
async fn forwarded_in(late: Option<Duration>, told: bool) -> Duration {
    let world = World::of(3, 1).await;
    let leader = world.leader(SHARD).unwrap();
    let other = (1..=3).find(|id| *id != leader).unwrap();
    for id in 1..=3 {
        world.host(id).touches().tell(LateNews(late));
    }
    world.host(leader).touches().want(told);
    // The leader is known from now on.
    world.host(other).ask(SHARD, &get(b"n")).await;
    let begun = tokio::time::Instant::now();
    let delivery = submit_as(world.host(other), SHARD, &incr(b"n"), 1, 1).await;
    assert_eq!(number(&delivery), Some(1), "{delivery:?}");
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_reply_waits_for_news_but_not_for_long() {
    let ms = Duration::from_millis;
    let nothing = forwarded_in(None, true).await;
    assert!(nothing < ms(20), "{nothing:?}");
    let untold = forwarded_in(Some(ms(30)), false).await;
    assert!(untold < ms(20), "nobody there wants to know: {untold:?}");
    let late = forwarded_in(Some(ms(30)), true).await;
    assert!((ms(30)..ms(50)).contains(&late), "{late:?}");
    let never = forwarded_in(Some(ms(1_000_000)), true).await;
    assert!((NEWS_WAIT..NEWS_WAIT + ms(20)).contains(&never), "{never:?}");
}
