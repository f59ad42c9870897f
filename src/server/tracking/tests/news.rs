//! Replies that wait for the news of what had changed before them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use lockstep_core::{NodeId, ShardId};
use lockstep_raft::{Later, Taker, Told, Touch};
use tempfile::TempDir;

use super::super::news::News;
use super::super::sources::View;
use super::super::terms::Terms;
use super::super::wire::Said;
use crate::Node;
use crate::clients::Client;

const SHARD: ShardId = ShardId(0);
const LEADER: NodeId = NodeId(2);
const STREAM: (ShardId, u64) = (SHARD, 7);

/// A node that listens to a stream of a leader elsewhere.
struct Story {
    node: Arc<Node>,
    taker: News,
    _dir: TempDir,
}

impl Story {
    /// The leader is asked for the stream.
    async fn asked() -> Self {
        let (node, dir) = crate::testing::node().await;
        let view = View { leads: false, term: 1, leader: Some(LEADER) };
        {
            let sources = &mut node.tracking.state.lock().sources;
            assert!(sources.look(SHARD, view, STREAM.1, Instant::now()).ask);
            assert!(sources.asks(SHARD, STREAM.1, LEADER));
        }
        Story { taker: News(Arc::downgrade(&node)), node, _dir: dir }
    }

    async fn new() -> Self {
        let story = Story::asked().await;
        story.begins();
        story
    }

    fn begins(&self) {
        let mut state = self.node.tracking.state.lock();
        assert!(state.sources.answered(SHARD, STREAM.1, true, Instant::now()));
    }

    fn told(&self, said: Said) {
        self.node.tracking.told(&self.node, LEADER, said);
    }

    fn news(&self, number: u64) {
        self.told(Said::Touched { stream: STREAM, number, touches: Vec::new() });
    }

    /// A reply comes to which news in front of that number belongs.
    fn reply(&self, next: u64) -> Option<Later<()>> {
        self.taker.heard(SHARD, LEADER, Told { stream: STREAM.1, next })
    }
}

fn waits(reply: &mut Later<()>) -> bool {
    Pin::new(reply).poll(&mut Context::from_waker(Waker::noop())) == Poll::Pending
}

#[tokio::test]
async fn a_reply_behind_the_news_does_not_wait() {
    let story = Story::new().await;
    assert!(story.reply(0).is_none());
    story.news(0);
    story.news(1);
    assert!(story.reply(2).is_none());
}

#[tokio::test]
async fn a_reply_ahead_of_the_news_waits_for_all_of_it() {
    let story = Story::new().await;
    let (mut first, mut second) = (story.reply(1).unwrap(), story.reply(2).unwrap());
    assert!(waits(&mut first) && waits(&mut second));
    story.news(0);
    assert!(!waits(&mut first) && waits(&mut second));
    story.news(1);
    assert!(!waits(&mut second));
}

#[tokio::test]
async fn news_that_comes_before_anybody_looks_is_not_missed() {
    let story = Story::new().await;
    let mut reply = story.reply(1).unwrap();
    story.news(0);
    assert!(!waits(&mut reply));
}

/// Ends the stream, as far as this node knows.
type End = fn(&Story);

#[tokio::test]
async fn a_reply_waits_for_nothing_that_may_not_come_any_more() {
    let ends: [(&str, End); 5] = [
        ("a gap", |story| story.news(3)),
        ("a count with a gap", |story| story.told(Said::Here { streams: vec![(STREAM, 3)] })),
        ("its end", |story| story.told(Said::Over { stream: STREAM })),
        ("nobody tracks", |story| story.node.tracking.look(&story.node)),
        ("another leader", |story| {
            let connections = Arc::new(lockstep_net::Connections::default());
            let address = "127.0.0.1:1".parse().unwrap();
            let link = connections.open(address, address);
            let client = Arc::new(Client::new(link, connections));
            story.node.tracking.state.lock().table.enter(&client, Terms::default());
            story.node.tracking.look(&story.node);
        }),
    ];
    for (what, end) in ends {
        let story = Story::new().await;
        let mut reply = story.reply(2).unwrap();
        assert!(waits(&mut reply), "{what}");
        end(&story);
        assert!(!waits(&mut reply), "{what}");
        assert!(story.reply(2).is_none(), "{what}");
    }
}

#[tokio::test]
async fn a_reply_waits_for_the_stream_of_its_sender_only_and_once_that_has_begun() {
    let story = Story::asked().await;
    assert!(story.reply(1).is_none(), "it has not begun");
    story.begins();
    assert!(story.reply(1).is_some());
    let others = [(SHARD, LEADER, 8), (SHARD, NodeId(3), 7), (ShardId(1), LEADER, 7)];
    for (shard, from, stream) in others {
        assert!(story.taker.heard(shard, from, Told { stream, next: 1 }).is_none());
    }
}

#[tokio::test]
async fn a_leader_says_how_far_it_has_told_a_node_that_listens() {
    let story = Story::asked().await;
    assert_eq!(story.taker.said(SHARD, LEADER), None);
    story.node.tracking.state.lock().streams.begin(LEADER, STREAM, Instant::now());
    assert_eq!(story.taker.said(SHARD, LEADER), Some(Told { stream: 7, next: 0 }));
    let touch = Touch { by: None, touched: Default::default() };
    story.node.tracking.state.lock().streams.tell(SHARD, &[touch], |_, _| {});
    assert_eq!(story.taker.said(SHARD, LEADER), Some(Told { stream: 7, next: 1 }));
    assert_eq!(story.taker.said(SHARD, NodeId(3)), None);
}
