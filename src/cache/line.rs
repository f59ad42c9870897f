//! One line: what a node has of a key, and what it may do with it.

use bytes::Bytes;
use lockstep_core::ShardId;

use crate::Time;

/// Which of the nodes' copies a readable line is. All of them are equal to what the
/// home has, but for one that is lent; it takes writes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// The only copy, at the node that wrote last.
    Modified,
    /// The only copy.
    Exclusive,
    /// One of several copies.
    Shared,
    /// The only copy, at the node that wrote last, which may write it by itself.
    Lent,
}

impl Label {
    /// Its letter.
    pub fn letter(self) -> char {
        match self {
            Label::Modified | Label::Lent => 'M',
            Label::Exclusive => 'E',
            Label::Shared => 'S',
        }
    }
}

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Content {
    /// The value; none: there is no such key.
    pub value: Option<Bytes>,
    /// The number of the operation that wrote it; 0: there is no such key.
    pub version: u64,
    /// When its life ends, by this node's clock.
    pub ends: Option<Time>,
}

impl Content {
    /// Bytes of the value.
    pub fn len(&self) -> usize {
        self.value.as_ref().map_or(0, Bytes::len)
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The number that a node gives a session with the home of a shard; never given
/// twice. A line is good for nothing outside the era in which it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Era(pub u64);

impl Era {
    /// That of no session: what came in it is good for nothing before it is confirmed.
    pub const NONE: Era = Era(u64::MAX);
}

/// What a node may do with a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing: only its place is kept, since whoever lost it will want it again.
    Tag,
    /// Nothing yet: the home has sent the value of a write that is not open.
    Updated(Content),
    /// Reads may be answered from it, in its era.
    Readable(Label, Content),
}

/// What a node has of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// The shard that the key belongs to.
    pub shard: ShardId,
    /// In which session it came.
    pub era: Era,
    /// The number of the home's message that it came with.
    pub q: u64,
    /// What may be done with it.
    pub state: State,
}

impl Line {
    /// A line of which only the place is kept.
    pub fn tag(shard: ShardId) -> Self {
        Line { shard, era: Era(0), q: 0, state: State::Tag }
    }

    /// What it holds, readable or not.
    pub fn content(&self) -> Option<&Content> {
        match &self.state {
            State::Tag => None,
            State::Updated(content) | State::Readable(_, content) => Some(content),
        }
    }

    /// Whether what a client wrote here may take its place: it was lent, with the same message.
    pub fn lets_in(&self, line: &Line) -> bool {
        let lent = matches!(self.state, State::Readable(Label::Lent, _));
        lent && (self.era, self.q) == (line.era, line.q)
    }

    /// Its letter, if this is its era: M, E, S, or I where nothing may be read.
    pub fn letter(&self, era: Era) -> char {
        match &self.state {
            State::Readable(label, _) if self.era == era => label.letter(),
            _ => 'I',
        }
    }
}
