//! Clients that work while nodes come and go, and remember what they were told.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Value};

/// How long a client waits for one reply.
const PATIENCE: Duration = Duration::from_secs(15);

/// What became of the commands of one client.
#[derive(Debug, Default)]
pub struct Report {
    /// Numbers that were surely appended.
    pub done: Vec<u64>,
    /// Numbers that may have been appended.
    pub uncertain: Vec<u64>,
    /// Refusals that surely changed nothing, by their text.
    pub refused: Vec<String>,
    /// How often the connection ended in the middle of a command.
    pub broken: u64,
    /// The longest time between two numbers that were done.
    pub longest_gap: Duration,
}

/// Clients that append numbers to a key of their own, each on one node.
pub struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Report>>,
}

impl Load {
    /// A client for each of these ports; that of number `i` appends to `log<i>`.
    pub fn start(ports: &[u16]) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let done = Arc::new(AtomicU64::new(0));
        let clients = ports.iter().enumerate().map(|(client, port)| {
            let (stop, done, port) = (stop.clone(), done.clone(), *port);
            std::thread::spawn(move || append(client, port, &stop, &done))
        });
        Load { clients: clients.collect(), stop: stop.clone(), done: done.clone() }
    }

    /// Waits until so many more commands are done.
    pub fn wait_done(&self, more: u64) {
        let goal = self.done.load(Ordering::Relaxed) + more;
        let began = Instant::now();
        while self.done.load(Ordering::Relaxed) < goal {
            assert!(began.elapsed() < Duration::from_secs(60), "the clients stand still");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends the clients and gives what they have seen.
    pub fn end(self) -> Vec<Report> {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.into_iter().map(|client| client.join().unwrap()).collect()
    }
}

fn append(client: usize, port: u16, stop: &AtomicBool, done: &AtomicU64) -> Report {
    let mut report = Report::default();
    let mut connection: Option<Client> = None;
    let mut number = 0;
    let mut last = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let Some(open) = connection.as_mut() else {
            connection = connect(port);
            continue;
        };
        number += 1;
        let reply: io::Result<Value> =
            open.try_call(&["APPEND", &format!("log{client}"), &format!("{number},")]);
        match reply {
            Ok(Value::Error(text)) if text.starts_with("UNCERTAIN") => {
                report.uncertain.push(number);
            }
            Ok(Value::Error(text)) => report.refused.push(text),
            Ok(_) => {
                report.done.push(number);
                report.longest_gap = report.longest_gap.max(last.elapsed());
                last = Instant::now();
                done.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {
                // The command may have been on its way in.
                report.uncertain.push(number);
                report.broken += 1;
                connection = None;
            }
        }
    }
    report
}

fn connect(port: u16) -> Option<Client> {
    let client = Client::connect(port).ok();
    match client {
        Some(mut client) => {
            client.patience(PATIENCE);
            Some(client)
        }
        None => {
            std::thread::sleep(Duration::from_millis(5));
            None
        }
    }
}

/// Holds what stands in the keys against what the clients were told: everything
/// that was done is there, once and in order, and nothing that was refused is.
pub fn check(reader: &mut Client, reports: &[Report]) {
    for (client, report) in reports.iter().enumerate() {
        let text = reader.call(&format!("GET log{client}")).text();
        let there: Vec<u64> = text.split_terminator(',').map(|n| n.parse().unwrap()).collect();
        assert!(there.is_sorted_by(|a, b| a < b), "client {client}: once each and in order");
        for number in &report.done {
            assert!(there.binary_search(number).is_ok(), "client {client}: {number} is lost");
        }
        for number in &there {
            let known = report.done.binary_search(number).is_ok()
                || report.uncertain.binary_search(number).is_ok();
            assert!(known, "client {client}: {number} was refused and is there");
        }
    }
}
