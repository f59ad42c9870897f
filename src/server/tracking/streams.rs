//! The nodes that this one tells which keys of its shards change.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lockstep_core::keys::{Touched, TouchedKey};
use lockstep_core::{NodeId, Origin, ShardId};
use lockstep_raft::{Told, Touch};

use super::wire::{Said, Stream};

/// A node that has not said for so long that it wants to know is told nothing more.
const KEPT: Duration = Duration::from_secs(5);

/// Names are said in messages of about this size: small ones keep their order.
const MESSAGE_BYTES: usize = 64 << 10;

/// The nodes that this one tells which keys of its shards change.
#[derive(Debug, Default)]
pub(super) struct Streams {
    list: BTreeMap<ShardId, BTreeMap<NodeId, Listening>>,
}

#[derive(Debug)]
struct Listening {
    stream: u64,
    /// The number of the next message.
    next: u64,
    kept: Instant,
}

impl Streams {
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The shards that others are told of.
    pub fn shards(&self) -> Vec<ShardId> {
        self.list.keys().copied().collect()
    }

    /// A node wants to know from now on.
    pub fn begin(&mut self, node: NodeId, (shard, stream): Stream, now: Instant) {
        let listening = Listening { stream, next: 0, kept: now };
        self.list.entry(shard).or_default().insert(node, listening);
    }

    /// A node still wants to know.
    pub fn keep(&mut self, node: NodeId, (shard, stream): Stream, now: Instant) {
        let listening = self.list.get_mut(&shard).and_then(|nodes| nodes.get_mut(&node));
        if let Some(listening) = listening.filter(|listening| listening.stream == stream) {
            listening.kept = now;
        }
    }

    /// A node does not want to know any more.
    pub fn end(&mut self, node: NodeId, (shard, stream): Stream) {
        if let Some(nodes) = self.list.get_mut(&shard) {
            nodes.retain(|of, listening| *of != node || listening.stream != stream);
        }
        self.list.retain(|_, nodes| !nodes.is_empty());
    }

    /// How far a node was told of a shard; none: it does not want to know.
    pub fn said(&self, shard: ShardId, node: NodeId) -> Option<Told> {
        let listening = self.list.get(&shard)?.get(&node)?;
        Some(Told { stream: listening.stream, next: listening.next })
    }

    /// Tells all who want to know that keys have changed.
    pub fn tell(&mut self, shard: ShardId, touches: &[Touch], mut say: impl FnMut(NodeId, &Said)) {
        let Some(nodes) = self.list.get_mut(&shard) else { return };
        for touches in pieces(touches) {
            let mut said = Said::Touched { stream: (shard, 0), number: 0, touches };
            for (node, listening) in nodes.iter_mut() {
                if let Said::Touched { stream, number, .. } = &mut said {
                    stream.1 = listening.stream;
                    *number = listening.next;
                }
                listening.next += 1;
                say(*node, &said);
            }
        }
    }

    /// Tells all that this node leads; those that it does not lead any more end, as do
    /// those of nodes that are silent. `leads`: none where another node does.
    pub fn beat(
        &mut self,
        leads: impl Fn(ShardId) -> Option<bool>,
        now: Instant,
        mut say: impl FnMut(NodeId, &Said),
    ) {
        let mut here: BTreeMap<NodeId, Vec<(Stream, u64)>> = BTreeMap::new();
        for (shard, nodes) in &mut self.list {
            let leads = leads(*shard);
            nodes.retain(|node, listening| {
                let stream = (*shard, listening.stream);
                let silent = now.saturating_duration_since(listening.kept) > KEPT;
                if leads.is_none() || silent {
                    say(*node, &Said::Over { stream });
                    return false;
                }
                if leads == Some(true) {
                    here.entry(*node).or_default().push((stream, listening.next));
                }
                true
            });
        }
        self.list.retain(|_, nodes| !nodes.is_empty());
        for (node, streams) in here {
            say(node, &Said::Here { streams });
        }
    }
}

/// What has changed, in pieces that are not too long to be sent in order.
fn pieces(touches: &[Touch]) -> Vec<Vec<(Option<Origin>, Touched)>> {
    let all_bytes: usize = touches.iter().map(|touch| touch.touched.bytes() + 32).sum();
    if all_bytes <= MESSAGE_BYTES {
        return vec![touches.iter().map(|touch| (touch.by, touch.touched.clone())).collect()];
    }
    let mut pieces = Vec::new();
    for touch in touches {
        let mut piece = Touched::default();
        for key in touch.touched.keys() {
            add(&mut piece, key);
            if piece.bytes() > MESSAGE_BYTES {
                pieces.push(vec![(touch.by, std::mem::take(&mut piece))]);
            }
        }
        if touch.touched.all() {
            piece.note_all();
        }
        if !piece.is_empty() {
            pieces.push(vec![(touch.by, piece)]);
        }
    }
    pieces
}

/// A name that is too long for a message is not said: then it may have been any.
fn add(piece: &mut Touched, key: TouchedKey<'_>) {
    if key.name.len() > MESSAGE_BYTES {
        piece.note_all();
    } else {
        piece.note(key);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn touch(names: &[&[u8]]) -> Touch {
        let mut touched = Touched::default();
        names.iter().for_each(|name| touched.note(TouchedKey { name, ended: false }));
        Touch { by: None, touched }
    }

    fn numbers(streams: &mut Streams, touches: &[Touch]) -> Vec<(u64, u64, u64)> {
        let mut told = Vec::new();
        streams.tell(ShardId(0), touches, |node, said| {
            let Said::Touched { stream, number, .. } = said else { panic!("{said:?}") };
            told.push((node.0, stream.1, *number));
        });
        told
    }

    #[test]
    fn every_node_has_a_count_of_its_own() {
        let (mut streams, now) = (Streams::default(), Instant::now());
        streams.begin(NodeId(1), (ShardId(0), 7), now);
        assert_eq!(numbers(&mut streams, &[touch(&[b"a"])]), [(1, 7, 0)]);
        streams.begin(NodeId(2), (ShardId(0), 8), now);
        assert_eq!(numbers(&mut streams, &[touch(&[b"a"])]), [(1, 7, 1), (2, 8, 0)]);
        streams.end(NodeId(1), (ShardId(0), 6));
        streams.end(NodeId(1), (ShardId(0), 7));
        assert_eq!(numbers(&mut streams, &[touch(&[b"a"])]), [(2, 8, 1)]);
        streams.end(NodeId(2), (ShardId(0), 8));
        assert!(streams.is_empty());
    }

    #[test]
    fn many_names_are_said_in_several_messages_and_all_of_them() {
        let (mut streams, now) = (Streams::default(), Instant::now());
        streams.begin(NodeId(1), (ShardId(0), 7), now);
        let names: Vec<Vec<u8>> =
            (0..40_000).map(|number| format!("key:{number}").into_bytes()).collect();
        let names: Vec<&[u8]> = names.iter().map(|name| &name[..]).collect();
        let long = vec![b'x'; MESSAGE_BYTES + 1];
        let mut said_names = Vec::new();
        let mut all = false;
        let mut numbers = Vec::new();
        streams.tell(ShardId(0), &[touch(&names), touch(&[&long])], |_, said| {
            let Said::Touched { number, touches, .. } = said else { panic!("{said:?}") };
            numbers.push(*number);
            for (_, touched) in touches {
                assert!(touched.bytes() < MESSAGE_BYTES + 100);
                all |= touched.all();
                said_names.extend(touched.keys().map(|key| key.name.to_vec()));
            }
        });
        assert!(said_names.iter().eq(names.iter()));
        assert!(all, "the long name stands for any");
        assert!(numbers.iter().copied().eq(0..numbers.len() as u64) && numbers.len() > 5);
    }

    #[test]
    fn a_stream_ends_when_another_node_leads_or_its_listener_is_silent() {
        let begun = Instant::now();
        let mut streams = Streams::default();
        for shard in 0..3 {
            streams.begin(NodeId(1), (ShardId(shard), 7), begun);
        }
        let mut said = Vec::new();
        let leads = |shard: ShardId| [Some(true), Some(false), None][usize::from(shard.0)];
        streams.beat(leads, begun, |_, word| said.push(word.clone()));
        let here = Said::Here { streams: vec![((ShardId(0), 7), 0)] };
        assert_eq!(said, [Said::Over { stream: (ShardId(2), 7) }, here]);
        let later = begun + KEPT + Duration::from_millis(1);
        streams.keep(NodeId(1), (ShardId(0), 7), later);
        said.clear();
        streams.beat(|_| Some(true), later, |_, word| said.push(word.clone()));
        assert_eq!(said[0], Said::Over { stream: (ShardId(1), 7) });
        assert_eq!(streams.shards(), [ShardId(0)]);
    }
}
