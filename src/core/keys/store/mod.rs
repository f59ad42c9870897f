//! How items are kept: databases, their tables by slot, pages of items.
//!
//! Everything below a database hangs on reference counts and is copied when it
//! is written while a snapshot still looks at it: first a group of 128 slots
//! (pointers only), then a slot's directory (pointers only), then one page of
//! at most 64 items. What is where depends on the keys alone and not on the
//! order in which they came, so that replicas with different histories walk
//! their keys in the same order.

mod access;
mod collection;
mod database;
mod deadlines;
mod directory;
mod garbage;
mod item;
mod key;
mod members;
mod name;
mod pack;
mod page;
mod ranked;
mod row;
mod scored;
mod slots;
mod stream;
mod table;
mod timed;
mod tree;
mod value;

pub(super) use access::{Access, mix};
pub(super) use collection::{Collection, Form};
pub(super) use database::Database;
pub(super) use garbage::Garbage;
pub(super) use item::Item;
pub(super) use key::Key;
pub(super) use name::{Hasher, Name};
pub(super) use pack::{Entry, Pack, View as PackView};
pub(super) use page::Page;
pub(super) use ranked::Ranked;
pub(super) use scored::Scored;
pub(super) use slots::{Group, Place, Slots};
pub(super) use stream::{
    Block, Consumer, ConsumerGroup, ENTRY_BYTES_MAX, Element, Entry as StreamEntry, Keep, Layout,
    Pair, Pending, Stream, listpack_elements,
};
pub(super) use table::{HASH_LIMITS, Limits, Rows, SET_LIMITS, placed, without_hash};
pub(super) use timed::Timed;
pub(super) use tree::{Tree, TreeNode};
pub(super) use value::{Str, Value, heap_bytes};
