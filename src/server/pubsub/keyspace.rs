//! What happens to keys, on channels. Source: "Redis keyspace notifications".
//!
//! Whoever leads a shard tells of its keys, as its own `notify-keyspace-events` says. So
//! CONFIG SET changes that on all nodes that can be reached.

use std::sync::Arc;

use lockstep_core::keys::{Class, Event, Happened};
use lockstep_core::wire::Wire;
use lockstep_core::{Db, NodeId};
use lockstep_raft::Served;

use crate::Node;
use crate::config::special::{event as letter, print_events};
use crate::config::{Setting, Settings};
use crate::exchange::{Exchange, Listener, Topic};

/// Publishes that something happened to a key: the event on the channel of the key, the
/// key on that of the event.
pub fn publish(node: &Node, db: Db, key: &[u8], event: Event) {
    let bits = letters(&node.settings);
    let word = event.word().as_bytes();
    // How many listen here is of no interest.
    if bits & letter::KEYSPACE != 0 {
        let _ = node.pubsub.publish(&channel("keyspace", db, key), word);
    }
    if bits & letter::KEYEVENT != 0 {
        let _ = node.pubsub.publish(&channel("keyevent", db, word), key);
    }
}

/// The same of several, one after the other.
pub fn publish_all(node: &Node, all: Vec<Happened>) {
    all.iter().for_each(|one| publish(node, one.db, &one.key, one.event));
}

/// Whether somebody may listen to reads that find nothing: then the leader of the shard
/// reads, which tells of them, and no copy.
pub fn hears_misses(node: &Node) -> bool {
    classes(&node.settings) & Class::Miss.bit() != 0
}

/// The classes of events that are gathered: none where they would be published under no
/// name.
pub fn classes(settings: &Settings) -> u64 {
    let (bits, names) = (letters(settings), letter::KEYSPACE | letter::KEYEVENT);
    if bits & names == 0 { 0 } else { bits & !names }
}

/// Hears from other nodes which events are published from now on.
pub fn listen(exchange: &Exchange, settings: Arc<Settings>) {
    exchange.listen(Topic::KeyEvents, Letters(settings));
}

/// Tells the other nodes which events are published here from now on, and gives what is over
/// when they know; none where nobody is waited for.
pub fn tell_others(
    node: &Node,
    may_wait: bool,
) -> Option<impl Future<Output = ()> + Send + 'static> {
    let mut message = Vec::new();
    letters(&node.settings).put(&mut message);
    if !may_wait {
        node.exchange.tell_others(Topic::KeyEvents, &message);
        return None;
    }
    let asked = node.exchange.ask_others(Topic::KeyEvents, message)?;
    Some(async move { drop(asked.await) })
}

fn letters(settings: &Settings) -> u64 {
    settings.number(Setting::NotifyKeyspaceEvents)
}

fn channel(of: &str, db: Db, name: &[u8]) -> Vec<u8> {
    [format!("__{of}@{}__:", db.0).as_bytes(), name].concat()
}

/// Takes what other nodes say.
struct Letters(Arc<Settings>);

impl Listener for Letters {
    fn told(&self, _: NodeId, mut message: &[u8]) {
        if let Ok(bits) = u64::take(&mut message) {
            let known = self.0.set("notify-keyspace-events", print_events(bits));
            known.expect("what is printed can be set");
        }
    }

    fn asked(&self, from: NodeId, request: &[u8]) -> Served {
        self.told(from, request);
        Served::Now(vec![1].into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_another_node_says_is_set_and_what_is_not_understood_changes_nothing() {
        let (node, _dir) = crate::testing::node().await;
        let letters = Letters(node.settings.clone());
        let mut message = Vec::new();
        (letter::KEYSPACE | letter::ALL | letter::NEW).put(&mut message);
        letters.told(NodeId(2), &message);
        let shown = || node.settings.get(&["notify-keyspace-events"])[0].1.clone();
        assert_eq!(shown(), "AnK");
        letters.told(NodeId(2), b"");
        letters.told(NodeId(2), b"\xff");
        assert_eq!(shown(), "AnK");
        assert_eq!(classes(&node.settings), letter::ALL | letter::NEW);
        node.settings.set("notify-keyspace-events", "A").unwrap();
        assert_eq!(classes(&node.settings), 0, "they would have no name");
    }
}
