//! Long queues: they are as fast as short ones, and emptying one holds up nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Server, Value, request};

/// Messages of a long queue.
const LONG: usize = 200_000;
/// Messages of a queue that is emptied.
const BACKLOG: usize = 40_000;
const AT_ONCE: usize = 1_000;

/// Puts so many messages into a queue.
fn fill(client: &mut Client, queue: &str, count: usize, bytes: usize) {
    let body = "x".repeat(bytes);
    for _ in 0..count / AT_ONCE {
        let mut words = vec!["QMPUSH".to_owned(), queue.to_owned(), "MSGS".to_owned()];
        words.push(AT_ONCE.to_string());
        words.extend(vec![body.clone(); AT_ONCE]);
        client.send(&request(&words)).unwrap();
        assert_eq!(client.reply().unwrap().items().len(), AT_ONCE);
    }
}

/// How long some rounds of push, pop and ack take.
fn work(client: &mut Client, queue: &str) -> Duration {
    let began = Instant::now();
    for _ in 0..300 {
        client.call(&format!("QPUSH {queue} y"));
        let receipt = client.call(&format!("QPOP {queue}")).items()[0].text();
        assert_eq!(client.call(&format!("QACK {queue} {receipt}")), Value::Int(1));
    }
    began.elapsed()
}

/// The bound is generous, for a busy machine: what grows with the length would be
/// hundreds of times slower.
#[test]
fn a_long_queue_is_as_fast_as_a_short_one() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut client = server.client();
    fill(&mut client, "long", LONG, 16);
    let (mut short, mut long) = (Duration::MAX, Duration::MAX);
    for _ in 0..4 {
        short = short.min(work(&mut client, "short"));
        long = long.min(work(&mut client, "long"));
    }
    assert!(long < 3 * short, "{long:?} with {LONG} messages, {short:?} without");
}

/// Ten consumers empty a long queue: who pushes meanwhile never waits long, and still pushes
/// a good part of what it pushed alone, though consumers take most of the processor here.
#[test]
fn a_drain_holds_up_nobody_who_pushes() {
    let server = Server::lockstep(&["--fsync", "never", "--queue-memory", "8mb"]);
    let mut client = server.client();
    fill(&mut client, "deep", BACKLOG, 1_000);
    let alone = push_for(&mut client, Duration::from_secs(1)).0;
    let (stop, drained) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let consumers: Vec<_> = (0..10)
        .map(|_| {
            let (mut consumer, stop, drained) = (server.client(), stop.clone(), drained.clone());
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let reply = consumer.call("QPOP deep COUNT 10 NOACK");
                    drained.fetch_add(reply.items().len() as u64, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let (meanwhile, longest) = push_for(&mut client, Duration::from_secs(2));
    stop.store(true, Ordering::Relaxed);
    consumers.into_iter().for_each(|consumer| consumer.join().unwrap());
    let drained = drained.load(Ordering::Relaxed);
    assert!(drained > 1_000, "only {drained} messages left the queue");
    assert!(longest < Duration::from_secs(1), "a push took {longest:?}");
    assert!(meanwhile * 10 > alone, "{meanwhile} pushes per second, {alone} without a drain");
}

/// Pushes for so long: how many per second, and how long the slowest took.
fn push_for(client: &mut Client, time: Duration) -> (u64, Duration) {
    let (began, mut count, mut longest) = (Instant::now(), 0, Duration::ZERO);
    while began.elapsed() < time {
        let at = Instant::now();
        assert!(!client.call("QPUSH deep y").is_error());
        longest = longest.max(at.elapsed());
        count += 1;
    }
    (count * 1_000 / time.as_millis() as u64, longest)
}
