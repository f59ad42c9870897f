//! Channels: who listens to what on this node, and messages for them from every node.
//!
//! A message goes to the listeners of this node at once and to all other nodes, each
//! of which gives it to its own. Nothing of it is kept: who does not listen at the
//! moment, or whose node cannot be reached, does not get it. What one publisher sends
//! arrives in its order.

pub mod keyspace;
mod listeners;
mod message;
mod others;
mod run;
mod subscriptions;
mod tables;

use std::sync::Arc;

use lockstep_core::wire::Wire;

use crate::exchange::{Exchange, Topic};
use others::{Others, Said};
pub(crate) use run::leave_all;
pub use run::run;
pub use subscriptions::Subscriptions;
pub use tables::Tables;

/// The channels of the cluster, as this node serves them.
#[derive(Debug)]
pub struct PubSub {
    tables: Arc<Tables>,
    exchange: Exchange,
}

impl PubSub {
    /// With the way to other nodes; from now on their messages are delivered.
    pub fn new(exchange: Exchange) -> Self {
        let tables = Arc::<Tables>::default();
        exchange.listen(Topic::PubSub, Others(tables.clone()));
        PubSub { tables, exchange }
    }

    /// Sends a message to all who listen to a channel, on all nodes, and tells how
    /// many on this one do. Never waits.
    pub fn publish(&self, channel: &[u8], message: &[u8]) -> usize {
        self.publish_on(false, channel, message)
    }

    /// The same for a channel, or a shard channel.
    pub fn publish_on(&self, shard: bool, channel: &[u8], message: &[u8]) -> usize {
        self.tell_others(shard, channel, message);
        self.tables.deliver(shard, channel, message)
    }

    /// Whether nobody listens to anything on this node.
    pub fn is_idle(&self) -> bool {
        self.tables.is_empty()
    }

    /// Who listens to what on this node.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    fn tell_others(&self, shard: bool, channel: &[u8], message: &[u8]) {
        if !self.exchange.is_alone() {
            let said = bytes(&Said::Message { shard, channel, message });
            self.exchange.tell_others(Topic::PubSub, &said);
        }
    }
}

fn bytes(said: &Said<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    said.put(&mut out);
    out
}
