//! Tells sessions what happens to their locks, wherever they are attached by now.
//!
//! A hold knows the connection that asked for it last. Its session may have gone on
//! with another one since, on any node: only the session's home knows. The node that
//! leads the lock's shard asks there, and passes the notice on.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use lockstep_core::effects::Notice;
use lockstep_core::wire::Wire;
use lockstep_core::{Effect, NodeId, Origin, Outcome, sessions};
use lockstep_raft::Delivery;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::timeout;

use crate::Node;
use crate::exchange::Topic;
use crate::sessions::home_of;

/// So many notices wait to be passed on at most. More are dropped: notices may be
/// lost, and whoever asks for the lock finds out.
pub(super) const WORDS_MAX: usize = 8_192;

/// So many homes are asked at once.
const ASKED_MAX: usize = 64;

/// How long a home may take to say where a session is attached.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// What a session is to be told.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub session: Vec<u8>,
    /// The connection that was told already.
    pub told: Origin,
    pub notice: Notice,
}

/// Begins to pass notices on.
pub(super) fn start(node: &Arc<Node>) -> Sender<Word> {
    let (sender, words) = channel(WORDS_MAX);
    tokio::spawn(run(Arc::downgrade(node), words));
    sender
}

async fn run(node: Weak<Node>, mut words: Receiver<Word>) {
    let mut batch = Vec::new();
    while words.recv_many(&mut batch, ASKED_MAX).await > 0 {
        let Some(node) = node.upgrade() else { return };
        let mut by_session: BTreeMap<Vec<u8>, Vec<Word>> = BTreeMap::new();
        for word in batch.drain(..) {
            by_session.entry(word.session.clone()).or_default().push(word);
        }
        join_all(by_session.iter().map(|(id, words)| tell(&node, id, words))).await;
    }
}

async fn tell(node: &Node, id: &[u8], words: &[Word]) {
    let attached = attached(node, id).await;
    for Word { told, notice, .. } in words {
        if !attached.contains(told) {
            attached.iter().for_each(|to| pass_on(node, *to, notice));
        }
    }
}

fn pass_on(node: &Node, to: Origin, notice: &Notice) {
    let effect = Effect::Notice { to, notice: notice.clone() };
    if to.node == node.identity.node_id {
        node.waits.carry_out(vec![effect]);
        return;
    }
    let mut message = Vec::new();
    effect.put(&mut message);
    node.exchange.tell(to.node, Topic::Clients, &message);
}

/// Takes what another node passes on.
pub(super) fn take(node: &Node, mut message: &[u8]) {
    // A node of another version may say what this one does not understand.
    if let Ok(effect @ Effect::Notice { .. }) = Effect::take(&mut message) {
        node.waits.carry_out(vec![effect]);
    }
}

/// The connections that are attached to a session.
async fn attached(node: &Node, id: &[u8]) -> Vec<Origin> {
    let op = lockstep_core::Op::Session { op: sessions::Op::Info { id } };
    let home = home_of(node, id);
    match timeout(ANSWER_WAIT, node.shards.ask(home, &op)).await {
        Ok(Delivery::Done(outcomes)) => outcomes.iter().flat_map(connections).collect(),
        _ => Vec::new(),
    }
}

/// Those in the facts about a session: their list comes first.
fn connections(facts: &Outcome) -> Vec<Origin> {
    let Outcome::List(facts) = facts else { return Vec::new() };
    let list = facts.iter().find_map(|fact| match fact {
        Outcome::List(list) => Some(list),
        _ => None,
    });
    list.into_iter().flatten().filter_map(connection).collect()
}

/// `node-boot-conn`.
fn connection(text: &Outcome) -> Option<Origin> {
    let Outcome::Bytes(text) = text else { return None };
    let mut numbers = std::str::from_utf8(text).ok()?.split('-').map(str::parse::<u64>);
    let mut next = || numbers.next()?.ok();
    Some(Origin { node: NodeId(next()?), boot: next()?, conn: next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connections_stand_in_the_first_list() {
        let bytes = |text: &str| Outcome::Bytes(text.into());
        let list = Outcome::List(vec![bytes("7-1-9"), bytes("8-2-3"), bytes("none")]);
        let facts = Outcome::List(vec![bytes("name"), list, Outcome::List(vec![bytes("1-1-1")])]);
        let origin = |node, boot, conn| Origin { node: NodeId(node), boot, conn };
        assert_eq!(connections(&facts), [origin(7, 1, 9), origin(8, 2, 3)]);
        assert_eq!(connections(&Outcome::Nil), []);
    }
}
