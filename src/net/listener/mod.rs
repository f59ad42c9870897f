//! The door: binds addresses and accepts connections.

mod bind;

#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use lockstep_commands::{BadArgs, Protocol, Reply, error};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{interval, sleep};

use crate::connection::{linger, serve};
use crate::{Connections, Handler, Link, Output};
pub use bind::BindError;

/// How long accepting rests after the system refused (no file handles left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many clients at once are told why they are turned away; more are closed
/// without a word.
const TURNED_AWAY_MAX: usize = 64;

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
        Ok(Listener { sockets: bind::all(addresses, port)? })
    }

    /// The addresses that were bound.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.iter().filter_map(|socket| socket.local_addr().ok()).collect()
    }

    /// The bound sockets, for a server of another protocol.
    pub fn into_sockets(self) -> Vec<TcpListener> {
        self.sockets
    }

    /// Accepts until `stop` turns true (or its sender is gone), with one task and
    /// one handler per connection; then lets the connections finish their batches
    /// and returns when the last has ended. The caller sets the deadline.
    pub async fn run<H, F>(
        self,
        connections: Arc<Connections>,
        mut stop: watch::Receiver<bool>,
        make: F,
    ) where
        H: Handler + 'static,
        F: Fn(Arc<Link>) -> H + Send + Sync + 'static,
    {
        let door =
            Door { connections, make, turned_away: Arc::new(Semaphore::new(TURNED_AWAY_MAX)) };
        tokio::select! {
            // A sender that is gone can not call for a stop any more.
            _ = stop.wait_for(|stop| *stop) => {}
            () = door.accept_all(&self.sockets) => {}
            () = keep_time(&door.connections) => {}
        }
        drop(self.sockets);
        door.connections.stop();
        while !door.connections.is_empty() {
            // One that was accepted in the last moment has not heard it.
            door.connections.stop();
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Moves the connections' clock.
async fn keep_time(connections: &Connections) {
    let mut second = interval(Duration::from_secs(1));
    second.tick().await;
    loop {
        second.tick().await;
        connections.tick(1);
    }
}

struct Door<F> {
    connections: Arc<Connections>,
    make: F,
    turned_away: Arc<Semaphore>,
}

impl<H, F> Door<F>
where
    H: Handler + 'static,
    F: Fn(Arc<Link>) -> H,
{
    /// Never ends: the other clients must not suffer from what one accept met.
    async fn accept_all(&self, sockets: &[TcpListener]) {
        loop {
            match accept_any(sockets).await {
                Ok((stream, peer)) => self.admit(stream, peer),
                Err(error) if is_of_one_client(&error) => {}
                Err(_) => {
                    self.connections.counters.accept_errors.fetch_add(1, Relaxed);
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        let limits = &self.connections.limits;
        let counters = &self.connections.counters;
        if limits.protected.load(Relaxed) && is_foreign(peer) {
            counters.denied.fetch_add(1, Relaxed);
            return self.turn_away(stream, error::DENIED);
        }
        if self.connections.len() >= limits.clients_max.load(Relaxed) {
            counters.rejected.fetch_add(1, Relaxed);
            return self.turn_away(stream, error::MAX_CLIENTS);
        }
        // A socket that fails here is gone already.
        let Ok(local) = prepare(&stream, limits.tcp_keepalive_seconds.load(Relaxed)) else {
            return;
        };
        counters.accepted.fetch_add(1, Relaxed);
        let link = self.connections.open(peer, local);
        let handler = (self.make)(Arc::clone(&link));
        tokio::spawn(serve(stream, link, Arc::clone(&self.connections), handler));
    }

    fn turn_away(&self, mut stream: TcpStream, why: BadArgs) {
        let Ok(permit) = Arc::clone(&self.turned_away).try_acquire_owned() else { return };
        tokio::spawn(async move {
            let mut out = Output::new(Protocol::Resp2);
            out.reply(&Reply::Error(why));
            // A fresh socket has room for one line; if not, the client is left without.
            if stream.writable().await.is_ok() && stream.try_write(out.bytes()).is_ok() {
                linger(&mut stream).await;
            }
            drop(permit);
        });
    }
}

async fn accept_any(sockets: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|context| {
        for socket in sockets {
            if let Poll::Ready(accepted) = socket.poll_accept(context) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}

/// Whether the client that was to be accepted is to blame.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Whether the client is on another machine.
fn is_foreign(peer: SocketAddr) -> bool {
    !peer.ip().to_canonical().is_loopback()
}

/// The longest pause between probes that the system takes, in seconds.
const KEEPALIVE_SECONDS_MAX: u64 = 32_767;

/// Sets a socket's options; returns its address on this side.
fn prepare(stream: &TcpStream, keepalive_seconds: u64) -> io::Result<SocketAddr> {
    stream.set_nodelay(true)?;
    let keepalive_seconds = keepalive_seconds.min(KEEPALIVE_SECONDS_MAX);
    if keepalive_seconds > 0 {
        // As Redis does it: the first probe after the interval, then three more
        // in the same time.
        let third = Duration::from_secs((keepalive_seconds / 3).max(1));
        let keepalive = TcpKeepalive::new()
            .with_time(Duration::from_secs(keepalive_seconds))
            .with_interval(third)
            .with_retries(3);
        SockRef::from(stream).set_tcp_keepalive(&keepalive)?;
    }
    stream.local_addr()
}
