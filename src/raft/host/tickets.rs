//! Which requests of other nodes have come before.
//!
//! A network may hand a message over twice. The second copy of a share is dangerous
//! when the first one was refused, or the other way round: the sender believes the
//! first reply, and what it believes to be refused must not be carried out. So every
//! try carries a ticket that is good once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use lockstep_core::NodeId;
use parking_lot::Mutex;

/// How many of a node's last tickets are told apart. More of its shares than these
/// do not overtake one another.
const WINDOW: u64 = 4096;
const WORD_BITS: u64 = u64::BITS as u64;
const WORDS: usize = (WINDOW / WORD_BITS) as usize;
/// So many bits number the tickets of one life of a node.
const NUMBER_BITS: u32 = 40;

/// Draws the tickets of this node, and looks at those of others.
#[derive(Debug)]
pub(super) struct Tickets {
    last: AtomicU64,
    seen: Mutex<BTreeMap<NodeId, Window>>,
}

/// The last tickets of one node.
#[derive(Debug)]
struct Window {
    newest: u64,
    /// Whether a ticket has come, by its number modulo the window.
    came: Box<[u64; WORDS]>,
}

impl Tickets {
    /// Those of a node in one of its lives; each life has higher ones than the one
    /// before.
    pub(super) fn new(boot: u64) -> Self {
        let first = boot.checked_mul(1 << NUMBER_BITS).unwrap_or(u64::MAX >> 1);
        Tickets { last: AtomicU64::new(first), seen: Mutex::default() }
    }

    /// A ticket for one try.
    pub(super) fn draw(&self) -> u64 {
        self.last.fetch_add(1, Relaxed) + 1
    }

    /// Whether the ticket comes for the first time. One that is too old to tell has
    /// come before.
    pub(super) fn is_first(&self, from: NodeId, ticket: u64) -> bool {
        let mut seen = self.seen.lock();
        let new = || Window { newest: ticket, came: Box::new([0; WORDS]) };
        seen.entry(from).or_insert_with(new).take(ticket)
    }

    /// A node has left for good.
    pub(super) fn forget(&self, node: NodeId) {
        self.seen.lock().remove(&node);
    }
}

impl Window {
    fn take(&mut self, ticket: u64) -> bool {
        if ticket > self.newest {
            self.advance(ticket);
        } else if self.newest - ticket >= WINDOW {
            return false;
        }
        let (word, bit) = place(ticket);
        let first = self.came[word] & bit == 0;
        self.came[word] |= bit;
        first
    }

    fn advance(&mut self, newest: u64) {
        if newest - self.newest >= WINDOW {
            self.came.fill(0);
        } else {
            for ticket in self.newest + 1..=newest {
                let (word, bit) = place(ticket);
                self.came[word] &= !bit;
            }
        }
        self.newest = newest;
    }
}

fn place(ticket: u64) -> (usize, u64) {
    let at = ticket % WINDOW;
    ((at / WORD_BITS) as usize, 1 << (at % WORD_BITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId(7);

    #[test]
    fn a_ticket_is_good_once_in_whatever_order_they_come() {
        let tickets = Tickets::new(1);
        for ticket in [5, 3, 4, 9, 7] {
            assert!(tickets.is_first(NODE, ticket), "{ticket}");
        }
        for ticket in [3, 4, 5, 7, 9] {
            assert!(!tickets.is_first(NODE, ticket), "{ticket}");
        }
        assert!(tickets.is_first(NODE, 6));
        assert!(tickets.is_first(NodeId(8), 5), "another node has tickets of its own");
    }

    #[test]
    fn a_ticket_that_is_too_old_to_tell_is_not_good() {
        let tickets = Tickets::new(1);
        assert!(tickets.is_first(NODE, 10));
        assert!(tickets.is_first(NODE, 10 + WINDOW));
        assert!(!tickets.is_first(NODE, 10));
        assert!(tickets.is_first(NODE, 11), "the oldest that can be told apart");
    }

    #[test]
    fn room_is_made_for_as_many_tickets_as_are_passed_over() {
        let tickets = Tickets::new(1);
        for ticket in 1..WINDOW * 3 {
            assert!(tickets.is_first(NODE, ticket), "{ticket}");
            assert!(!tickets.is_first(NODE, ticket), "{ticket}");
        }
        let far = WINDOW * 10;
        assert!(tickets.is_first(NODE, far));
        assert!(tickets.is_first(NODE, far - WINDOW + 1));
    }

    #[test]
    fn a_new_life_draws_higher_tickets_than_all_lives_before() {
        let (old, new) = (Tickets::new(3), Tickets::new(4));
        assert!(new.draw() > (0..100).map(|_| old.draw()).max().unwrap());
        assert!(Tickets::new(u64::MAX).draw() > 0);
    }
}
