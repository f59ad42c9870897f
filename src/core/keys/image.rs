//! The key space as chunks of bytes, and back.
//!
//! The first chunk is 0, the format, the seed of the hash. Every other one is 1
//! and items, each: database, key, deadline (or none), version, access data,
//! type and value; or, where a large collection goes on, 2, database, key and
//! entries.

mod stream;
mod value;

use std::collections::VecDeque;
use std::sync::Arc;

use super::Keyspace;
use super::store::{Access, Group, Hasher, Item, Page};
use crate::Db;
use crate::wire::{Malformed, Wire};

/// How large a chunk grows before the next one is begun.
const CHUNK_BYTES: usize = 64 * 1024;

const HEAD: u8 = 0;
const ITEMS: u8 = 1;
const MORE: u8 = 2;
const FORMAT: u8 = 1;

/// The key space as it was at one moment.
#[derive(Debug)]
pub struct Frozen {
    seed: u64,
    groups: VecDeque<(Db, Arc<Group>)>,
}

impl Frozen {
    pub(super) fn of(space: &Keyspace) -> Self {
        let groups = space.in_use().flat_map(|(db, database)| {
            database.slots().groups().map(move |group| (db, group.clone()))
        });
        Frozen { seed: space.hasher.seed, groups: groups.collect() }
    }

    /// The chunks of the snapshot, in order. What is written out is let go.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        let mut head = vec![HEAD, FORMAT];
        self.seed.put(&mut head);
        let hasher = Hasher { seed: self.seed };
        let writing = Writing { hasher, groups: self.groups, ..Writing::default() };
        std::iter::once(head).chain(writing)
    }
}

/// What is left to be written.
#[derive(Default)]
struct Writing {
    hasher: Hasher,
    groups: VecDeque<(Db, Arc<Group>)>,
    /// The pages of the group at work.
    pages: VecDeque<Arc<Page>>,
    db: Db,
    /// How many items of the first page are written.
    done: usize,
    /// How many entries of the item behind those are written, if it is begun.
    begun: usize,
}

impl Iterator for Writing {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.begun > 0 {
            return Some(self.more());
        }
        let mut chunk = vec![ITEMS];
        while chunk.len() < CHUNK_BYTES && self.put_next(&mut chunk) {}
        (chunk.len() > 1).then_some(chunk)
    }
}

impl Writing {
    /// More entries of an item that is begun.
    fn more(&mut self) -> Vec<u8> {
        let mut chunk = vec![MORE];
        let item = self.pages.front().and_then(|page| page.items().get(self.done));
        let item = item.expect("it is begun and stays where it is");
        self.db.put(&mut chunk);
        item.key.bytes().put(&mut chunk);
        self.begun = value::put_entries(&mut chunk, self.hasher, &item.value, self.begun);
        self.done += usize::from(self.begun == 0);
        chunk
    }

    fn put_next(&mut self, chunk: &mut Vec<u8>) -> bool {
        loop {
            if let Some(page) = self.pages.front() {
                if let Some(item) = page.items().get(self.done) {
                    put_head(chunk, self.db, item);
                    self.begun = value::put(chunk, self.hasher, &item.value);
                    self.done += usize::from(self.begun == 0);
                    return self.begun == 0;
                }
                self.pages.pop_front();
                self.done = 0;
                continue;
            }
            let Some((db, group)) = self.groups.pop_front() else { return false };
            self.db = db;
            self.pages = group.pages().cloned().collect();
        }
    }
}

fn put_head(out: &mut Vec<u8>, db: Db, item: &Item) {
    db.put(out);
    item.key.bytes().put(out);
    item.deadline().put(out);
    item.version.put(out);
    item.access.bits().put(out);
}

pub(super) fn restore(space: &mut Keyspace, chunk: &[u8]) -> Result<(), Malformed> {
    let mut input = chunk;
    match u8::take(&mut input)? {
        HEAD => restore_head(space, input),
        ITEMS => {
            while !input.is_empty() {
                restore_item(space, &mut input)?;
            }
            Ok(())
        }
        MORE => restore_more(space, input),
        _ => Err(Malformed),
    }
}

fn restore_head(space: &mut Keyspace, mut input: &[u8]) -> Result<(), Malformed> {
    let empty = space.in_use().next().is_none();
    if !empty || u8::take(&mut input)? != FORMAT {
        return Err(Malformed);
    }
    space.hasher = Hasher { seed: u64::take(&mut input)? };
    if input.is_empty() { Ok(()) } else { Err(Malformed) }
}

fn restore_item(space: &mut Keyspace, input: &mut &[u8]) -> Result<(), Malformed> {
    let db = Db::take(input)?;
    let key = <&[u8]>::take(input)?;
    let deadline = <Option<u64> as Wire>::take(input)?;
    let version = u64::take(input)?;
    let access = Access::from_bits(u32::take(input)?);
    let value = value::take(input, space.hasher)?;
    let name = space.hasher.name(key);
    let database = space.database_mut(db);
    // One that stands for no deadline, or a key that was there already.
    if deadline == Some(u64::MAX) || database.get(&name).is_some() {
        return Err(Malformed);
    }
    database.insert(&name, Item::new(key, value, deadline, version, access));
    Ok(())
}

fn restore_more(space: &mut Keyspace, mut input: &[u8]) -> Result<(), Malformed> {
    let db = Db::take(&mut input)?;
    let hasher = space.hasher;
    let name = hasher.name(<&[u8]>::take(&mut input)?);
    let database = space.database_mut(db);
    let added = database.extend(&name, |value| value::take_entries(&mut input, hasher, value));
    added.ok_or(Malformed)??;
    if input.is_empty() { Ok(()) } else { Err(Malformed) }
}
