//! The nodes of a tree.

use std::sync::Arc;

use crate::keys::store::Key;
use crate::keys::store::pack::{Pack, View};

/// From how many bytes on a leaf is parted. It is searched from its front: shorter ones are
/// faster, and take more room around them.
const LEAF_BYTES_MAX: usize = 512;

/// Below how many bytes a leaf is joined with its neighbour, if both fit into one.
const LEAF_BYTES_MIN: usize = LEAF_BYTES_MAX / 4;

/// From how many children on an inner node is parted.
const CHILDREN_MAX: usize = 32;

/// Below how many children an inner node is joined with its neighbour.
const CHILDREN_MIN: usize = CHILDREN_MAX / 4;

/// A part of a tree. All leaves are equally deep.
#[derive(Clone, Debug)]
pub(in crate::keys) enum Node {
    Leaf(Arc<Pack>),
    Inner(Arc<Inner>),
}

/// Some parts in a row.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Inner {
    children: Vec<Child>,
}

#[derive(Clone, Debug)]
struct Child {
    /// Not greater than any key of this child and greater than all keys of the one
    /// before. That of a node's first child means nothing.
    from: Key,
    len: usize,
    node: Node,
}

/// What leads to a leaf.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seek<'a> {
    /// Where this key is or would be.
    Key(&'a [u8]),
    /// The entry at this position, which there is.
    At(usize),
    /// The entry with so many behind it, which there is.
    Back(usize),
    /// Where an entry comes to stand at this position.
    Gap(usize),
    /// Where an entry comes to stand behind all others.
    End,
}

/// Whether a node is the first and the last one of its depth.
#[derive(Clone, Copy)]
struct Edge {
    first: bool,
    last: bool,
}

/// What was cut off a node: it belongs right behind it.
type Behind = Option<(Key, Node)>;

/// What came of a change below a node.
struct Edited<T> {
    result: T,
    /// By how many entries there are more, with those that were cut off.
    more: isize,
    behind: Behind,
}

impl Default for Node {
    fn default() -> Self {
        Node::Leaf(Arc::default())
    }
}

impl Node {
    /// The leaf, and how many entries stand before it.
    pub(super) fn leaf(&self, to: Seek<'_>) -> (View<'_>, usize) {
        let (mut node, mut to, mut before) = (self, to, 0);
        loop {
            match node {
                Node::Leaf(pack) => return (pack.view(), before),
                Node::Inner(inner) => {
                    let (at, further) = inner.lead(to);
                    (node, to) = (&inner.children[at].node, further);
                    before += inner.before(at);
                }
            }
        }
    }

    /// The leaf where a key is or would be.
    pub(super) fn leaf_of(&self, key: &[u8]) -> View<'_> {
        let mut node = self;
        loop {
            match node {
                Node::Leaf(pack) => return pack.view(),
                Node::Inner(inner) => node = &inner.children[inner.lead(Seek::Key(key)).0].node,
            }
        }
    }

    /// Changes a leaf; where it is sought by position, `change` is told the index there.
    pub(super) fn edit<T>(
        &mut self,
        to: Seek<'_>,
        change: impl FnOnce(&mut Pack, usize) -> T,
    ) -> T {
        let edited = self.edit_part(to, Edge { first: true, last: true }, change);
        if let Some((from, node)) = edited.behind {
            let old = std::mem::take(self);
            let children = vec![Child::new(Key::new(b""), old), Child::new(from, node)];
            *self = Node::Inner(Arc::new(Inner { children }));
        }
        self.flatten();
        edited.result
    }

    /// The children of an inner node at which nobody else looks.
    pub(in crate::keys) fn into_parts(self) -> Vec<Node> {
        match self {
            Node::Inner(inner) => {
                let inner = Arc::try_unwrap(inner).ok();
                let children = inner.into_iter().flat_map(|inner| inner.children);
                children.map(|child| child.node).collect()
            }
            Node::Leaf(_) => Vec::new(),
        }
    }

    /// How many entries.
    pub(in crate::keys) fn len(&self) -> usize {
        match self {
            Node::Leaf(pack) => pack.len(),
            Node::Inner(inner) => inner.children.iter().map(|child| child.len).sum(),
        }
    }

    fn edit_part<T>(
        &mut self,
        to: Seek<'_>,
        edge: Edge,
        change: impl FnOnce(&mut Pack, usize) -> T,
    ) -> Edited<T> {
        match self {
            Node::Leaf(pack) => {
                let pack = Arc::make_mut(pack);
                let before = pack.len();
                let index = match to {
                    Seek::Key(_) => 0,
                    Seek::At(index) | Seek::Gap(index) => index,
                    Seek::Back(behind) => before - 1 - behind,
                    Seek::End => before,
                };
                let result = change(pack, index);
                let more = pack.len().wrapping_sub(before).cast_signed();
                Edited { result, more, behind: part_leaf(pack, edge) }
            }
            Node::Inner(inner) => {
                let inner = Arc::make_mut(inner);
                let (at, further) = inner.lead(to);
                let edge = Edge {
                    first: edge.first && at == 0,
                    last: edge.last && at + 1 == inner.children.len(),
                };
                let child = &mut inner.children[at];
                let Edited { result, more, behind } = child.node.edit_part(further, edge, change);
                child.len = child.len.wrapping_add_signed(more);
                inner.settle(at, behind);
                Edited { result, more, behind: inner.part() }
            }
        }
    }

    /// A root with a single child, or none, is one level too many.
    fn flatten(&mut self) {
        while let Node::Inner(inner) = self {
            match inner.children.len() {
                0 => *self = Node::default(),
                1 => *self = inner.children[0].node.clone(),
                _ => return,
            }
        }
    }

    /// Takes over the entries of the next node, which begins with `from`, if both fit
    /// into one with room to spare.
    fn join(&mut self, from: &Key, next: &Node) -> bool {
        match (self, next) {
            (Node::Leaf(low), Node::Leaf(high)) => {
                let fit = low.size() + high.size() <= LEAF_BYTES_MAX * 3 / 4;
                if fit {
                    Arc::make_mut(low).append(high);
                }
                fit
            }
            (Node::Inner(low), Node::Inner(high)) => {
                let fit = low.children.len() + high.children.len() <= CHILDREN_MAX * 3 / 4;
                if fit {
                    let low = Arc::make_mut(low);
                    let first = low.children.len();
                    low.children.extend(high.children.iter().cloned());
                    low.children[first].from = from.clone();
                }
                fit
            }
            _ => unreachable!("all leaves are equally deep"),
        }
    }

    fn is_thin(&self) -> bool {
        match self {
            Node::Leaf(pack) => pack.size() < LEAF_BYTES_MIN,
            Node::Inner(inner) => inner.children.len() < CHILDREN_MIN,
        }
    }
}

impl Child {
    fn new(from: Key, node: Node) -> Self {
        Child { from, len: node.len(), node }
    }
}

impl Inner {
    /// The child on the way, and how to go on.
    fn lead<'a>(&self, to: Seek<'a>) -> (usize, Seek<'a>) {
        match to {
            Seek::Key(key) => {
                (self.children[1..].partition_point(|child| child.from.bytes() <= key), to)
            }
            Seek::At(position) => {
                let (at, left) = skip(self.children.iter(), position, |left, len| left < len);
                (at, Seek::At(left))
            }
            Seek::Gap(position) => {
                let (at, left) = skip(self.children.iter(), position, |left, len| left <= len);
                (at, Seek::Gap(left))
            }
            Seek::Back(behind) => {
                let (at, left) = skip(self.children.iter().rev(), behind, |left, len| left < len);
                (self.children.len() - 1 - at, Seek::Back(left))
            }
            Seek::End => (self.children.len() - 1, to),
        }
    }

    /// How many entries stand before a child.
    fn before(&self, at: usize) -> usize {
        self.children[..at].iter().map(|child| child.len).sum()
    }

    /// Puts things right behind a change of a child whose length counts what was cut off.
    fn settle(&mut self, at: usize, behind: Behind) {
        if let Some((from, node)) = behind {
            let behind = Child::new(from, node);
            self.children[at].len -= behind.len;
            self.children.insert(at + 1, behind);
        } else if self.children[at].len == 0 {
            self.children.remove(at);
        } else if self.children[at].node.is_thin() && self.children.len() > 1 {
            let low = at.min(self.children.len() - 2);
            // The thin one and the one behind it, or before it where it is the last.
            if !self.join(low) && at > 0 && low == at {
                self.join(at - 1);
            }
        }
    }

    fn join(&mut self, low: usize) -> bool {
        let (front, back) = self.children.split_at_mut(low + 1);
        let (low_child, high_child) = (&mut front[low], &back[0]);
        let joined = low_child.node.join(&high_child.from, &high_child.node);
        if joined {
            low_child.len += high_child.len;
            self.children.remove(low + 1);
        }
        joined
    }

    fn part(&mut self) -> Behind {
        if self.children.len() <= CHILDREN_MAX {
            return None;
        }
        let children = self.children.split_off(self.children.len() / 2);
        let from = children[0].from.clone();
        Some((from, Node::Inner(Arc::new(Inner { children }))))
    }
}

/// The first child where it `fits`, and how many entries are left to skip there.
fn skip<'a>(
    children: impl Iterator<Item = &'a Child>,
    mut left: usize,
    fits: impl Fn(usize, usize) -> bool,
) -> (usize, usize) {
    for (at, child) in children.enumerate() {
        if fits(left, child.len) {
            return (at, left);
        }
        left -= child.len;
    }
    unreachable!("the position is within the tree")
}

/// Halves a leaf that is too large; at the ends of the tree so that what comes there
/// in a row fills its leaves.
fn part_leaf(pack: &mut Pack, edge: Edge) -> Behind {
    let len = pack.len();
    if pack.size() <= LEAF_BYTES_MAX || len < 2 {
        return None;
    }
    let index = match edge {
        Edge { last: true, .. } => len - 1,
        Edge { first: true, .. } => 1,
        _ => middle(pack.view()).clamp(1, len - 1),
    };
    let at = pack.view().place(index);
    let high = pack.split_off(at, index);
    let last = pack.view().nth(index - 1).map_or(&b""[..], |entry| entry.key);
    let first = high.view().nth(0).map_or(&b""[..], |entry| entry.key);
    let common = last.iter().zip(first).take_while(|(a, b)| a == b).count();
    // The shortest key that parts them.
    let from = Key::new(&first[..first.len().min(common + 1)]);
    Some((from, Node::Leaf(Arc::new(high))))
}

/// How many entries the lower half of the bytes holds.
fn middle(pack: View<'_>) -> usize {
    let half = pack.size() / 2;
    let mut size = 0;
    let within = |entry: &super::Entry<'_>| {
        size += entry.size();
        size <= half
    };
    pack.iter().take_while(within).count()
}
