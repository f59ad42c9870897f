//! Where a node is told of changes.

use std::time::{Duration, Instant};

use lockstep_core::{NodeId, ShardId};

use super::super::LEASE;
use super::super::sources::{Look, Sources, View, Word};

const SHARD: ShardId = ShardId(0);
const QUIET: Look = Look { lost: false, ask: false };

/// A node that looks at one shard, at times of the test's own.
struct Story {
    sources: Sources,
    now: Instant,
}

impl Story {
    fn new() -> Self {
        Story { sources: Sources::default(), now: Instant::now() }
    }

    fn wait(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }

    fn leads(&mut self, term: u64) -> Look {
        self.sources.look(SHARD, View { leads: true, term, leader: None }, 0, self.now)
    }

    fn led_by(&mut self, leader: Option<u64>, stream: u64) -> Look {
        let view = View { leads: false, term: 1, leader: leader.map(NodeId) };
        self.sources.look(SHARD, view, stream, self.now)
    }

    fn hears(&mut self, node: u64, stream: u64) {
        assert!(self.led_by(Some(node), stream).ask);
        assert!(self.sources.asks(SHARD, stream, NodeId(node)));
        assert!(self.sources.answered(SHARD, stream, true, self.now));
    }

    fn told(&mut self, node: u64, stream: u64, number: u64, changes: bool) -> Word {
        self.sources.told((SHARD, stream), NodeId(node), (number, changes), self.now)
    }

    fn covers(&self, leads: bool) -> bool {
        self.sources.covers(SHARD, leads, self.now)
    }
}

#[test]
fn the_leader_itself_is_told_as_long_as_it_leads() {
    let mut story = Story::new();
    assert!(!story.covers(true));
    assert_eq!(story.leads(3), QUIET);
    assert!(story.covers(true) && !story.covers(false));
    assert!(story.sources.is_here(SHARD));
    story.wait(400);
    // Not at the moment, and nobody else either.
    assert_eq!(story.led_by(None, 1), QUIET);
    story.wait(200);
    assert_eq!(story.led_by(None, 1), Look { lost: true, ask: true });
    assert!(!story.covers(true));
    assert_eq!(story.leads(4), QUIET);
}

#[test]
fn a_leader_that_leads_again_may_have_missed_something() {
    let mut story = Story::new();
    story.leads(3);
    assert_eq!(story.leads(5), Look { lost: true, ask: false });
    assert_eq!(story.leads(5), QUIET);
    assert_eq!(story.led_by(Some(2), 1), Look { lost: true, ask: true });
}

#[test]
fn a_stream_is_relied_on_once_it_has_begun_and_as_long_as_it_is_heard() {
    let mut story = Story::new();
    assert_eq!(story.led_by(Some(2), 7), Look { lost: false, ask: true });
    assert!(!story.covers(false));
    assert!(story.sources.asks(SHARD, 7, NodeId(2)));
    // The first words may come before the answer.
    assert_eq!(story.told(2, 7, 0, true), Word::Next);
    assert!(!story.covers(false));
    assert!(story.sources.answered(SHARD, 7, true, story.now));
    assert!(story.covers(false));
    assert_eq!(story.told(2, 7, 1, true), Word::Next);
    for _ in 0..10 {
        story.wait(100);
        assert_eq!(story.told(2, 7, 2, false), Word::Next);
        assert_eq!(story.led_by(Some(2), 8), QUIET);
        assert!(story.covers(false));
    }
    story.wait(u64::try_from(LEASE.as_millis()).unwrap());
    assert!(!story.covers(false));
    assert_eq!(story.led_by(Some(2), 8), Look { lost: true, ask: true });
}

#[test]
fn a_word_that_is_missing_ends_the_stream() {
    for (number, changes) in [(2, true), (1, false), (2, false)] {
        let mut story = Story::new();
        story.hears(2, 7);
        assert_eq!(story.told(2, 7, 0, true), Word::Next);
        let missing = story.told(2, 7, number, changes);
        if number == 1 {
            assert_eq!(missing, Word::Next);
            continue;
        }
        assert_eq!(missing, Word::Lost);
        assert!(!story.covers(false));
        // Said once; then another stream is asked for.
        assert_eq!(story.told(2, 7, 1, true), Word::Old);
        assert_eq!(story.led_by(Some(2), 8), Look { lost: false, ask: true });
    }
}

#[test]
fn another_leader_ends_the_stream_and_old_words_say_nothing() {
    let mut story = Story::new();
    story.hears(2, 7);
    assert_eq!(story.led_by(Some(3), 8), Look { lost: true, ask: true });
    assert_eq!(story.told(2, 7, 0, true), Word::Old);
    assert!(!story.sources.over(SHARD, 7, NodeId(2)));
    assert!(story.sources.asks(SHARD, 8, NodeId(3)));
    assert!(!story.sources.asks(SHARD, 7, NodeId(2)));
    assert!(!story.sources.answered(SHARD, 7, true, story.now));
    assert!(story.sources.answered(SHARD, 8, true, story.now));
    assert_eq!(story.sources.streams().collect::<Vec<_>>(), [(NodeId(3), (SHARD, 8))]);
    assert!(story.sources.over(SHARD, 8, NodeId(3)));
    assert!(!story.covers(false));
}

#[test]
fn a_leader_that_does_not_answer_is_asked_again() {
    let mut story = Story::new();
    assert!(story.led_by(Some(2), 7).ask);
    assert_eq!(story.led_by(Some(2), 8), QUIET);
    assert!(story.sources.asks(SHARD, 7, NodeId(2)));
    assert!(!story.sources.answered(SHARD, 7, false, story.now));
    assert_eq!(story.led_by(Some(2), 8), Look { lost: false, ask: true });
    // Nor one of whom nothing is heard at all.
    story.wait(600);
    assert_eq!(story.led_by(None, 9), Look { lost: false, ask: true });
}

#[test]
fn changes_alone_do_not_say_that_their_sender_leads() {
    let mut story = Story::new();
    story.hears(2, 7);
    for number in 0..6 {
        story.wait(100);
        assert_eq!(story.told(2, 7, number, true), Word::Next);
    }
    assert!(!story.covers(false));
}

#[test]
fn words_are_lacking_where_they_are_counted_and_the_stream_is_relied_on() {
    let mut story = Story::new();
    let lacks = |story: &Story, stream, node, upto| {
        story.sources.lacks((SHARD, stream), NodeId(node), upto, story.now)
    };
    assert!(!lacks(&story, 7, 2, 1));
    story.hears(2, 7);
    assert!(lacks(&story, 7, 2, 1) && !lacks(&story, 7, 2, 0));
    assert!(!lacks(&story, 8, 2, 1) && !lacks(&story, 7, 3, 1));
    assert_eq!(story.told(2, 7, 0, true), Word::Next);
    assert!(!lacks(&story, 7, 2, 1) && lacks(&story, 7, 2, 2));
    // Its sender is silent: it may be that nothing comes any more.
    story.wait(u64::try_from(LEASE.as_millis()).unwrap());
    assert!(!lacks(&story, 7, 2, 2));
}
