//! Bytes that are changed on the way.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use bytes::Bytes;

use super::node::{Node, Start, until};
use super::relay::Relay;
use crate::peers::Lane;

const SECRET: &[u8] = b"apples";

/// Changes one byte, `ahead` further than all so far, while requests run; says how many
/// of them came to nothing.
async fn flip(a: &Node, b: &Node, relay: &Relay, forth: bool, ahead: u64) -> usize {
    let faults = &relay.faults;
    let (count, flip) =
        if forth { (&faults.forth, &faults.flip_forth) } else { (&faults.back, &faults.flip_back) };
    let flipped = faults.flipped.load(SeqCst);
    flip.store(count.load(SeqCst) + ahead, SeqCst);
    let mut failed = 0;
    for number in 0.. {
        let mut request = format!("echo {ahead} {number} ").into_bytes();
        request.resize(100 + number % 900, b'.');
        let time = Duration::from_secs(10);
        let lane = Lane::ALL[number % 4];
        match a.links.call(b.id, lane, request.clone().into(), time).await {
            Ok(reply) => assert_eq!(reply, Bytes::from(request)),
            Err(_) => {
                failed += 1;
                until("the link is up again", || a.links.reaches(b.id)).await;
            }
        }
        if faults.flipped.load(SeqCst) > flipped && a.links.reaches(b.id) {
            return failed;
        }
    }
    failed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_changed_byte_is_noticed_and_none_gets_through() {
    let start = || Start { secret: Some(SECRET), ..Start::default() };
    let (a, b) = (start().node(1).await, start().node(2).await);
    let relay = Relay::to(b.address()).await;
    a.links.know(b.id, &relay.address.to_string());
    until("the link is up", || a.links.reaches(b.id)).await;
    let mut failed = 0;
    for ahead in 1..250 {
        let before = relay.faults.flipped.load(SeqCst);
        let broken = a.losses().len() + b.losses().len();
        failed += flip(&a, &b, &relay, ahead % 2 == 0, ahead * 7).await;
        assert_eq!(relay.faults.flipped.load(SeqCst), before + 1);
        until("it is noticed", || a.losses().len() + b.losses().len() > broken).await;
    }
    println!("249 bytes changed: {failed} calls came to nothing, none came out wrong");
    for request in b.notes.served.lock().iter() {
        let end = request.iter().rposition(|byte| *byte == b' ').unwrap();
        let text = std::str::from_utf8(&request[..end]).unwrap();
        let number: usize = text.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(request.len() == 100 + number % 900, "{}", request.escape_ascii());
        assert!(request[end + 1..].iter().all(|byte| *byte == b'.'));
    }
}

#[tokio::test]
async fn damage_is_told_as_damage_where_it_is_found() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    let relay = Relay::to(b.address()).await;
    a.links.know(b.id, &relay.address.to_string());
    until("the link is up", || a.links.reaches(b.id)).await;
    let at = relay.faults.forth.load(SeqCst) + 50;
    relay.faults.flip_forth.store(at, SeqCst);
    until("it is noticed", || {
        let time = Duration::from_secs(1);
        drop(a.links.call(b.id, Lane::Data, vec![b'.'; 100].into(), time));
        a.links.tell(b.id, Lane::Data, vec![b'.'; 100].into());
        !b.losses().is_empty()
    })
    .await;
    assert_eq!(b.losses()[0], (a.id, false));
    until("the other side sees the end", || !a.losses().is_empty()).await;
    assert_eq!(a.losses()[0], (b.id, true));
}
