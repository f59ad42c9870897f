//! SUBSCRIBE and its kin, PUBLISH, and PUBSUB.

use std::sync::Arc;

use lockstep_commands::here::{self, Subscription};
use lockstep_commands::{Reply, error};

use super::others::{Said, names, sums};
use crate::Node;
use crate::cluster;
use crate::here::Answer;
use crate::session::Session;

/// Executes a command about channels.
pub fn run<'a>(node: &Arc<Node>, session: &mut Session, asked: here::PubSub<'_>) -> Answer<'a> {
    match asked {
        here::PubSub::Subscribe(Subscription::Shard, _) if session.denies_waiting => {
            Reply::Error(error::SSUBSCRIBE_WAITS).into()
        }
        here::PubSub::Subscribe(kind, names) => {
            let confirmed = names.iter().map(|name| subscribe(node, session, kind, name));
            Reply::Several(confirmed.collect()).into()
        }
        here::PubSub::Unsubscribe(kind, names) => unsubscribe(node, session, kind, &names).into(),
        here::PubSub::Publish { shard, channel, message } => {
            publish(node, session, shard, channel, message)
        }
        here::PubSub::Channels { shard, pattern } => channels(node, session, shard, pattern),
        here::PubSub::Count { shard, channels } => count(node, session, shard, channels),
        here::PubSub::CountPatterns => count_patterns(node, session),
    }
}

/// A connection listens to nothing any more, and nobody is told (RESET, its end).
pub(crate) fn leave_all(node: &Node, session: &mut Session) {
    let Some(mut subscriptions) = session.subscriptions.take() else { return };
    for kind in [Subscription::Channel, Subscription::Pattern, Subscription::Shard] {
        for name in subscriptions.names(kind) {
            node.pubsub.tables.leave(kind, &name, session.client.id());
        }
    }
    session.client.set_subscriptions([0; 3]);
}

fn subscribe(node: &Node, session: &mut Session, kind: Subscription, name: &[u8]) -> Reply {
    let subscriptions = session.subscriptions.get_or_insert_default();
    if subscriptions.add(kind, name) {
        session.client.set_subscriptions(subscriptions.counts());
        node.pubsub.tables.enter(kind, name, &session.client);
    }
    confirmed(word(kind).0, Some(name), subscriptions.shown(kind))
}

fn unsubscribe(node: &Node, session: &mut Session, kind: Subscription, names: &[&[u8]]) -> Reply {
    let mut subscriptions = session.subscriptions.take().unwrap_or_default();
    let all: Vec<Box<[u8]>> = match names {
        [] => subscriptions.names(kind),
        names => names.iter().map(|name| (*name).into()).collect(),
    };
    let mut replies = Vec::with_capacity(all.len().max(1));
    for name in &all {
        if subscriptions.remove(kind, name) {
            node.pubsub.tables.leave(kind, name, session.client.id());
        }
        replies.push(confirmed(word(kind).1, Some(name), subscriptions.shown(kind)));
    }
    if all.is_empty() {
        replies.push(confirmed(word(kind).1, None, subscriptions.shown(kind)));
    }
    let counts = subscriptions.counts();
    session.client.set_subscriptions(counts);
    session.subscriptions = (counts != [0; 3]).then_some(subscriptions);
    Reply::Several(replies)
}

/// The words that confirm a subscription and its end.
fn word(kind: Subscription) -> (&'static str, &'static str) {
    match kind {
        Subscription::Channel => ("subscribe", "unsubscribe"),
        Subscription::Pattern => ("psubscribe", "punsubscribe"),
        Subscription::Shard => ("ssubscribe", "sunsubscribe"),
    }
}

fn confirmed(word: &str, name: Option<&[u8]>, count: i64) -> Reply {
    let name = name.map_or(Reply::Nil, Reply::bulk);
    Reply::Push(vec![Reply::bulk(word), name, Reply::Int(count)])
}

fn publish<'a>(
    node: &Node,
    session: &Session,
    shard: bool,
    channel: &[u8],
    message: &[u8],
) -> Answer<'a> {
    let pubsub = &node.pubsub;
    if speaks_for_itself(node, session) {
        return Reply::Int(pubsub.publish_on(shard, channel, message) as i64).into();
    }
    let here = pubsub.tables.deliver(shard, channel, message) as u64;
    let asked = pubsub.ask_others(&Said::Message { shard, channel, message });
    with_others(asked, move |replies| number(sums(vec![here], replies)[0]))
}

fn channels<'a>(node: &Node, session: &Session, shard: bool, pattern: Option<&[u8]>) -> Answer<'a> {
    let here = node.pubsub.tables.channels(shard, pattern);
    let asked = match speaks_for_itself(node, session) {
        true => None,
        false => node.pubsub.ask_others(&Said::Channels { shard, pattern }),
    };
    with_others(asked, move |replies| {
        Reply::Array(names(here, replies).into_iter().map(Reply::Bulk).collect())
    })
}

fn count<'a>(node: &Node, session: &Session, shard: bool, channels: Vec<&[u8]>) -> Answer<'a> {
    let count = |channel: &&[u8]| node.pubsub.tables.count(shard, channel) as u64;
    let here: Vec<u64> = channels.iter().map(count).collect();
    let shown: Vec<Reply> = channels.iter().map(Reply::bulk).collect();
    let asked = match speaks_for_itself(node, session) {
        true => None,
        false => node.pubsub.ask_others(&Said::Count { shard, channels }),
    };
    with_others(asked, move |replies| {
        let counts = sums(here, replies).into_iter().map(number);
        Reply::Array(shown.into_iter().zip(counts).flat_map(|(name, it)| [name, it]).collect())
    })
}

fn count_patterns<'a>(node: &Node, session: &Session) -> Answer<'a> {
    let here = node.pubsub.tables.patterns();
    let asked = match speaks_for_itself(node, session) {
        true => None,
        false => node.pubsub.ask_others(&Said::Patterns {}),
    };
    with_others(asked, move |replies| number(names(here, replies).len() as u64))
}

/// Whether only this node's listeners are told of: in cluster mode, as in Redis', and
/// inside a transaction, where nothing is waited for.
fn speaks_for_itself(node: &Node, session: &Session) -> bool {
    session.denies_waiting || cluster::is_on(node)
}

/// The reply, once the other nodes have answered; at once where none was asked.
fn with_others<'a>(
    asked: Option<impl Future<Output = Vec<bytes::Bytes>> + Send + 'static>,
    reply: impl FnOnce(&[bytes::Bytes]) -> Reply + Send + 'static,
) -> Answer<'a> {
    match asked {
        None => reply(&[]).into(),
        Some(asked) => Answer::Later(Box::pin(async move { reply(&asked.await) })),
    }
}

fn number(number: u64) -> Reply {
    Reply::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
