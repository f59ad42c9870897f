//! Who listens to what on this node.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use lockstep_commands::here::Subscription;
use lockstep_core::glob;
use parking_lot::RwLock;

use super::listeners::Listeners;
use super::message::Message;
use crate::clients::Client;

/// Who listens to what on this node.
#[derive(Debug, Default)]
pub struct Tables {
    channels: DashMap<Box<[u8]>, Listeners>,
    shards: DashMap<Box<[u8]>, Listeners>,
    patterns: RwLock<BTreeMap<Box<[u8]>, Listeners>>,
    /// As long as the list of patterns: none costs one load per message.
    pattern_count: AtomicUsize,
}

impl Tables {
    /// A client begins to listen.
    pub fn enter(&self, kind: Subscription, name: &[u8], client: &Arc<Client>) {
        let Some(table) = self.by_name(kind) else {
            let mut patterns = self.patterns.write();
            patterns.entry(name.into()).or_default().enter(client);
            self.pattern_count.store(patterns.len(), Ordering::Release);
            return;
        };
        table.entry(name.into()).or_default().enter(client);
    }

    /// A client listens no longer. No message to it is on its way when this returns.
    pub fn leave(&self, kind: Subscription, name: &[u8], id: u64) {
        let Some(table) = self.by_name(kind) else {
            let mut patterns = self.patterns.write();
            if let Some(listeners) = patterns.get_mut(name) {
                listeners.leave(id);
                if listeners.is_empty() {
                    patterns.remove(name);
                }
            }
            self.pattern_count.store(patterns.len(), Ordering::Release);
            return;
        };
        if let Some(mut listeners) = table.get_mut(name) {
            listeners.leave(id);
        }
        table.remove_if(name, |_, listeners| listeners.is_empty());
    }

    /// Gives a message to all who listen, and tells how many did.
    pub fn deliver(&self, shard: bool, channel: &[u8], message: &[u8]) -> usize {
        let by_name = self
            .named(shard)
            .get(channel)
            .map_or(0, |listeners| listeners.tell(&Message::of_channel(shard, channel, message)));
        if shard || self.pattern_count.load(Ordering::Acquire) == 0 {
            return by_name;
        }
        let patterns = self.patterns.read();
        let fitting = patterns.iter().filter(|(pattern, _)| glob::matches(pattern, channel));
        let by_pattern = fitting
            .map(|(pattern, it)| it.tell(&Message::of_pattern(pattern, channel, message)))
            .sum::<usize>();
        by_name + by_pattern
    }

    /// Shows every name and pattern with each client that listens to it.
    pub fn each_listener(&self, mut show: impl FnMut(&[u8], bool, &Client)) {
        for table in [&self.channels, &self.shards] {
            for entry in table {
                entry.value().each(|client| show(entry.key(), false, client));
            }
        }
        for (pattern, listeners) in &*self.patterns.read() {
            listeners.each(|client| show(pattern, true, client));
        }
    }

    /// How many listen to a channel by its name.
    pub fn count(&self, shard: bool, channel: &[u8]) -> usize {
        self.named(shard).get(channel).map_or(0, |listeners| listeners.len())
    }

    /// How many channels somebody listens to by name.
    pub fn channel_count(&self, shard: bool) -> usize {
        self.named(shard).len()
    }

    /// How many patterns somebody listens by.
    pub fn pattern_count(&self) -> usize {
        self.pattern_count.load(Ordering::Acquire)
    }

    /// Whether nobody listens to anything.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.shards.is_empty() && self.pattern_count() == 0
    }

    /// The channels that somebody listens to by name, and that fit a pattern.
    pub fn channels(&self, shard: bool, pattern: Option<&[u8]>) -> Vec<Vec<u8>> {
        let fits = |name: &[u8]| pattern.is_none_or(|pattern| glob::matches(pattern, name));
        let table = self.named(shard).iter();
        table.filter(|entry| fits(entry.key())).map(|entry| entry.key().to_vec()).collect()
    }

    /// The patterns that somebody listens by.
    pub fn patterns(&self) -> Vec<Vec<u8>> {
        self.patterns.read().keys().map(|pattern| pattern.to_vec()).collect()
    }

    fn named(&self, shard: bool) -> &DashMap<Box<[u8]>, Listeners> {
        if shard { &self.shards } else { &self.channels }
    }

    fn by_name(&self, kind: Subscription) -> Option<&DashMap<Box<[u8]>, Listeners>> {
        match kind {
            Subscription::Channel => Some(&self.channels),
            Subscription::Shard => Some(&self.shards),
            Subscription::Pattern => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lockstep_net::{Connections, Output};

    use super::*;

    fn client(connections: &Arc<Connections>) -> Arc<Client> {
        let address = "127.0.0.1:1".parse().unwrap();
        Arc::new(Client::new(connections.open(address, address), connections.clone()))
    }

    fn received(client: &Client) -> String {
        let mut out = Output::default();
        client.hand_over(&mut out);
        String::from_utf8_lossy(out.bytes()).replace("\r\n", " ")
    }

    #[test]
    fn a_message_goes_to_all_who_listen_by_name_or_by_pattern() {
        let (tables, connections) = (Tables::default(), Arc::new(Connections::default()));
        let (a, b) = (client(&connections), client(&connections));
        tables.enter(Subscription::Channel, b"news", &a);
        tables.enter(Subscription::Pattern, b"n*", &a);
        tables.enter(Subscription::Pattern, b"?ews", &b);
        tables.enter(Subscription::Shard, b"news", &b);
        assert_eq!(tables.deliver(false, b"news", b"m"), 3);
        assert_eq!(received(&a), "*3 $7 message $4 news $1 m *4 $8 pmessage $2 n* $4 news $1 m ");
        assert_eq!(received(&b), "*4 $8 pmessage $4 ?ews $4 news $1 m ");
        assert_eq!(tables.deliver(true, b"news", b"m"), 1);
        assert_eq!(received(&b), "*3 $8 smessage $4 news $1 m ");
        assert_eq!(received(&a), "");
        assert_eq!(tables.deliver(false, b"other", b"m"), 0);
    }

    #[test]
    fn what_nobody_listens_to_is_forgotten() {
        let (tables, connections) = (Tables::default(), Arc::new(Connections::default()));
        let (a, b) = (client(&connections), client(&connections));
        let kinds = [Subscription::Channel, Subscription::Pattern, Subscription::Shard];
        for kind in kinds {
            tables.enter(kind, b"c", &a);
            tables.enter(kind, b"c", &a);
            tables.enter(kind, b"c", &b);
        }
        assert_eq!((tables.count(false, b"c"), tables.count(true, b"c")), (2, 2));
        assert_eq!(tables.channels(false, None), [b"c"]);
        assert_eq!(tables.channels(true, Some(b"d*")), Vec::<Vec<u8>>::new());
        assert_eq!(tables.patterns(), [b"c"]);
        for kind in kinds {
            tables.leave(kind, b"c", a.id());
            tables.leave(kind, b"x", a.id());
        }
        assert_eq!(tables.count(false, b"c"), 1);
        kinds.into_iter().for_each(|kind| tables.leave(kind, b"c", b.id()));
        assert!(tables.is_empty());
        assert_eq!((tables.channel_count(false), tables.pattern_count()), (0, 0));
    }

    #[test]
    fn a_slow_listener_is_closed_and_the_others_are_not() {
        let (tables, connections) = (Tables::default(), Arc::new(Connections::default()));
        connections.limits.output_pubsub.set(100, 0, 0);
        let (slow, quick) = (client(&connections), client(&connections));
        for client in [&slow, &quick] {
            client.set_subscriptions([1, 0, 0]);
            tables.enter(Subscription::Channel, b"c", client);
        }
        for _ in 0..5 {
            assert_eq!(tables.deliver(false, b"c", b"0123456789"), 2);
            assert!(!received(&quick).is_empty());
        }
        assert!(slow.has(crate::clients::Flag::Closing));
        assert!(!quick.has(crate::clients::Flag::Closing));
        assert_eq!(slow.outbox_bytes(), 0);
    }
}
