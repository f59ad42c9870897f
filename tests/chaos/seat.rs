//! A client: asks, waits, and goes to another node when its own is silent.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use lockstep_sim::check::Span;
use lockstep_tests::{Client, Value};

use super::history::Clock;

const DIAL_PATIENCE: Duration = Duration::from_millis(300);

/// A client.
pub struct Seat {
    /// The clock of all.
    pub clock: Clock,
    nodes: Vec<SocketAddr>,
    node: usize,
    client: Option<Client>,
    patience: Duration,
}

/// What a client was told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// An answer.
    Done(Value),
    /// An error.
    Error(String),
    /// Nothing: the connection broke, or it took too long. Nobody knows.
    Lost,
}

impl Seat {
    /// A client that begins at this node.
    pub fn new(nodes: Vec<SocketAddr>, node: usize, clock: Clock) -> Seat {
        Seat { clock, nodes, node, client: None, patience: Duration::from_secs(12) }
    }

    /// Waits so long for answers.
    pub fn patience(&mut self, time: Duration) {
        self.patience = time;
        self.client = None;
    }

    /// Sends words and gives the answer. On an unsure end the connection is given
    /// up, and the next one goes to another node.
    pub fn call(&mut self, words: &[&str]) -> (Span, Told) {
        let began = self.clock.now();
        let told = match self.exchange(words) {
            Ok(Value::Error(text)) => Told::Error(text),
            Ok(value) => Told::Done(value),
            Err(_) => {
                self.go_on();
                Told::Lost
            }
        };
        (Span { began, ended: self.clock.now() }, told)
    }

    /// Sends words, and does not wait for the answer.
    pub fn send(&mut self, words: &[&str]) -> io::Result<()> {
        self.send_bytes(&lockstep_tests::request(words))
    }

    /// Sends commands as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.connected()?.send(bytes)
    }

    /// The next answer.
    pub fn receive(&mut self) -> Told {
        match self.connected().and_then(Client::reply) {
            Ok(Value::Error(text)) => Told::Error(text),
            Ok(value) => Told::Done(value),
            Err(_) => {
                self.client = None;
                Told::Lost
            }
        }
    }

    /// Ends the connection; the next one goes to another node.
    pub fn go_on(&mut self) {
        self.client = None;
        self.node = (self.node + 1) % self.nodes.len();
    }

    /// Ends the connection.
    pub fn hang_up(&mut self) {
        self.client = None;
    }

    fn exchange(&mut self, words: &[&str]) -> io::Result<Value> {
        self.connected()?.try_call(words)
    }

    fn connected(&mut self) -> io::Result<&mut Client> {
        if self.client.is_none() {
            let stream = TcpStream::connect_timeout(&self.nodes[self.node], DIAL_PATIENCE)?;
            let mut client = Client::over(stream)?;
            client.patience(self.patience);
            self.client = Some(client);
        }
        Ok(self.client.as_mut().expect("just made"))
    }
}

impl Told {
    /// A number.
    pub fn int(&self) -> Option<i64> {
        match self {
            Told::Done(Value::Int(number)) => Some(*number),
            _ => None,
        }
    }

    /// A token.
    pub fn token(&self) -> Option<u64> {
        self.int().and_then(|token| u64::try_from(token).ok())
    }

    /// The error, if it begins so.
    pub fn error(&self, prefix: &str) -> Option<&str> {
        match self {
            Told::Error(text) => text.starts_with(prefix).then_some(text),
            _ => None,
        }
    }
}
