//! Clients that work while nodes come and go, and write down what they see.

mod hand;
mod locks;
mod numbers;
mod queues;
mod registers;
mod transactions;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;

pub use hand::{Hand, Told};
pub use numbers::COUNTERS;
pub use queues::drain;
pub use transactions::{ACCOUNTS, TOTAL, elements_of, found, lists_of};

use super::history::{Clock, History};

/// How long the keys of one generation are used, in nanoseconds: the work of a
/// checker grows faster than the history of a key.
const GENERATION: u64 = 4_000_000_000;

/// All clients of a run.
pub struct Clients {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<History>>,
}

/// What a client needs to begin.
pub struct Start {
    /// Where the nodes are.
    pub nodes: Vec<SocketAddr>,
    /// The clock of all clients.
    pub clock: Clock,
    /// Where random choices begin.
    pub seed: u64,
    /// The pause between commands.
    pub pace: Duration,
    /// Whether all clients go on to another node when theirs takes no connection;
    /// otherwise half of them do.
    pub roam: bool,
}

type Work = fn(&mut Hand);

/// What clients do, and how many on each node.
const WORKS: &[(Work, usize)] = &[
    (registers::probe, 1),
    (registers::read_and_write, 2),
    (registers::everything, 1),
    (numbers::count, 1),
    (transactions::append, 1),
    (transactions::transfer, 1),
    (locks::of_connections, 1),
    (locks::with_leases, 1),
    (queues::produce, 1),
    (queues::consume, 1),
];

impl Clients {
    /// Starts them.
    pub fn start(start: &Start) -> Clients {
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = Vec::new();
        for (work, count) in WORKS {
            for home in 0..start.nodes.len() * count {
                let id = clients.len() as u64;
                let mut hand = Hand::new(start, id, home % start.nodes.len(), stop.clone());
                hand.random = SmallRng::seed_from_u64(start.seed ^ (id + 1));
                clients.push(std::thread::spawn(move || {
                    work(&mut hand);
                    hand.history
                }));
            }
        }
        Clients { stop, clients }
    }

    /// Ends them and gives what they have seen.
    pub fn end(self) -> History {
        self.stop.store(true, Ordering::Relaxed);
        let mut history = History::default();
        for client in self.clients {
            history.merge(client.join().expect("a client ends in peace"));
        }
        history
    }
}
