//! The connected clients: who they are, and what others may ask of them.

mod client;
mod line;
mod packed;
mod pause;

use std::sync::Arc;

use dashmap::DashMap;
use lockstep_commands::here::{ClientKind, KillFilter};

pub use client::{Client, Flag};
pub use line::{line, line_with};

pub use pause::{Pause, may_write};

/// The registry of connected clients.
#[derive(Debug, Default)]
pub struct Clients {
    list: DashMap<u64, Arc<Client>>,
    /// Whether clients have to wait (CLIENT PAUSE).
    pub pause: Pause,
}

impl Clients {
    /// Enters a client.
    pub fn enter(&self, client: Arc<Client>) {
        self.list.insert(client.id(), client);
    }

    /// Forgets a client.
    pub fn leave(&self, id: u64) {
        self.list.remove(&id);
    }

    /// The client with this id.
    pub fn get(&self, id: u64) -> Option<Arc<Client>> {
        self.list.get(&id).map(|client| client.clone())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All of them, in the order they came.
    pub fn all(&self) -> Vec<Arc<Client>> {
        let mut all: Vec<_> = self.list.iter().map(|entry| entry.value().clone()).collect();
        all.sort_unstable_by_key(|client| client.id());
        all
    }

    /// How many have this flag.
    pub fn count(&self, flag: Flag) -> usize {
        self.list.iter().filter(|entry| entry.value().has(flag)).count()
    }

    /// How many bytes wait in the buffers of all clients.
    pub fn buffer_bytes(&self) -> u64 {
        self.list.iter().map(|entry| entry.value().buffer_bytes()).sum()
    }

    /// Those that match a filter of CLIENT KILL asked by `me`.
    pub fn matching(&self, filter: &KillFilter<'_>, me: u64) -> Vec<Arc<Client>> {
        let mut matching = self.all();
        matching.retain(|client| matches(client, filter, me));
        matching
    }
}

fn matches(client: &Client, filter: &KillFilter<'_>, me: u64) -> bool {
    let is = |wanted: Option<&[u8]>, address: String| {
        wanted.is_none_or(|wanted| wanted == address.as_bytes())
    };
    filter.id.is_none_or(|id| u64::try_from(id).is_ok_and(|id| id == client.id()))
        && filter.kind.is_none_or(|kind| kind == self::kind(client))
        && is(filter.address, client.link().peer.to_string())
        && is(filter.local_address, client.link().local.to_string())
        && filter.user.is_none_or(|name| client.user().is_some_and(|user| user.name() == name))
        && !(filter.skip_me && client.id() == me)
}

/// What kind a client is of. Nodes of the cluster do not come through this port,
/// so there are neither masters nor replicas.
pub fn kind(client: &Client) -> ClientKind {
    if client.has(Flag::PubSub) { ClientKind::PubSub } else { ClientKind::Normal }
}
