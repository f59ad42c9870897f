//! The door: binds addresses and accepts connections.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::{Connections, Handler, Link};

/// An address could not be bound.
#[derive(Debug)]
pub struct BindError {
    /// The address and port that were asked for.
    pub address: String,
    /// What the system said.
    pub error: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}", self.address, self.error)
    }
}

impl std::error::Error for BindError {}

/// The bound sockets, ready to accept.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
}

impl Listener {
    /// Binds every address to `port`. An address is an IP address, a host name or
    /// `*` for all interfaces; one with a leading `-` may be missing on this
    /// machine. Port 0 takes any free port. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When an address cannot be bound: the port is taken, or the address is not
    /// this machine's.
    pub fn bind(addresses: &[String], port: u16) -> Result<Self, BindError> {
        let _ = (addresses, port);
        Ok(Listener { sockets: Vec::new() })
    }

    /// The addresses that were bound.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect()
    }

    /// Accepts until `stop` turns true (or its sender is gone), with one task and
    /// one handler per connection; then lets the connections finish their batches
    /// and returns when the last has ended. The caller sets the deadline.
    pub async fn run<H, F>(self, connections: Arc<Connections>, stop: watch::Receiver<bool>, make: F)
    where
        H: Handler + 'static,
        F: Fn(Arc<Link>) -> H + Send + Sync + 'static,
    {
        let _ = (connections, stop, make);
    }
}
