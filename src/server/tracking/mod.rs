//! Telling clients that cache which keys have changed (CLIENT TRACKING).
//!
//! A node remembers which of its clients have read which keys, or want to know of which
//! prefixes (`table`). The names of keys that change it has from the leader of their
//! shard alone: from the machine here where this node leads, else from a stream that it
//! has asked the leader for (`sources`, `streams`). A replica here would know as well,
//! but it may apply an entry before the leader does, and a client that reads from the
//! leader behind that would be told nothing of what it has missed.
//!
//! A client's read is entered before it is carried out, and what is said of a key goes
//! behind the replies to what the client has begun: so whoever has a value and is told
//! nothing of it has the newest one, but for the time that telling takes. A node that
//! cannot be sure to be told (another leader, a gap in the stream, nothing heard for
//! [`LEASE`]) says once that everything may have changed, and until it can again it says
//! so of every key behind its reply. Who asks the leader through another node has the reply
//! behind the news of what had changed before it (`news`).

mod keys;
mod message;
mod news;
mod run;
mod sources;
mod state;
mod streams;
mod table;
mod terms;
#[cfg(test)]
mod tests;
mod watch;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lockstep_core::ShardId;
use lockstep_raft::Touches;
use parking_lot::Mutex;
use tokio::sync::Notify;

pub use run::{caching, info, redirect, switch};
pub use table::Counts;
pub use terms::Tracks;
pub use watch::start;

use crate::Node;
use crate::clients::Client;
use crate::config::Setting;
use state::State;

/// How long a node relies on being told when it hears nothing.
pub const LEASE: Duration = Duration::from_millis(500);

/// Which clients of this node are told which keys change.
#[derive(Debug)]
pub struct Tracking {
    state: Mutex<State>,
    touches: Touches,
    /// Rung when there is something to look at.
    bell: Notify,
    /// Rung when a stream has begun.
    heard: Notify,
    /// Rung when news has come, and when it may not come any more.
    news: Notify,
}

impl Tracking {
    /// Nobody is told anything yet; `touches` is where machines ask.
    pub fn new(touches: Touches) -> Self {
        let (bell, heard, news) = Default::default();
        Tracking { state: Mutex::default(), touches, bell, heard, news }
    }

    /// What INFO tells.
    pub fn counts(&self) -> Counts {
        self.state.lock().table.counts()
    }

    /// A client is about to read these keys of a shard, which this node `leads` or does
    /// not. Those of which that was not known.
    pub fn reads<'a>(
        &self,
        node: &Node,
        client: &Client,
        (shard, leads): (ShardId, bool),
        names: impl Iterator<Item = &'a [u8]>,
    ) -> Vec<&'a [u8]> {
        let keys_max = node.settings.size(Setting::TrackingTableMaxKeys);
        let mut state = self.state.lock();
        let covered = state.sources.covers(shard, leads, Instant::now());
        let mut new = Vec::new();
        for name in names {
            if !covered {
                state.table.cannot_tell(client.id(), name, &node.clients);
            } else if state.table.read(client.id(), name, keys_max, &node.clients) {
                new.push(name);
            }
        }
        new
    }

    /// A client has not read these keys after all.
    pub fn not_read(&self, client: &Client, names: &[Vec<u8>]) {
        let mut state = self.state.lock();
        names.iter().for_each(|name| state.table.not_read(client.id(), name));
    }

    /// A client is told nothing any more.
    pub fn leave(&self, id: u64) {
        let mut state = self.state.lock();
        state.table.leave(id);
        self.look_who_wants(&state);
    }

    /// Whether anybody here, or another node, wants to know of changes.
    fn look_who_wants(&self, state: &State) {
        self.touches.want(!state.is_idle());
    }

    fn enter(&self, client: &Arc<Client>, terms: terms::Terms) {
        let mut state = self.state.lock();
        state.table.enter(client, terms);
        // Before the client is answered: what it reads behind that is told.
        self.look_who_wants(&state);
    }
}
