//! Clients that read as fast as they can, each on its node.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::JoinHandle;
use std::time::Duration;

use lockstep_tests::{Client, Value, request};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::super::history::Clock;
use super::super::stage::NODES;
use super::super::stand::Stand;
use super::counters::Counters;

/// Readers of each node.
const READERS: usize = 2;
/// Reads in one pipeline.
const DEPTH: usize = 32;
/// A read that has to wait for another node is given up after that: the copies of other
/// keys may still be there.
const PATIENCE: Duration = Duration::from_millis(200);
const DIAL_PATIENCE: Duration = Duration::from_millis(300);
/// How long a reader rests when its node does not take it.
const REST: Duration = Duration::from_millis(10);

/// Starts them; each says in the end how many reads were answered.
pub fn start(stand: &mut Stand, counters: &Arc<Counters>) -> Vec<JoinHandle<u64>> {
    let nodes = stand.nodes();
    (0..NODES * READERS)
        .map(|reader| {
            let node = reader % NODES;
            let (address, clock, counters) = (nodes[node], stand.clock, counters.clone());
            let random = SmallRng::seed_from_u64(stand.random.random());
            let mut reader = Reader { node, address, clock, counters, random, reads: 0 };
            std::thread::spawn(move || {
                while reader.counters.goes_on() {
                    // The node is gone, or silent.
                    if reader.read().is_err() {
                        std::thread::sleep(REST);
                    }
                }
                reader.reads
            })
        })
        .collect()
}

struct Reader {
    node: usize,
    address: SocketAddr,
    clock: Clock,
    counters: Arc<Counters>,
    random: SmallRng,
    reads: u64,
}

impl Reader {
    fn read(&mut self) -> io::Result<()> {
        let stream = TcpStream::connect_timeout(&self.address, DIAL_PATIENCE)?;
        let mut client = Client::over(stream)?;
        client.patience(PATIENCE);
        while self.counters.goes_on() {
            let refused = self.round(&mut client)?;
            if refused > 0 {
                self.counters.refused.fetch_add(refused, SeqCst);
                std::thread::sleep(REST);
            }
        }
        Ok(())
    }

    /// One pipeline of reads of one key; gives how many were refused.
    fn round(&mut self, client: &mut Client) -> io::Result<u64> {
        let counters = self.counters.clone();
        let counter = &counters.list[self.random.random_range(0..counters.list.len())];
        let floor = counter.floor();
        let began = self.clock.now();
        client.send(&request(&["GET", &counter.name]).repeat(DEPTH))?;
        let mut refused = 0;
        for _ in 0..DEPTH {
            match client.reply()? {
                Value::Error(_) => refused += 1,
                value => {
                    let value = value.int().unwrap_or(0).unsigned_abs();
                    counters.check(counter, floor, value, self.node);
                    counters.nodes[self.node].fetch_max(began, SeqCst);
                    self.reads += 1;
                }
            }
        }
        Ok(refused)
    }
}
