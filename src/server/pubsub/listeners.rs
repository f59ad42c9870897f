//! Those who listen to one name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::message::Message;
use crate::clients::Client;

/// Those who listen to one name, in the order they connected.
#[derive(Debug, Default)]
pub(super) struct Listeners(BTreeMap<u64, Arc<Client>>);

impl Listeners {
    pub fn enter(&mut self, client: &Arc<Client>) {
        self.0.insert(client.id(), client.clone());
    }

    pub fn leave(&mut self, id: u64) {
        self.0.remove(&id);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Shows all of them.
    pub fn each(&self, show: impl FnMut(&Client)) {
        self.0.values().map(|client| &**client).for_each(show);
    }

    /// Gives a message to all of them.
    pub fn tell(&self, message: &Message) -> usize {
        for client in self.0.values() {
            client.push(message.bytes(client.protocol()));
        }
        self.0.len()
    }
}
