//! The table as bytes: snapshots and digests.

use super::lock::{Caller, Hold, Lock, OwnerKey, Waiter};
use super::table::Table;
use super::{Mode, NO_END_MS, Owner, Stats, WAITERS_MAX};
use crate::image::{Name, Named, Paged, digest, pack};
use crate::lives::Lives;
use crate::wire::{Malformed, Wire};
use crate::{NodeId, Origin, Token, wire_enum};

wire_enum! {
    /// A piece of the table.
    pub enum Record<'a> {
        /// What there is once; always the first.
        1 => Head {
            /// The newest token.
            last_token: u64,
            /// The numbers of [`Stats`], in the order of its fields.
            stats: Vec<u64>,
            /// The newest life of each node.
            lives: Vec<(NodeId, u64)>,
        },
        /// A lock.
        2 => Held {
            /// Its name.
            name: &'a [u8],
            /// Who holds it.
            owner: Owner<'a>,
            /// How.
            mode: Mode,
            /// With which token.
            token: Token,
            /// Since when.
            since_ms: u64,
            /// Until when.
            deadline_ms: Option<u64>,
        },
        /// Some of the waiters of a lock that stands before, in order.
        3 => Line {
            /// The lock's name.
            name: &'a [u8],
            /// The waiters.
            waiters: Vec<Place<'a>>,
        },
    }
}

wire_enum! {
    /// A place in a line.
    pub enum Place<'a> {
        /// The only form.
        1 => Taken {
            /// Its number.
            place: u64,
            /// Who waits there.
            owner: Owner<'a>,
            /// How it will hold the lock.
            mode: Mode,
            /// For how long.
            lease_ms: Option<u64>,
            /// The requests: origin, number and deadline.
            callers: Vec<(Origin, (u64, Option<u64>))>,
        },
    }
}

/// The table as it was at one moment.
#[derive(Debug)]
pub struct Frozen {
    locks: Named<Lock>,
    last_token: u64,
    lives: Lives,
    stats: Stats,
}

impl Table {
    /// The table as it is now, for a snapshot. Cheap: what is not changed
    /// afterwards is shared.
    pub fn freeze(&self) -> Frozen {
        Frozen {
            locks: self.locks.clone(),
            last_token: self.last_token,
            lives: self.lives.clone(),
            stats: self.stats,
        }
    }

    /// A digest of the state: equal states have equal ones.
    pub fn state_digest(&self) -> u64 {
        digest(self.freeze().records())
    }

    /// Adds what a chunk of a snapshot holds. The chunks come in order, into a
    /// new table.
    ///
    /// # Errors
    /// The bytes are no chunk, or it does not fit to those before.
    pub fn restore(&mut self, mut chunk: &[u8]) -> Result<(), Malformed> {
        while !chunk.is_empty() {
            self.restore_record(Record::take(&mut chunk)?)?;
        }
        Ok(())
    }

    fn restore_record(&mut self, record: Record<'_>) -> Result<(), Malformed> {
        match record {
            Record::Head { last_token, stats, lives } => {
                self.restore_head(last_token, &stats, lives)
            }
            Record::Held { name, owner, mode, token, since_ms, deadline_ms } => {
                let owner = OwnerKey::from(&owner);
                let hold = Hold { owner, mode, token, since_ms, deadline_ms };
                self.restore_lock(name.into(), hold)
            }
            Record::Line { name, waiters } => {
                let name = self.locks.shared_name(name).ok_or(Malformed)?;
                waiters.into_iter().try_for_each(|place| self.restore_waiter(&name, place))
            }
        }
    }

    fn restore_head(
        &mut self,
        last_token: u64,
        stats: &[u64],
        lives: Vec<(NodeId, u64)>,
    ) -> Result<(), Malformed> {
        let &[grants, handed_over, timeouts, expirations] = stats else { return Err(Malformed) };
        if last_token > NO_END_MS || stats.iter().any(|number| *number > NO_END_MS) {
            return Err(Malformed);
        }
        self.last_token = last_token;
        self.stats = Stats { grants, handed_over, timeouts, expirations };
        lives.into_iter().for_each(|(node, boot)| self.lives.begin(node, boot));
        Ok(())
    }

    fn restore_lock(&mut self, name: Name, hold: Hold) -> Result<(), Malformed> {
        if hold.token.0 > self.last_token || self.locks.get(&name).is_some() {
            return Err(Malformed);
        }
        self.index.add_hold(&name, &hold);
        self.locks.insert(name, Lock::held(hold));
        Ok(())
    }

    fn restore_waiter(&mut self, name: &Name, place: Place<'_>) -> Result<(), Malformed> {
        let Place::Taken { place, owner, mode, lease_ms, callers } = place;
        let owner = OwnerKey::from(&owner);
        let lock = self.locks.get_mut(name).ok_or(Malformed)?;
        let in_order = (lock.next_place()..=NO_END_MS).contains(&place);
        let fits = lock.waiting + callers.len() <= WAITERS_MAX;
        let new = lock.hold.owner != owner && self.index.place_of(name, &owner).is_none();
        if !in_order || !fits || !new || callers.is_empty() {
            return Err(Malformed);
        }
        let mut waiter = Waiter { owner, mode, lease_ms, callers: Default::default() };
        for (origin, (request, deadline_ms)) in callers {
            if self.index.place_of_request(name, origin, request).is_some() {
                return Err(Malformed);
            }
            let caller = Caller { origin, request, deadline_ms };
            self.index.add_caller(name, place, &caller);
            waiter.callers.push(caller);
        }
        lock.waiting += waiter.callers.len();
        self.waiting += waiter.callers.len();
        self.index.add_waiter(name, place, &waiter);
        lock.line.insert(place, waiter);
        Ok(())
    }
}

impl Frozen {
    /// The chunks of the snapshot, in order.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        pack(self.records())
    }

    fn records(self) -> impl Iterator<Item = Vec<u8>> + Send {
        let Stats { grants, handed_over, timeouts, expirations } = self.stats;
        let head = Record::Head {
            last_token: self.last_token,
            stats: vec![grants, handed_over, timeouts, expirations],
            lives: self.lives.list(),
        };
        let locks = self.locks.into_entries();
        let locks = locks.flat_map(|(name, lock)| {
            std::iter::once(held(&name, &lock.hold)).chain(lines(name, lock.line))
        });
        std::iter::once(bytes(&head)).chain(locks)
    }
}

fn held(name: &Name, hold: &Hold) -> Vec<u8> {
    bytes(&Record::Held {
        name,
        owner: hold.owner.as_owner(),
        mode: hold.mode,
        token: hold.token,
        since_ms: hold.since_ms,
        deadline_ms: hold.deadline_ms,
    })
}

/// One record for each page of the line.
fn lines(name: Name, line: Paged<Waiter>) -> impl Iterator<Item = Vec<u8>> {
    line.into_pages().map(move |(base, page)| {
        let places = page.iter().map(|(slot, waiter)| Place::Taken {
            place: base + slot,
            owner: waiter.owner.as_owner(),
            mode: waiter.mode,
            lease_ms: waiter.lease_ms,
            callers: waiter.callers.iter().map(tuple).collect(),
        });
        bytes(&Record::Line { name: &name, waiters: places.collect() })
    })
}

fn tuple(caller: &Caller) -> (Origin, (u64, Option<u64>)) {
    (caller.origin, (caller.request, caller.deadline_ms))
}

fn bytes(record: &Record<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    record.put(&mut out);
    out
}
