//! The HTTP server of the admin port, within its limits.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::pages::Pages;
use crate::logging::id;

/// The bytes that the head of a request may have; hyper takes no less than 8 KiB.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// How many header lines a request may have.
const HEADERS_MAX: usize = 64;
/// How long a whole connection may last; a scraper opens the next one.
const CONNECTION_MAX: Duration = Duration::from_secs(600);
/// How long nothing is accepted after accepting has failed, for lack of files most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What clients of the admin port may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Connections at the same time; the next one is closed.
    pub connections_max: usize,
    /// How long the head of a request may take, and the pause before it.
    pub header_timeout: Duration,
}

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    addresses: Vec<SocketAddr>,
    /// One task for each address, which owns the connections it took.
    tasks: JoinSet<()>,
}

impl Server {
    /// Serves `pages` on `listeners`.
    pub fn start(listeners: Vec<TcpListener>, pages: Pages, limits: Limits) -> Server {
        let addresses = listeners.iter().filter_map(|l| l.local_addr().ok()).collect();
        let pages = Arc::new(pages);
        let room = Arc::new(Semaphore::new(limits.connections_max));
        let mut tasks = JoinSet::new();
        for listener in listeners {
            tasks.spawn(accept(listener, pages.clone(), room.clone(), limits));
        }
        Server { addresses, tasks }
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Ends all connections and stops listening.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Takes connections for ever; those it has end with it.
async fn accept(listener: TcpListener, pages: Arc<Pages>, room: Arc<Semaphore>, limits: Limits) {
    let mut connections = JoinSet::new();
    let mut failing = false;
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, _)) => {
                failing = false;
                // Without room the connection is closed right here.
                if let Ok(place) = room.clone().try_acquire_owned() {
                    connections.spawn(serve(stream, pages.clone(), limits, place));
                }
            }
            Err(error) => {
                if !failing {
                    tracing::warn!(id = id::ADMIN_ACCEPT, "admin port: {error}");
                }
                failing = true;
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, pages: Arc<Pages>, limits: Limits, place: OwnedSemaphorePermit) {
    let service = service_fn(move |request| {
        let response = answer(&pages, &request);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    // What a client of the admin port does wrong is its own affair; hyper has
    // answered it as far as it can be answered.
    let _ = tokio::time::timeout(CONNECTION_MAX, connection).await;
    drop(place);
}

fn answer(pages: &Pages, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let uri = request.uri();
    pages.answer(request.method(), uri.path(), uri.query().unwrap_or_default())
}
