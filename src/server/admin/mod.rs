//! The admin port: metrics and health over HTTP.

pub mod health;

mod pages;
mod server;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lockstep_net::{BindError, Listener};

use crate::Node;
use crate::config::special::addresses;
use crate::config::{Setting, Settings};

pub use health::Check;
use pages::Pages;
use server::{Limits, Server};

/// The admin port of a running node.
#[derive(Debug)]
pub struct Admin {
    server: Option<Server>,
}

/// The admin port could not be opened.
#[derive(Debug)]
pub struct Failed(BindError);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BindError { address, port, error } = &self.0;
        write!(
            f,
            "cannot serve metrics and health on {address} port {port}: {error}; \
             choose another port with --admin-port, or 0 for none"
        )
    }
}

impl std::error::Error for Failed {}

/// Opens the admin port of `node` on the addresses that clients have; port 0 opens none.
///
/// # Errors
/// The port is taken, or an address is not there.
pub async fn start(node: Arc<Node>) -> Result<Admin, Failed> {
    let settings = node.settings.clone();
    let port = settings.port(Setting::AdminPort);
    if port == 0 {
        return Ok(Admin { server: None });
    }
    let listener = Listener::bind(&addresses(&settings), port);
    let listener = listener.map_err(Failed)?;
    let server = Server::start(listener.into_sockets(), pages(node), limits(&settings));
    Ok(Admin { server: Some(server) })
}

impl Admin {
    /// Where it listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref()?.addresses().first().copied()
    }

    /// Closes the port and all connections to it.
    pub async fn stop(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}

fn pages(node: Arc<Node>) -> Pages {
    let (measured, alive, ready) = (node.clone(), node.clone(), node);
    Pages {
        metrics: Box::new(move || crate::metrics::render(&measured)),
        live: Box::new(move || health::live(&alive)),
        ready: Box::new(move || health::ready(&ready)),
    }
}

fn limits(settings: &Settings) -> Limits {
    Limits {
        connections_max: settings.size(Setting::AdminConnectionsMax),
        header_timeout: Duration::from_millis(settings.number(Setting::AdminHeaderTimeoutMs)),
    }
}
