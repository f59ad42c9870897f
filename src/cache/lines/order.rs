//! Which line goes when room is needed.

use std::sync::Arc;

use parking_lot::Mutex;

use super::list::Tag;
use super::lru::Lru;
use super::s3fifo::S3Fifo;
use super::sieve::Sieve;

/// How the line is chosen that has to go (`cache-policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi, 2023): new lines prove themselves in a
    /// small queue first.
    #[default]
    S3Fifo,
    /// SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi, 2024): a hand passes over what was
    /// used since it last came by.
    Sieve,
    /// The least recently used one goes.
    Lru,
}

/// The lines in an order by which they go.
#[derive(Debug)]
pub(super) enum Order {
    S3Fifo(Mutex<S3Fifo>),
    Sieve(Mutex<Sieve>),
    Lru(Box<Lru>),
}

impl Order {
    pub(super) fn new(policy: Policy) -> Self {
        match policy {
            Policy::S3Fifo => Order::S3Fifo(Mutex::default()),
            Policy::Sieve => Order::Sieve(Mutex::default()),
            Policy::Lru => Order::Lru(Box::default()),
        }
    }

    /// A line was used. Takes no lock that all lines share.
    pub(super) fn used(&self, tag: &Tag) {
        match self {
            Order::S3Fifo(_) => tag.count_use(S3Fifo::USES_MAX),
            Order::Sieve(_) => tag.count_use(1),
            Order::Lru(lru) => lru.used(tag),
        }
    }

    /// A line came.
    pub(super) fn add(&self, tag: Arc<Tag>) {
        match self {
            Order::S3Fifo(order) => order.lock().add(tag),
            Order::Sieve(order) => order.lock().add(tag),
            Order::Lru(order) => order.add(tag),
        }
    }

    /// A line goes, of which the policy was not asked.
    pub(super) fn remove(&self, tag: &Tag) {
        match self {
            Order::S3Fifo(order) => order.lock().remove(tag),
            Order::Sieve(order) => order.lock().remove(tag),
            Order::Lru(order) => order.remove(tag),
        }
    }

    /// Chooses the line that goes, and forgets it.
    pub(super) fn victim(&self) -> Option<Arc<Tag>> {
        match self {
            Order::S3Fifo(order) => order.lock().victim(),
            Order::Sieve(order) => order.lock().victim(),
            Order::Lru(order) => order.victim(),
        }
    }

    /// How many lines it knows.
    pub(super) fn len(&self) -> usize {
        match self {
            Order::S3Fifo(order) => order.lock().len(),
            Order::Sieve(order) => order.lock().len(),
            Order::Lru(order) => order.len(),
        }
    }

    /// Remembers no more than so many that are gone.
    pub(super) fn remember_at_most(&self, most: usize) {
        if let Order::S3Fifo(order) = self {
            order.lock().remember_at_most(most);
        }
    }

    /// How many that are gone it remembers.
    pub(super) fn ghosts(&self) -> usize {
        match self {
            Order::S3Fifo(order) => order.lock().ghosts(),
            Order::Sieve(_) | Order::Lru(_) => 0,
        }
    }
}
