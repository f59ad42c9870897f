//! The pieces of a snapshot.

use std::sync::Arc;

use crate::image::Name;
use crate::image::paged::Page;
use crate::locks::deadlock::{Deadlock, Kept};
use crate::locks::fence::Fence;
use crate::locks::hold::{Extra, Hold, Holders, Part};
use crate::locks::latch::Latch;
use crate::locks::lock::{Caller, Lock, Waiter};
use crate::locks::memo::{Age, Memo};
use crate::locks::{Blocked, Mode, Owner, Policy};
use crate::wire::Wire;
use crate::{Origin, Token, wire_enum};

wire_enum! {
    /// A piece of the table.
    pub enum Record<'a> {
        /// What there is once; always the first.
        1 => Head {
            /// The newest token.
            last_token: u64,
            /// The newest number.
            last_id: u64,
            /// The numbers of [`Stats`](crate::locks::Stats), in the order of its fields.
            stats: Vec<u64>,
            /// The floor of each node.
            lives: Vec<Origin>,
        },
        /// A lock.
        2 => Lock {
            /// Its name.
            name: &'a [u8],
            /// Its newest token.
            token: Token,
            /// Since when it is that.
            epoch_ms: u64,
            /// Until when nobody gets it, with the number of that time.
            delay: Option<(u64, u64)>,
        },
        /// Some of the holds of a lock that stands before, by number.
        3 => Holds {
            /// The lock's name.
            name: &'a [u8],
            /// The holds.
            holds: Vec<Held<'a>>,
        },
        /// Some of the waiters of a lock that stands before, by number.
        4 => Line {
            /// The lock's name.
            name: &'a [u8],
            /// The waiters.
            waiters: Vec<Waits<'a>>,
        },
        /// A latch.
        5 => Latch {
            /// Its name.
            name: &'a [u8],
            /// Its number.
            id: u64,
            /// What is left.
            count: u64,
            /// Until when it is kept.
            until_ms: u64,
        },
        /// Some of those who wait for a latch that stands before, by number.
        6 => LatchLine {
            /// The latch's name.
            name: &'a [u8],
            /// The numbers with the requests.
            waiters: Vec<(u64, Calls<'a>)>,
        },
        /// The highest token seen.
        7 => Fence {
            /// Its name.
            name: &'a [u8],
            /// Its number.
            id: u64,
            /// The token.
            highest: u64,
            /// Until when it is kept.
            until_ms: Option<u64>,
        },
        /// What named requests gave.
        8 => Memo {
            /// Its number.
            id: u64,
            /// The lock's name.
            name: &'a [u8],
            /// Who asked.
            owner: Owner<'a>,
            /// Until when it is kept.
            until_ms: Option<u64>,
            /// The requests and what they got.
            given: Vec<(&'a [u8], Token)>,
        },
        /// How old a victim was.
        9 => Age {
            /// Its number.
            id: u64,
            /// Whose.
            owner: Owner<'a>,
            /// When it began.
            birth_ms: u64,
            /// Until when it is kept.
            until_ms: u64,
        },
        /// A deadlock that was found.
        10 => Deadlock {
            /// When.
            time_ms: u64,
            /// Who waited for whom.
            cycle: Vec<Blocked<'a>>,
            /// Who gave way.
            victim: &'a [u8],
            /// By which rule.
            rule: &'a [u8],
            /// How long it took.
            found_ms: u64,
            /// What the victim was told.
            text: &'a [u8],
        },
    }
}

wire_enum! {
    /// A hold.
    pub enum Held<'a> {
        /// The only form.
        1 => By {
            /// Its number.
            id: u64,
            /// Who holds.
            owner: Owner<'a>,
            /// The connection that asked.
            client: Origin,
            /// How.
            mode: Mode,
            /// With which token.
            token: Token,
            /// How often it has to be given back.
            count: u32,
            /// Since when.
            since_ms: u64,
            /// Until when.
            deadline_ms: Option<u64>,
            /// What else.
            said: Option<Said<'a>>,
        },
    }
}

wire_enum! {
    /// What only some requests say.
    pub enum Said<'a> {
        /// The only form.
        1 => Of {
            /// The session with its birth.
            session: Option<(&'a [u8], u64)>,
            /// The value.
            value: Option<&'a [u8]>,
            /// The delay afterwards.
            delay_ms: u64,
            /// The priority.
            prio: u8,
            /// About deadlocks.
            policy: Policy,
            /// What a victim loses.
            release_on_deadlock: bool,
            /// The lease until it is confirmed.
            acquiring_ms: Option<u64>,
            /// 0 whole, 1 acquiring, 2 confirmed.
            part: u8,
            /// When an older owner takes it.
            revoked_ms: Option<u64>,
        },
    }
}

wire_enum! {
    /// A waiter.
    pub enum Waits<'a> {
        /// The only form.
        1 => For {
            /// Its number.
            id: u64,
            /// Who waits.
            owner: Owner<'a>,
            /// The connection that asked.
            client: Origin,
            /// What for.
            mode: Mode,
            /// The lease it will get.
            lease_ms: Option<u64>,
            /// What else.
            said: Option<Said<'a>>,
            /// Since when.
            since_ms: u64,
            /// As if since when.
            turn_ms: u64,
            /// It holds the lock.
            converts: bool,
            /// The number of the newest request.
            next_caller: u64,
            /// The requests.
            callers: Vec<Calls<'a>>,
        },
    }
}

wire_enum! {
    /// A request that waits.
    pub enum Calls<'a> {
        /// The only form.
        1 => From {
            /// Its number.
            number: u64,
            /// The connection.
            origin: Origin,
            /// Which of its requests.
            request: u64,
            /// When it gives up.
            deadline_ms: Option<u64>,
            /// More than the token is answered.
            full: bool,
            /// It has gone on already.
            asynchronous: bool,
            /// It counts.
            counts: bool,
            /// Its name.
            id: Option<&'a [u8]>,
        },
    }
}

pub(super) fn bytes(record: &Record<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    record.put(&mut out);
    out
}

/// A lock with its holds and its line, a page to a record.
pub(super) fn lock(name: &Name, lock: Lock, no_turns: bool) -> Vec<Vec<u8>> {
    let Lock { holders, token, epoch_ms, more } = lock;
    let delay = more.as_ref().and_then(|more| more.delay);
    let delay = delay.map(|delay| (delay.id, delay.until_ms));
    let mut records = vec![bytes(&Record::Lock { name, token, epoch_ms, delay })];
    match holders {
        Holders::None => {}
        Holders::One(hold) => {
            records.push(bytes(&Record::Holds { name, holds: vec![held(&hold)] }));
        }
        Holders::Many(many) => {
            records.extend(many.0.into_pages().map(|(_, page)| {
                let holds = page.iter().map(|(_, hold)| held(hold)).collect();
                bytes(&Record::Holds { name, holds })
            }));
        }
    }
    let line = more.map(|more| more.line.into_pages()).into_iter().flatten();
    records.extend(line.map(|(_, page): (u64, Arc<Page<Waiter>>)| {
        let waiters = page.iter().map(|(_, waiter)| waits(waiter, no_turns)).collect();
        bytes(&Record::Line { name, waiters })
    }));
    records
}

/// A latch with those who wait for it.
pub(super) fn latch(name: &Name, latch: Latch) -> Vec<Vec<u8>> {
    let Latch { id, count, until_ms, waiters } = latch;
    let mut records = vec![bytes(&Record::Latch { name, id, count, until_ms })];
    records.extend(waiters.into_pages().map(|(base, page)| {
        let waiters = page.iter().map(|(slot, caller)| (base + slot, calls(caller))).collect();
        bytes(&Record::LatchLine { name, waiters })
    }));
    records
}

/// The highest token seen.
pub(super) fn fence(name: &Name, fence: &Fence) -> Vec<u8> {
    let Fence { id, highest, until_ms } = *fence;
    bytes(&Record::Fence { name, id, highest, until_ms })
}

/// What named requests gave.
pub(super) fn memo(id: u64, memo: &Memo) -> Vec<u8> {
    let given = memo.given.iter().map(|(id, token)| (&id[..], *token)).collect();
    let (owner, until_ms) = (memo.owner.as_owner(), memo.until_ms);
    bytes(&Record::Memo { id, name: &memo.name, owner, until_ms, given })
}

/// How old a victim was.
pub(super) fn age(id: u64, age: &Age) -> Vec<u8> {
    let (owner, birth_ms, until_ms) = (age.owner.as_owner(), age.birth_ms, age.until_ms);
    bytes(&Record::Age { id, owner, birth_ms, until_ms })
}

/// A deadlock.
pub(super) fn deadlock(deadlock: &Deadlock) -> Vec<u8> {
    bytes(&Record::Deadlock {
        time_ms: deadlock.time_ms,
        cycle: deadlock.cycle.iter().map(Kept::as_blocked).collect(),
        victim: &deadlock.victim,
        rule: deadlock.rule.as_bytes(),
        found_ms: deadlock.found_ms,
        text: &deadlock.text,
    })
}

fn held(hold: &Hold) -> Held<'_> {
    Held::By {
        id: hold.id,
        owner: hold.owner.as_owner(),
        client: hold.client,
        mode: hold.mode,
        token: hold.token,
        count: hold.count,
        since_ms: hold.since_ms,
        deadline_ms: hold.deadline_ms,
        said: hold.extra.as_deref().map(said),
    }
}

fn waits(waiter: &Waiter, no_turns: bool) -> Waits<'_> {
    Waits::For {
        id: waiter.id,
        owner: waiter.want.owner.as_owner(),
        client: waiter.want.client,
        mode: waiter.want.mode,
        lease_ms: waiter.want.lease_ms,
        said: waiter.want.extra.as_deref().map(said),
        since_ms: waiter.since_ms,
        turn_ms: if no_turns { 0 } else { waiter.turn_ms },
        converts: waiter.converts,
        next_caller: waiter.next_caller,
        callers: waiter.callers.iter().map(calls).collect(),
    }
}

fn calls(caller: &Caller) -> Calls<'_> {
    Calls::From {
        number: caller.number,
        origin: caller.origin,
        request: caller.request,
        deadline_ms: caller.deadline_ms,
        full: caller.full,
        asynchronous: caller.asynchronous,
        counts: caller.counts,
        id: caller.id.as_deref(),
    }
}

fn said(extra: &Extra) -> Said<'_> {
    Said::Of {
        session: extra.session.as_ref().map(|(id, birth_ms)| (&id[..], *birth_ms)),
        value: extra.value.as_deref(),
        delay_ms: extra.delay_ms,
        prio: extra.prio,
        policy: extra.policy,
        release_on_deadlock: extra.release_on_deadlock,
        acquiring_ms: extra.acquiring_ms,
        part: match extra.part {
            Part::Whole => 0,
            Part::Acquiring => 1,
            Part::Confirmed => 2,
        },
        revoked_ms: extra.revoked_ms,
    }
}
