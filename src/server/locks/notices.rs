//! What clients are told about their locks without having asked.
//!
//! An effect may come twice, from the replica of this node and from the leader,
//! so that it survives the death of either. What tells the same again is not
//! passed on.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use lockstep_commands::{Protocol, Reply};
use lockstep_core::effects::Notice;
use lockstep_core::wire::Wire;
use lockstep_core::{Effect, Origin, Token};
use lockstep_net::Output;
use parking_lot::Mutex;
use tokio::sync::mpsc::Sender;

use super::elsewhere::{self, Word};
use super::events;
use crate::Node;
use crate::clients::{Client, Flag};
use crate::pubsub::keyspace;

/// So many notices are remembered.
const RECENT_MAX: usize = 8192;

/// How long the same notice counts as a repetition.
const REPEATED_WITHIN: Duration = Duration::from_secs(10);

/// ... when it may well be new: somebody else waits.
const STILL_BLOCKING_WITHIN: Duration = Duration::from_secs(1);

/// Carries out the effects of locks that answer no request.
#[derive(Debug)]
pub struct Notices {
    node: Weak<Node>,
    recent: Mutex<Recent>,
    elsewhere: Sender<Word>,
}

impl Notices {
    /// Those for the clients of a node.
    pub fn of(node: &Arc<Node>) -> Self {
        let elsewhere = elsewhere::start(node);
        Notices { node: Arc::downgrade(node), recent: Mutex::default(), elsewhere }
    }

    /// Carries an effect out, if it is for this node.
    pub fn carry_out(&self, effect: Effect) {
        let Some(node) = self.node.upgrade() else { return };
        match effect {
            Effect::Notice { to, notice } => self.tell(&node, to, &notice),
            Effect::Event { event } => events::publish(&node, &event),
            Effect::SessionNotice { session, told, notice } => {
                // Where there is no room it is dropped.
                let _ = self.elsewhere.try_send(Word { session, told, notice });
            }
            Effect::Publish { shard, channel, message } => {
                // How many listen here is of no interest.
                let _ = node.pubsub.publish_on(shard, &channel, &message);
            }
            Effect::Keyspace { db, key, event } => keyspace::publish(&node, db, &key, event),
            Effect::Available { queue, part } => node.queues.partitions.available(&queue, part),
            // Answers are for those who wait, ends of sessions for the sessions' own.
            Effect::Answer { .. } | Effect::Endings {} => {}
        }
    }

    fn tell(&self, node: &Node, to: Origin, notice: &Notice) {
        if !node.is_mine(to) {
            return;
        }
        let Some(client) = node.clients.get(to.conn) else { return };
        if matches!(notice, Notice::Blocking { .. }) && !client.has(Flag::LockEvents) {
            return;
        }
        if !self.recent.lock().is_new(to.conn, notice, Instant::now()) {
            return;
        }
        if speaks_resp3(&client) {
            client.push(&encoded(notice));
        } else if let Notice::Granted { owner, name, token } = notice {
            events::publish_grant(node, owner, name, token.0);
        }
    }
}

fn speaks_resp3(client: &Client) -> bool {
    client.protocol() == 3
}

/// A notice as a push: `>5 lock lost name token reason`, `>4 lock granted name
/// token`, `>4 lock blocking name mode`.
fn encoded(notice: &Notice) -> Vec<u8> {
    let token = |token: &Token| Reply::Int(i64::try_from(token.0).unwrap_or(i64::MAX));
    let mut parts = vec![Reply::bulk("lock")];
    match notice {
        Notice::Lost { name, token: of, reason } => {
            parts.extend([Reply::bulk("lost"), Reply::bulk(name), token(of)]);
            parts.push(Reply::bulk(reason.word()));
        }
        Notice::Granted { name, token: of, .. } => {
            parts.extend([Reply::bulk("granted"), Reply::bulk(name), token(of)]);
        }
        Notice::Blocking { name, mode } => {
            parts.extend([Reply::bulk("blocking"), Reply::bulk(name), Reply::bulk(mode)]);
        }
    }
    let mut out = Output::new(Protocol::Resp3);
    out.reply(&Reply::Push(parts));
    out.bytes().to_vec()
}

/// What was told to which connection, in bytes.
type Told = (u64, Vec<u8>);

/// What was told lately.
#[derive(Debug, Default)]
struct Recent {
    told: HashMap<Told, Instant>,
    order: VecDeque<Told>,
}

impl Recent {
    fn is_new(&mut self, conn: u64, notice: &Notice, now: Instant) -> bool {
        let within = match notice {
            Notice::Blocking { .. } => STILL_BLOCKING_WITHIN,
            Notice::Lost { .. } | Notice::Granted { .. } => REPEATED_WITHIN,
        };
        let mut bytes = Vec::new();
        notice.put(&mut bytes);
        let key = (conn, bytes);
        let before = self.told.insert(key.clone(), now);
        if before.is_none() {
            self.order.push_back(key);
            if self.order.len() > RECENT_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.told.remove(&oldest);
            }
        }
        before.is_none_or(|at| now.saturating_duration_since(at) >= within)
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::effects::Reason;

    use super::*;

    fn lost(token: u64) -> Notice {
        Notice::Lost { name: b"door".to_vec(), token: Token(token), reason: Reason::Killed {} }
    }

    fn blocking() -> Notice {
        Notice::Blocking { name: b"door".to_vec(), mode: b"exclusive".to_vec() }
    }

    #[test]
    fn notices_are_pushes() {
        assert_eq!(
            encoded(&lost(7)),
            b">5\r\n$4\r\nlock\r\n$4\r\nlost\r\n$4\r\ndoor\r\n:7\r\n$6\r\nkilled\r\n"
        );
        let (owner, name) = (b"me".to_vec(), b"door".to_vec());
        assert_eq!(
            encoded(&Notice::Granted { owner, name, token: Token(7) }),
            b">4\r\n$4\r\nlock\r\n$7\r\ngranted\r\n$4\r\ndoor\r\n:7\r\n"
        );
        assert_eq!(
            encoded(&blocking()),
            b">4\r\n$4\r\nlock\r\n$8\r\nblocking\r\n$4\r\ndoor\r\n$9\r\nexclusive\r\n"
        );
    }

    #[test]
    fn what_two_nodes_tell_is_passed_on_once() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        assert!(recent.is_new(1, &lost(7), now));
        assert!(!recent.is_new(1, &lost(7), now + Duration::from_secs(1)));
        assert!(recent.is_new(1, &lost(8), now));
        assert!(recent.is_new(2, &lost(7), now));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn not_more_is_passed_on_than_there_is_room_for() {
        let (node, _dir) = crate::testing::node().await;
        let (elsewhere, words) = tokio::sync::mpsc::channel(elsewhere::WORDS_MAX);
        let notices = Notices { node: Arc::downgrade(&node), recent: Mutex::default(), elsewhere };
        for token in 0..elsewhere::WORDS_MAX as u64 + 10 {
            let (session, told) = (b"s".to_vec(), Origin::default());
            notices.carry_out(Effect::SessionNotice { session, told, notice: lost(token) });
        }
        assert_eq!(words.len(), elsewhere::WORDS_MAX);
    }

    #[test]
    fn somebody_else_may_wait_later() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        assert!(recent.is_new(1, &blocking(), now));
        assert!(!recent.is_new(1, &blocking(), now + Duration::from_millis(500)));
        assert!(recent.is_new(1, &blocking(), now + Duration::from_secs(2)));
    }

    #[test]
    fn not_more_is_remembered_than_there_is_room_for() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        for token in 1..3 * RECENT_MAX as u64 {
            assert!(recent.is_new(1, &lost(token), now));
        }
        assert_eq!(recent.order.len(), RECENT_MAX);
        assert_eq!(recent.told.len(), RECENT_MAX);
    }
}
