//! Measures the links between nodes over loopback: the time of a round trip when
//! nothing else happens, and the processor time of a call among many.
//!
//! `cargo run --release -p lockstep-net --example peers_speed -- 256 64`: so many bytes
//! in each direction, so many calls at the same time.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lockstep_core::NodeId;
use lockstep_net::peers::{Lane, Listen, PeerLinks, PeerOptions, Served, Service};

const TIMEOUT: Duration = Duration::from_secs(5);

/// Answers with what was asked.
struct Echo;

impl Service for Echo {
    fn serve(&self, _: NodeId, request: Bytes) -> Served {
        Served::Now(request)
    }

    fn told(&self, _: NodeId, _: Bytes) {}

    fn knocked(&self, request: Bytes) -> Served {
        Served::Now(request)
    }

    fn link_lost(&self, _: NodeId, _: bool) {}
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let bytes: usize = numbers.next().unwrap_or(256);
    let calls: usize = numbers.next().unwrap_or(64);
    println!("{bytes} bytes in each direction");
    one_thread(bytes, calls);
    two_threads(bytes, calls);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
}

async fn node(id: u64) -> Arc<PeerLinks> {
    let listen = Listen::At { addresses: vec!["127.0.0.1".into()], port: 0 };
    let options = PeerOptions::new(listen, NodeId(id), 1, Arc::new(AtomicU64::new(1)));
    PeerLinks::start(options, Arc::new(Echo)).await.expect("loopback can be bound")
}

async fn until_linked(a: &PeerLinks, b: &PeerLinks) {
    a.know(NodeId(2), &b.addresses()[0].to_string());
    while !a.reaches(NodeId(2)) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Both nodes on one thread: what the processor does for a round trip, all of it.
fn one_thread(bytes: usize, calls: usize) {
    runtime().block_on(async {
        let (a, b) = (node(1).await, node(2).await);
        until_linked(&a, &b).await;
        measure("both nodes on one thread", &a, bytes, calls).await;
    });
}

/// Each node on a thread of its own, as with two processes.
fn two_threads(bytes: usize, calls: usize) {
    let (send, receive) = std::sync::mpsc::channel();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let other = std::thread::spawn(move || {
        runtime().block_on(async {
            send.send(node(2).await).expect("the other thread waits");
            // Its end is the sign.
            let _ = ended.await;
        });
    });
    let b = receive.recv().expect("the other thread sends");
    runtime().block_on(async {
        let a = node(1).await;
        until_linked(&a, &b).await;
        measure("each node on its thread", &a, bytes, calls).await;
    });
    drop(end);
    other.join().expect("the other thread has not panicked");
}

async fn measure(what: &str, links: &Arc<PeerLinks>, bytes: usize, calls: usize) {
    let body = Bytes::from(vec![7; bytes]);
    for lane in [Lane::Urgent, Lane::Data] {
        let mut times = Vec::new();
        for _ in 0..20_000 {
            let start = Instant::now();
            call(links, lane, &body).await;
            times.push(start.elapsed());
        }
        times.sort();
        let (half, most) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        println!("{what}, {lane:?}, one at a time: p50 {half:?}, p99 {most:?}");
    }
    let each = 200_000 / calls;
    let (start, cpu) = (Instant::now(), cpu_time());
    let tasks: Vec<_> = (0..calls)
        .map(|_| {
            let (links, body) = (Arc::clone(links), body.clone());
            tokio::spawn(async move {
                for _ in 0..each {
                    call(&links, Lane::Data, &body).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no call fails");
    }
    let (time, cpu, all) = (start.elapsed(), cpu_time() - cpu, (each * calls) as u32);
    println!(
        "{what}, {calls} at a time: {:.0} calls/s, {:?} of processor time each (both sides)",
        f64::from(all) / time.as_secs_f64(),
        cpu / all
    );
}

async fn call(links: &PeerLinks, lane: Lane, body: &Bytes) {
    let reply = links.call(NodeId(2), lane, body.clone(), TIMEOUT).await;
    assert_eq!(reply.as_deref(), Ok(&body[..]));
}

/// The processor time of this process, to the hundredth of a second.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
    let ticks: u64 = fields.skip(12).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
