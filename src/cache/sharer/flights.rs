//! Requests for copies that are on their way, and who waits for their answers.

use std::collections::BTreeMap;

use crate::{Content, Name, Time};

/// A client that waits for the content of a key, as the node numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reader(pub u64);

/// A request for a copy that is on its way.
#[derive(Clone, Debug, Hash)]
pub(super) struct Flight {
    pub name: Name,
    /// What the node had of it then.
    pub had: Option<Content>,
    pub sent: Time,
    /// Whoever comes may join. Closed when the key is being written, or the lease is
    /// over: the answer may be older than who comes then.
    pub open: bool,
    /// Those who waited when it was sent.
    pub first: Vec<Reader>,
    /// Those who came while it was open: they may have an answer with a grant, since
    /// such a grant was good when they came.
    pub joined: Vec<Reader>,
    /// Those who came while there was no lease, or trust none: they wait for the next one,
    /// so that there are never many on their way for one key.
    pub late: Vec<Reader>,
    /// Whether somebody trusts no lease: what comes is kept to be confirmed anew.
    pub careful: bool,
}

impl Flight {
    fn readers(&self) -> usize {
        self.first.len() + self.joined.len() + self.late.len()
    }
}

/// Behind the bits of the life there is room for so many numbers.
const BOOT_BITS: u32 = 40;

/// All flights of a shard.
#[derive(Clone, Debug, Hash)]
pub(super) struct Flights {
    list: BTreeMap<u64, Flight>,
    /// The newest one of each key.
    newest: BTreeMap<Name, u64>,
    last: u64,
    readers: usize,
}

impl Flights {
    /// None yet. What was sent in an earlier life of the node has other numbers.
    pub(super) fn new(boot: u64) -> Self {
        let last = boot << BOOT_BITS;
        Flights { list: BTreeMap::new(), newest: BTreeMap::new(), last, readers: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn readers(&self) -> usize {
        self.readers
    }

    /// The newest one of a key.
    pub(super) fn newest(&mut self, name: &Name) -> Option<&mut Flight> {
        self.list.get_mut(self.newest.get(name)?)
    }

    /// Adds a reader to a flight, to one of its lists.
    pub(super) fn join(
        &mut self,
        name: &Name,
        list: fn(&mut Flight) -> &mut Vec<Reader>,
        who: Reader,
    ) {
        if let Some(flight) = self.newest(name) {
            list(flight).push(who);
            self.readers += 1;
        }
    }

    /// Begins one for those who wait now; gives its number.
    pub(super) fn begin(
        &mut self,
        name: &Name,
        had: Option<Content>,
        sent: Time,
        open: bool,
        first: Vec<Reader>,
    ) -> u64 {
        self.last += 1;
        self.readers += first.len();
        let name = name.clone();
        self.newest.insert(name.clone(), self.last);
        let (joined, late) = (Vec::new(), Vec::new());
        let flight = Flight { name, had, sent, open, first, joined, late, careful: false };
        self.list.insert(self.last, flight);
        self.last
    }

    /// Ends one.
    pub(super) fn end(&mut self, number: u64) -> Option<Flight> {
        let flight = self.list.remove(&number)?;
        self.readers -= flight.readers();
        if self.newest.get(&flight.name) == Some(&number) {
            self.newest.remove(&flight.name);
        }
        Some(flight)
    }

    /// Nobody joins those of a key any more.
    pub(super) fn close(&mut self, name: &Name) {
        if let Some(flight) = self.newest(name) {
            flight.open = false;
        }
    }

    /// Nobody joins any of them any more.
    pub(super) fn close_all(&mut self) {
        self.list.values_mut().for_each(|flight| flight.open = false);
    }

    /// The oldest one that was sent before a time.
    pub(super) fn sent_before(&self, time: Time) -> Option<u64> {
        self.list.iter().find(|(_, flight)| flight.sent < time).map(|(number, _)| *number)
    }
}
