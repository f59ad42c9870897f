//! A doubly linked list of lines in one block of memory: a line is taken out of the
//! middle in one step, and nothing is allocated for each.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};

use crate::Name;

/// What the order of lines knows of one.
#[derive(Debug)]
pub(super) struct Tag {
    pub name: Name,
    /// Of the name.
    pub hash: u64,
    /// How often it was used lately, as far as the policy counts.
    pub uses: AtomicU8,
    /// When it was used last, counted in uses of all lines.
    pub used_at: AtomicU64,
    /// Where it is in its list. Changed under the lock of the list only.
    seat: AtomicU32,
    /// Which list that is, where there are several.
    pub queue: AtomicU8,
}

impl Tag {
    pub(super) fn new(name: Name, hash: u64) -> Self {
        Tag {
            name,
            hash,
            uses: AtomicU8::new(0),
            used_at: AtomicU64::new(0),
            seat: AtomicU32::new(NONE),
            queue: AtomicU8::new(0),
        }
    }

    /// Counts a use, up to `most`.
    pub(super) fn count_use(&self, most: u8) {
        // Two at once may count as one: it is a hint.
        let uses = self.uses.load(Relaxed);
        if uses < most {
            self.uses.store(uses + 1, Relaxed);
        }
    }
}

/// No seat.
const NONE: u32 = u32::MAX;

/// Lines in an order: new ones come to the front.
#[derive(Debug)]
pub(super) struct List {
    nodes: Vec<Node>,
    /// The first of the free nodes; each names the next as `back`.
    free: u32,
    front: u32,
    back: u32,
    len: usize,
}

#[derive(Debug)]
struct Node {
    tag: Option<Arc<Tag>>,
    /// Its neighbour towards the front.
    ahead: u32,
    /// Its neighbour towards the back.
    behind: u32,
}

impl Default for List {
    fn default() -> Self {
        List { nodes: Vec::new(), free: NONE, front: NONE, back: NONE, len: 0 }
    }
}

impl List {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a line at the front.
    pub(super) fn push(&mut self, tag: Arc<Tag>) {
        let seat = self.free_seat();
        tag.seat.store(seat, Relaxed);
        self.nodes[seat as usize] = Node { tag: Some(tag), ahead: NONE, behind: self.front };
        match self.front {
            NONE => self.back = seat,
            front => self.nodes[front as usize].ahead = seat,
        }
        self.front = seat;
        self.len += 1;
    }

    /// Removes the last line.
    pub(super) fn pop(&mut self) -> Option<Arc<Tag>> {
        (self.back != NONE).then(|| self.take(self.back))
    }

    /// Removes a line; false if it is not here.
    pub(super) fn remove(&mut self, tag: &Tag) -> bool {
        let seat = tag.seat.load(Relaxed);
        if seat == NONE {
            return false;
        }
        self.take(seat);
        true
    }

    /// Moves a line to the front, if it is here.
    pub(super) fn move_to_front(&mut self, tag: &Tag) {
        let seat = tag.seat.load(Relaxed);
        if seat != NONE && seat != self.front {
            let tag = self.take(seat);
            self.push(tag);
        }
    }

    /// The last line.
    pub(super) fn last(&self) -> Option<&Arc<Tag>> {
        self.at(Seat(self.back))
    }

    /// The seat of the last line.
    pub(super) fn last_seat(&self) -> Option<Seat> {
        (self.back != NONE).then_some(Seat(self.back))
    }

    /// The line on a seat.
    pub(super) fn at(&self, seat: Seat) -> Option<&Arc<Tag>> {
        self.nodes.get(seat.0 as usize)?.tag.as_ref()
    }

    /// The seat of a line.
    pub(super) fn seat(tag: &Tag) -> Seat {
        Seat(tag.seat.load(Relaxed))
    }

    /// The next seat towards the front.
    pub(super) fn ahead(&self, seat: Seat) -> Option<Seat> {
        let ahead = self.nodes[seat.0 as usize].ahead;
        (ahead != NONE).then_some(Seat(ahead))
    }

    fn take(&mut self, seat: u32) -> Arc<Tag> {
        let node = &mut self.nodes[seat as usize];
        let tag = node.tag.take().expect("a seat in the row is taken");
        let (ahead, behind) = (node.ahead, node.behind);
        node.behind = self.free;
        self.free = seat;
        match ahead {
            NONE => self.front = behind,
            ahead => self.nodes[ahead as usize].behind = behind,
        }
        match behind {
            NONE => self.back = ahead,
            behind => self.nodes[behind as usize].ahead = ahead,
        }
        tag.seat.store(NONE, Relaxed);
        self.len -= 1;
        tag
    }

    fn free_seat(&mut self) -> u32 {
        match self.free {
            NONE => {
                let seat = u32::try_from(self.nodes.len()).expect("fewer lines than 2^32");
                self.nodes.push(Node { tag: None, ahead: NONE, behind: NONE });
                seat
            }
            seat => {
                self.free = self.nodes[seat as usize].behind;
                seat
            }
        }
    }
}

/// A place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat(u32);
