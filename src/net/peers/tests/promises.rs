//! What an outcome promises, while connections break and fall silent all the time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::node::{Node, Start, until};
use super::relay::Relay;
use crate::fuzz::Random;
use crate::peers::{CallError, Lane, PeerLimits};

const CALLERS: u64 = 32;
const TIME: Duration = Duration::from_secs(4);

fn quick() -> Start {
    let limits = PeerLimits {
        probe: Duration::from_millis(10),
        silence: Duration::from_millis(60),
        connect: Duration::from_millis(100),
        pause_max: Duration::from_millis(50),
        ..PeerLimits::default()
    };
    Start { limits, ..Start::default() }
}

/// Calls again and again; notes what became of each call.
async fn call_on(
    a: Arc<Node>,
    b: Arc<Node>,
    caller: u64,
    end: Instant,
) -> Vec<(u64, Result<(), CallError>)> {
    let mut random = Random::new(caller);
    let mut outcomes = Vec::new();
    for number in 0.. {
        if Instant::now() > end {
            break;
        }
        let id = caller << 32 | number;
        let len = if random.below(50) == 0 { 600_000 } else { 8 + random.below(3000) };
        let mut request = id.to_be_bytes().to_vec();
        request.resize(len, b'.');
        let request = Bytes::from(request);
        let lane = Lane::ALL[random.below(4)];
        let time = Duration::from_millis(1 + random.below(100) as u64);
        let outcome = a.links.call(b.id, lane, request.clone(), time).await;
        if outcome == Err(CallError::NotSent) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        outcomes.push((id, outcome.map(|reply| assert!(reply == request, "another's reply"))));
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_sent_was_not_served_and_nothing_is_served_twice() {
    let (a, b) = (Arc::new(quick().node(1).await), Arc::new(quick().node(2).await));
    let relay = Relay::to(b.address()).await;
    a.links.know(b.id, &relay.address.to_string());
    until("the link is up", || a.links.reaches(b.id)).await;
    let end = Instant::now() + TIME;
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| tokio::spawn(call_on(Arc::clone(&a), Arc::clone(&b), caller, end)))
        .collect();
    let mut random = Random::new(1);
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(random.below(60) as u64)).await;
        match random.below(4) {
            0 => relay.cut(),
            1 => {
                relay.faults.silent.store(true, SeqCst);
                tokio::time::sleep(Duration::from_millis(random.below(150) as u64)).await;
                relay.faults.silent.store(false, SeqCst);
            }
            2 => {
                let at = relay.faults.forth.load(SeqCst) + random.below(5000) as u64;
                relay.faults.flip_forth.store(at, SeqCst);
            }
            _ => {
                let at = relay.faults.back.load(SeqCst) + random.below(5000) as u64;
                relay.faults.flip_back.store(at, SeqCst);
            }
        }
    }
    let mut outcomes = HashMap::new();
    for caller in callers {
        outcomes.extend(caller.await.unwrap());
    }
    let mut served = HashMap::new();
    for request in b.notes.served.lock().iter() {
        let id = u64::from_be_bytes(request[..8].try_into().unwrap());
        *served.entry(id).or_insert(0) += 1;
    }
    let count = |wanted| outcomes.values().filter(|outcome| **outcome == wanted).count();
    let (replied, lost, not_sent) =
        (count(Ok(())), count(Err(CallError::Lost)), count(Err(CallError::NotSent)));
    println!("{replied} replied, {lost} lost, {not_sent} not sent");
    assert!(replied > 100 && lost > 10 && not_sent > 10);
    for (id, outcome) in &outcomes {
        let times = served.get(id).copied().unwrap_or(0);
        match outcome {
            Ok(()) => assert_eq!(times, 1, "{id:x}"),
            Err(CallError::NotSent) => assert_eq!(times, 0, "{id:x}"),
            Err(CallError::Lost) => assert!(times <= 1, "{id:x}"),
        }
    }
}
