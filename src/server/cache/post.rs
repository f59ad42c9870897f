//! What the machines want done, gathered until their locks are given back.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use lockstep_cache::{Answer, Evicted, Reader, SharerOut, ToHome, ToNode};
use lockstep_core::{NodeId, ShardId};
use lockstep_raft::Deliver;

use super::Cache;
use super::frame::{self, Way};
use crate::exchange::Topic;

/// What is to be done when no machine is locked any more.
#[derive(Default)]
pub(super) struct Post {
    frames: BTreeMap<(NodeId, Way), Vec<u8>>,
    messages: u64,
    answers: Vec<(Reader, Answer)>,
    evicted: Vec<Evicted>,
    delivers: Vec<Deliver>,
}

impl Post {
    /// To the home of a shard.
    pub(super) fn tell_home(&mut self, node: NodeId, shard: ShardId, message: &ToHome) {
        let frame = self.frames.entry((node, Way::ToHome));
        frame::add(frame.or_insert_with(|| frame::begin(Way::ToHome)), shard, message);
        self.messages += 1;
    }

    /// To one who has copies.
    pub(super) fn tell_node(&mut self, node: NodeId, shard: ShardId, message: &ToNode) {
        let frame = self.frames.entry((node, Way::ToNode));
        frame::add(frame.or_insert_with(|| frame::begin(Way::ToNode)), shard, message);
        self.messages += 1;
    }

    /// What the node's half of a shard wants done, whose home is at `home`.
    pub(super) fn add(&mut self, home: Option<NodeId>, shard: ShardId, out: SharerOut) {
        if let Some(home) = home {
            out.to_home.iter().for_each(|message| self.tell_home(home, shard, message));
        }
        self.answers.extend(out.answers);
        self.evicted.extend(out.evicted);
    }

    /// An entry may be known.
    pub(super) fn deliver(&mut self, deliver: Deliver) {
        self.delivers.push(deliver);
    }

    /// Does all of it.
    pub(super) fn send(mut self, cache: &Cache) {
        for line in std::mem::take(&mut self.evicted) {
            let mut out = SharerOut::default();
            if let Some(seat) = cache.seat_if_any(line.shard) {
                let mut sharer = seat.sharer.lock();
                sharer.evicted(&line, &mut out);
                if sharer.dirty() > 0 {
                    // What was written to it goes at once.
                    cache.bell.notify_one();
                }
            }
            self.add(cache.home_of(line.shard), line.shard, out);
        }
        if self.messages > 0 {
            cache.counts.wire_messages.fetch_add(self.messages, Relaxed);
        }
        for ((node, _), frame) in self.frames {
            if cache.traces.any() {
                cache.trace_sent(node, &frame);
            }
            cache.exchange.tell(node, Topic::Cache, &frame);
        }
        for (reader, answer) in self.answers {
            if let Some((_, waiting)) = cache.readers.remove(&reader.0) {
                // Who has gone needs no answer.
                let _ = waiting.send(answer);
            }
        }
        // Behind the copies for those who wrote, which take the same way.
        self.delivers.into_iter().for_each(|deliver| deliver());
    }
}
