//! The values that hold several things: hashes, lists, sets, sorted sets.

use std::sync::Arc;

use super::pack::{Pack, View};
use super::tree::Tree;
use super::value::heap_bytes;
use super::{Garbage, Ranked};

/// Up to how many bytes a pack stands in a box of its item and is copied with it.
const SMALL_BYTES_MAX: usize = 1024;

/// What a reference count and the head of what it counts take.
const SHARED_BYTES: usize = 48;

/// From how many entries on a tree is freed bit by bit.
const FREED_AT_ONCE_MAX: usize = 2048;

/// Entries in one of several forms.
///
/// Invariant: a pack stands in a box exactly as long as it is small.
#[derive(Clone, Debug)]
pub(in crate::keys) enum Collection {
    /// A small pack.
    Small(Box<[u8]>),
    /// What is shared between copies of its page, so that copying one stays cheap.
    Large(Arc<Large>),
}

/// What does not fit into a box.
#[derive(Clone, Debug)]
pub(in crate::keys) enum Large {
    Packed(Pack),
    Tree(Tree),
    Ranked(Ranked),
}

/// A collection, to be read.
#[derive(Clone, Copy, Debug)]
pub(in crate::keys) enum Form<'a> {
    Packed(View<'a>),
    Tree(&'a Tree),
    Ranked(&'a Ranked),
}

impl Default for Collection {
    fn default() -> Self {
        Collection::of_pack(Pack::default())
    }
}

impl Collection {
    pub(in crate::keys) fn of_pack(pack: Pack) -> Self {
        if pack.size() <= SMALL_BYTES_MAX {
            Collection::Small(pack.into_box())
        } else {
            Collection::Large(Arc::new(Large::Packed(pack)))
        }
    }

    pub(in crate::keys) fn of_tree(tree: Tree) -> Self {
        Collection::Large(Arc::new(Large::Tree(tree)))
    }

    pub(in crate::keys) fn of_ranked(ranked: Ranked) -> Self {
        Collection::Large(Arc::new(Large::Ranked(ranked)))
    }

    pub(in crate::keys) fn form(&self) -> Form<'_> {
        match self {
            Collection::Small(bytes) => Form::Packed(View::new(bytes)),
            Collection::Large(large) => match &**large {
                Large::Packed(pack) => Form::Packed(pack.view()),
                Large::Tree(tree) => Form::Tree(tree),
                Large::Ranked(ranked) => Form::Ranked(ranked),
            },
        }
    }

    /// How many entries.
    pub(in crate::keys) fn len(&self) -> usize {
        match self.form() {
            Form::Packed(pack) => pack.len(),
            Form::Tree(tree) => tree.len(),
            Form::Ranked(ranked) => ranked.len(),
        }
    }

    /// Changes the pack.
    ///
    /// # Panics
    /// When this is no pack.
    pub(in crate::keys) fn edit_pack<T>(&mut self, change: impl FnOnce(&mut Pack) -> T) -> T {
        match self {
            Collection::Small(bytes) => {
                let mut pack = Pack::from_box(std::mem::take(bytes));
                let result = change(&mut pack);
                *self = Collection::of_pack(pack);
                result
            }
            Collection::Large(large) => {
                let Large::Packed(pack) = Arc::make_mut(large) else {
                    panic!("asked for the pack of what is none");
                };
                let result = change(pack);
                if pack.size() <= SMALL_BYTES_MAX {
                    *self = Collection::of_pack(std::mem::take(pack));
                }
                result
            }
        }
    }

    /// The tree, in nodes of our own as far as they are changed.
    pub(in crate::keys) fn tree_mut(&mut self) -> Option<&mut Tree> {
        let Collection::Large(large) = self else { return None };
        if !matches!(**large, Large::Tree(_)) {
            return None;
        }
        match Arc::make_mut(large) {
            Large::Tree(tree) => Some(tree),
            Large::Packed(_) | Large::Ranked(_) => None,
        }
    }

    /// The same of a sorted set.
    pub(in crate::keys) fn ranked_mut(&mut self) -> Option<&mut Ranked> {
        let Collection::Large(large) = self else { return None };
        if !matches!(**large, Large::Ranked(_)) {
            return None;
        }
        match Arc::make_mut(large) {
            Large::Ranked(ranked) => Some(ranked),
            Large::Packed(_) | Large::Tree(_) => None,
        }
    }

    /// Bytes outside the item, estimated from what does not depend on the history.
    pub(in crate::keys) fn heap_bytes(&self) -> usize {
        match self.form() {
            Form::Packed(pack) if pack.size() <= SMALL_BYTES_MAX => heap_bytes(pack.size() + 2),
            Form::Packed(pack) => heap_bytes(pack.size() + 2) + SHARED_BYTES,
            Form::Tree(tree) => tree.memory() + SHARED_BYTES,
            Form::Ranked(ranked) => ranked.memory() + SHARED_BYTES,
        }
    }

    /// Lets go of it: what would take long to free is put to `garbage` instead.
    pub(in crate::keys) fn discard(self, garbage: &mut Garbage) {
        if self.len() < FREED_AT_ONCE_MAX {
            return;
        }
        let Collection::Large(large) = self else { return };
        garbage.note_value();
        match Arc::try_unwrap(large) {
            Ok(Large::Tree(tree)) => garbage.put_node(tree.into_node()),
            Ok(Large::Ranked(ranked)) => {
                ranked.into_nodes().into_iter().for_each(|node| garbage.put_node(node))
            }
            Ok(Large::Packed(_)) | Err(_) => {}
        }
    }
}
