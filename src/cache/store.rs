//! Where lines are kept, as the protocol sees it.

use lockstep_core::ShardId;

use crate::{At, Content, Era, Line, Name, State};

/// Keeps lines. What is done to one line happens at once for all who read it.
pub trait Store {
    /// A copy of a readable line, for a client.
    fn copy(&self, at: At<'_>) -> Option<Seen>;

    /// A line as it is, and whether it was read since it came: for those who ask
    /// about the cache, not for clients.
    fn look(&self, at: At<'_>) -> Option<(Line, bool)>;

    /// Puts a line into its place, where one was or not; lines that have to go for
    /// it are added to `evicted`. False: it is too large, and nothing is kept of
    /// the key.
    fn put(&self, name: &Name, line: Line, evicted: &mut Vec<Evicted>) -> bool;

    /// Puts a line in the place of one that came with the same message, if that may be written
    /// still; lines that have to go for it are added to `evicted`. False: it may not, or what
    /// takes its place is too large, and nothing is kept of the key then.
    fn rewrite(&self, name: &Name, line: Line, evicted: &mut Vec<Evicted>) -> bool;

    /// Changes a line, if there is one; it is told whether it was read since it
    /// came. It must not grow.
    fn alter(&self, at: At<'_>, change: &mut dyn FnMut(&mut Line, bool));

    /// The names of lines of a shard that hold anything, so many at most.
    fn names_of(&self, shard: ShardId, most: usize) -> Vec<Name>;

    /// Removes a line; tells of it if more than its place was kept.
    fn remove(&self, at: At<'_>) -> Option<Evicted>;
}

/// A copy of a readable line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The session it is good for.
    pub era: Era,
    /// What the key holds.
    pub content: Content,
}

impl Seen {
    /// Of a line, if it may be read in its era.
    pub fn of(line: &Line) -> Option<Seen> {
        match &line.state {
            State::Readable(_, content) => Some(Seen { era: line.era, content: content.clone() }),
            State::Tag | State::Updated(_) => None,
        }
    }
}

/// A line that is gone, of which its home may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evicted {
    /// Of which key.
    pub name: Name,
    /// In which shard.
    pub shard: ShardId,
    /// In which session it had come.
    pub era: Era,
    /// With which message of the home.
    pub q: u64,
}

impl Evicted {
    /// Of this line.
    pub fn of(name: &Name, line: &Line) -> Evicted {
        Evicted { name: name.clone(), shard: line.shard, era: line.era, q: line.q }
    }
}
