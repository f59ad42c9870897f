//! What waits for what.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::node::{Node, until};
use crate::peers::Lane;

const BIG: usize = 64 << 20;

/// The usual round trip on `lane` while long messages travel on another one.
async fn usual_beside(big: Lane, lane: Lane) -> Duration {
    let (a, b) = (Arc::new(Node::new(1).await), Arc::new(Node::new(2).await));
    a.links_to(&b).await;
    let flood = {
        let (a, b) = (Arc::clone(&a), Arc::clone(&b));
        tokio::spawn(async move {
            let mut request = b"big ".to_vec();
            request.resize(BIG, 1);
            let request = Bytes::from(request);
            for _ in 0..3 {
                let reply = a.asks(&b, big, request.clone()).await;
                assert!(reply == Ok(request.clone()));
            }
        })
    };
    until("it has begun", || a.links.links().iter().any(|link| link.sent_bytes > 1 << 20)).await;
    let mut times = Vec::new();
    while !flood.is_finished() {
        let start = Instant::now();
        assert_eq!(a.asks(&b, lane, "small").await, Ok("small".into()));
        times.push(start.elapsed());
    }
    flood.await.unwrap();
    times.sort();
    let (usual, worst) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "{lane:?} beside 64 MiB on {big:?}: {} times, p50 {usual:?}, max {worst:?}",
        times.len()
    );
    // How long the worst takes depends on who else wants the processor.
    usual
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn urgent_messages_do_not_wait_for_long_ones() {
    for big in [Lane::Log, Lane::Data, Lane::Bulk] {
        let usual = usual_beside(big, Lane::Urgent).await;
        assert!(usual < Duration::from_millis(10), "{usual:?} beside {big:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_messages_do_not_wait_for_long_ones_of_their_own_or_a_later_lane() {
    for (big, lane) in [(Lane::Data, Lane::Data), (Lane::Data, Lane::Log), (Lane::Bulk, Lane::Log)]
    {
        let usual = usual_beside(big, lane).await;
        assert!(usual < Duration::from_millis(50), "{usual:?} on {lane:?} beside {big:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_gets_its_share_beside_a_lane_that_is_never_empty() {
    let (a, b) = (Arc::new(Node::new(1).await), Arc::new(Node::new(2).await));
    a.links_to(&b).await;
    let mut request = b"big ".to_vec();
    request.resize(1 << 20, 1);
    let request = Bytes::from(request);
    let floods: Vec<_> = (0..16)
        .map(|_| {
            let (a, b, request) = (Arc::clone(&a), Arc::clone(&b), request.clone());
            tokio::spawn(
                async move { while a.asks(&b, Lane::Log, request.clone()).await.is_ok() {} },
            )
        })
        .collect();
    until("it has begun", || a.links.links().iter().any(|link| link.queue_bytes > 1 << 20)).await;
    let mut bulk = b"big ".to_vec();
    bulk.resize(8 << 20, 2);
    assert_eq!(a.asks(&b, Lane::Bulk, bulk.clone()).await, Ok(bulk.into()));
    floods.iter().for_each(|flood| flood.abort());
}
