//! A client's connection: sends, waits, and knows what an answer is worth.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lockstep_sim::check::{NEVER, Span};
use lockstep_tests::{Client, Value, request};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::super::history::{Class, Clock, History, Kind, Mark};
use super::{GENERATION, Start};

/// Longer than any node tries on its own.
const PATIENCE: Duration = Duration::from_secs(12);
const DIAL_PATIENCE: Duration = Duration::from_millis(500);

/// What became of a command.
#[derive(Clone, Debug)]
pub enum Told {
    /// It was done, with this answer.
    Done(Value),
    /// It was surely not done.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// One client.
pub struct Hand {
    /// What it has seen.
    pub history: History,
    /// Its random choices.
    pub random: SmallRng,
    /// Its number, which no other has.
    pub id: u64,
    /// The clock of all.
    pub clock: Clock,
    /// Whether it goes on to another node when this one takes no connection.
    pub roams: bool,
    /// How many connections it has had.
    pub connections: u64,
    nodes: Vec<SocketAddr>,
    node: usize,
    connection: Option<(Client, TcpStream)>,
    pace: Duration,
    stop: Arc<AtomicBool>,
    count: u64,
}

impl Hand {
    /// A client of this node.
    pub fn new(start: &Start, id: u64, node: usize, stop: Arc<AtomicBool>) -> Hand {
        Hand {
            history: History::default(),
            random: SmallRng::seed_from_u64(id),
            id,
            clock: start.clock,
            roams: start.roam || id.is_multiple_of(2),
            connections: 0,
            nodes: start.nodes.clone(),
            node,
            connection: None,
            pace: start.pace,
            stop,
            count: 0,
        }
    }

    /// Waits for the next turn with a connection; false at the end.
    pub fn next(&mut self) -> bool {
        let pause = self.pace.as_micros() as u64;
        self.pause(pause / 2..=pause * 3 / 2);
        while !self.stop.load(Ordering::Relaxed) {
            if self.is_connected() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Stands still for so many microseconds.
    pub fn pause(&mut self, time_us: RangeInclusive<u64>) {
        std::thread::sleep(Duration::from_micros(self.random.random_range(time_us)));
    }

    /// The generation of keys that is in use.
    pub fn generation(&self) -> u64 {
        self.clock.now() / GENERATION
    }

    /// A number that no client has had before.
    pub fn fresh(&mut self) -> u64 {
        self.count += 1;
        self.id * 10_000_000 + self.count
    }

    /// Gives up the connection.
    pub fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Sends a command and says what became of it. A span without a known outcome
    /// ends never.
    pub fn call<W: AsRef<[u8]>>(&mut self, kind: Kind, words: &[W]) -> (Span, Told) {
        self.pipeline(kind, &request(words), 1)
    }

    /// Sends some commands as one; the last answer is that of all.
    pub fn pipeline(&mut self, kind: Kind, bytes: &[u8], replies: usize) -> (Span, Told) {
        let Some((client, _)) = &mut self.connection else {
            return (Span { began: self.clock.now(), ended: NEVER }, Told::Refused);
        };
        let began = self.clock.now();
        let reply = exchange(client, bytes, replies);
        let ended = self.clock.now();
        let (class, told) = self.judge(reply);
        self.history.marks.push(Mark { node: self.node, kind, class, began, ended });
        let ended = if matches!(told, Told::Unknown) { NEVER } else { ended };
        (Span { began, ended }, told)
    }

    fn judge(&mut self, reply: io::Result<Value>) -> (Class, Told) {
        match reply {
            Ok(Value::Error(text)) => {
                let uncertain = text.starts_with("UNCERTAIN");
                *self.history.texts.entry(shape(&text)).or_default() += 1;
                if uncertain {
                    (Class::Uncertain, Told::Unknown)
                } else {
                    (Class::Refused, Told::Refused)
                }
            }
            Ok(value) => (Class::Done, Told::Done(value)),
            Err(problem) => {
                *self.history.texts.entry(format!("({problem})")).or_default() += 1;
                self.connection = None;
                (Class::Broken, Told::Unknown)
            }
        }
    }

    /// Whether there is a connection that the other side has not ended, perhaps a
    /// new one.
    fn is_connected(&mut self) -> bool {
        if self.connection.as_ref().is_some_and(|(_, stream)| ended(stream)) {
            self.connection = None;
        }
        if self.connection.is_none() {
            self.connection = dial(self.nodes[self.node]).ok();
            self.connections += 1;
            if self.connection.is_none() && self.roams {
                self.node = (self.node + 1) % self.nodes.len();
            }
        }
        self.connection.is_some()
    }
}

fn dial(address: SocketAddr) -> io::Result<(Client, TcpStream)> {
    let stream = TcpStream::connect_timeout(&address, DIAL_PATIENCE)?;
    let mut client = Client::over(stream.try_clone()?)?;
    client.patience(PATIENCE);
    Ok((client, stream))
}

/// Whether the server has closed a connection on which nothing is under way.
fn ended(stream: &TcpStream) -> bool {
    let look = || {
        stream.set_nonblocking(true)?;
        let seen = stream.peek(&mut [0]);
        stream.set_nonblocking(false)?;
        seen
    };
    !matches!(look(), Err(problem) if problem.kind() == io::ErrorKind::WouldBlock)
}

fn exchange(client: &mut Client, bytes: &[u8], replies: usize) -> io::Result<Value> {
    client.send(bytes)?;
    for _ in 1..replies {
        client.reply()?;
    }
    client.reply()
}

/// An error text without numbers and addresses.
fn shape(text: &str) -> String {
    let words = text.split(' ').filter(|word| !word.contains(|c: char| c.is_ascii_digit()));
    words.take(14).collect::<Vec<_>>().join(" ")
}
