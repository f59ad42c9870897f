//! Requests of three nodes to each other.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::NodeId;

use super::node::{Node, Start, until};
use crate::peers::{CallError, Lane, LinkKind, LinkState};

#[tokio::test]
async fn replies_find_their_requests_whatever_their_order() {
    let nodes = Arc::new([Node::new(1).await, Node::new(2).await, Node::new(3).await]);
    for from in nodes.iter() {
        for to in nodes.iter().filter(|to| to.id != from.id) {
            from.links_to(to).await;
        }
    }
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..6_000_u32 {
        let nodes = Arc::clone(&nodes);
        calls.spawn(async move {
            let (from, to) =
                (number as usize % 3, (number as usize + 1 + number as usize / 3 % 2) % 3);
            let lane = Lane::ALL[number as usize / 7 % 4];
            // Every second is held back for a while, a different one each time.
            let word = if number % 2 == 0 { "echo " } else { "late " };
            let mut request = word.as_bytes().to_vec();
            request.push((number.wrapping_mul(2_654_435_761) >> 24) as u8);
            request.extend_from_slice(&number.to_le_bytes());
            request.resize(10 + number as usize % 5_000, 7);
            let reply = nodes[from].asks(&nodes[to], lane, request.clone()).await;
            assert_eq!(reply, Ok(Bytes::from(request)));
        });
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap();
    }
    assert!(nodes.iter().all(|node| node.losses().is_empty()));
}

#[tokio::test]
async fn long_messages_come_whole_in_both_directions() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.links_to(&b).await;
    for len in [(1 << 18) - 1, 1 << 18, (1 << 18) + 1, 1 << 20, 5_000_001] {
        for lane in Lane::ALL {
            let mut request = b"big ".to_vec();
            request.extend((4..len).map(|at| (at % 251) as u8));
            let reply = a.asks(&b, lane, request.clone()).await;
            assert!(reply == Ok(Bytes::from(request)), "{len} bytes on {lane:?}");
        }
    }
}

#[tokio::test]
async fn an_empty_request_has_an_empty_reply() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.links_to(&b).await;
    assert_eq!(a.asks(&b, Lane::Data, "").await, Ok(Bytes::new()));
}

#[tokio::test]
async fn what_is_told_arrives_and_has_no_reply() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.links_to(&b).await;
    for lane in Lane::ALL {
        a.links.tell(b.id, lane, format!("{lane:?}").into());
    }
    until("all is told", || b.notes.told.lock().len() == 4).await;
    let mut told = b.notes.told.lock().clone();
    told.sort();
    assert_eq!(told, ["Bulk", "Data", "Log", "Urgent"]);
}

#[tokio::test]
async fn a_call_is_on_its_way_without_being_polled() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.links_to(&b).await;
    let call = a.links.call(b.id, Lane::Log, "echo".into(), Duration::from_secs(5));
    until("it is served", || b.served() == 1).await;
    assert_eq!(call.await, Ok("echo".into()));
}

#[tokio::test]
async fn calls_made_before_the_link_is_up_wait_for_it() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.knows(&b);
    assert_eq!(a.asks(&b, Lane::Urgent, "soon").await, Ok("soon".into()));
}

#[tokio::test]
async fn nobody_is_asked_who_is_not_known() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Err(CallError::NotSent));
    b.links_to(&a).await;
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Err(CallError::NotSent), "b only dials");
    assert!(!a.links.reaches(b.id));
}

#[tokio::test]
async fn a_node_that_is_forgotten_is_closed_out_and_can_come_back() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.links_to(&b).await;
    let held = a.links.call(b.id, Lane::Data, "hold".into(), Duration::from_secs(5));
    until("it is served", || b.served() == 1).await;
    a.links.forget(b.id);
    assert_eq!(held.await, Err(CallError::Lost));
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Err(CallError::NotSent));
    assert!(a.losses().is_empty(), "it was closed on purpose");
    a.links_to(&b).await;
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()));
}

#[tokio::test]
async fn the_status_shows_what_flows() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.links_to(&b).await;
    a.asks(&b, Lane::Data, vec![0; 1000]).await.unwrap();
    until("pings are answered", || a.links.links().iter().all(|link| link.rtt_us > 0)).await;
    let links = a.links.links();
    assert_eq!(links.len(), 2, "{links:?}");
    for link in &links {
        assert_eq!((link.node, link.inbound, link.state), (b.id, false, LinkState::Up));
        assert_eq!(link.address, b.address().to_string());
        assert_eq!((link.failures, link.queue_bytes), (0, 0));
    }
    let rest = links.iter().find(|link| link.kind == LinkKind::Rest).unwrap();
    assert!(rest.sent_bytes > 1000 && rest.received_bytes > 1000, "{rest:?}");
    assert!(rest.sent_frames >= 2 && rest.received_frames >= 2, "{rest:?}");
    let inbound = b.links.links();
    assert_eq!(inbound.len(), 2, "{inbound:?}");
    assert!(inbound.iter().all(|link| link.inbound && link.node == NodeId(1)));
}

#[tokio::test]
async fn a_node_finds_the_other_by_name() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.links.know(b.id, &format!("localhost:{}", b.address().port()));
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()));
}

#[tokio::test]
async fn a_new_address_replaces_the_old_one() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    a.links.know(b.id, &nobody.to_string());
    until("nobody is found there", || !a.troubles().is_empty()).await;
    a.links_to(&b).await;
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()));
}

#[tokio::test]
async fn links_live_on_the_runtime_they_were_started_in() {
    let start = || {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(1).enable_all().build().unwrap()
    };
    let (one, two) = (start(), start());
    let (a, b) = (
        one.spawn(Node::new(1)).await.unwrap(),
        two.spawn(Start::default().node(2)).await.unwrap(),
    );
    a.links_to(&b).await;
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()));
    assert_eq!(
        a.links.knock(&b.address().to_string(), "k".into(), Duration::from_secs(5)).await,
        Ok("heard k".into())
    );
    two.shutdown_background();
    until("the link is lost", || !a.losses().is_empty()).await;
    one.shutdown_background();
}
