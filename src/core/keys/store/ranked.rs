//! A sorted set with many members.

use super::tree::{Tree, TreeNode};

/// The members with their scores, and the scores with their members.
#[derive(Clone, Debug, Default)]
pub(in crate::keys) struct Ranked {
    /// By hash; the value is the score.
    pub members: Tree,
    /// By score, then by member.
    pub scores: Tree,
}

impl Ranked {
    /// How many members.
    pub(in crate::keys) fn len(&self) -> usize {
        self.scores.len()
    }

    /// Bytes of memory, estimated.
    pub(in crate::keys) fn memory(&self) -> usize {
        self.members.memory() + self.scores.memory()
    }

    /// What is to be freed bit by bit.
    pub(in crate::keys) fn into_nodes(self) -> [TreeNode; 2] {
        [self.members.into_node(), self.scores.into_node()]
    }
}
