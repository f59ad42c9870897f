//! Clients with sessions: what they hold outlives their connections.

use std::collections::BTreeSet;

use lockstep_core::locks::{Op as LockOp, Owner, Terms};
use lockstep_core::sessions::Op;
use lockstep_core::{Fault, Op as AnyOp, Origin, Outcome, ShardId};

use super::book::Strange;
use super::guards::{self, Guarded};
use super::meaning::Meaning;
use super::{Client, Desk, submit};
use crate::chance::Chance;
use crate::check::Span;

/// For how long nobody gets what a session held that has ended, at most.
pub const DELAY_MAX_MS: u64 = 300;

/// What is done with a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// SESSION CREATE.
    Create {
        /// Its id and number.
        id: String,
        /// What no other session has.
        number: u64,
        /// TTL.
        ttl_ms: u64,
        /// DELAY.
        delay_ms: u64,
    },
    /// SESSION ATTACH.
    Attach(String),
    /// SESSION DETACH.
    Detach(String),
    /// SESSION KEEPALIVE.
    KeepAlive(String),
    /// SESSION DESTROY.
    Destroy(String),
    /// What a node asks before it hands in a LOCK in the session's name.
    Open(String, ShardId),
}

/// The session of a client.
#[derive(Debug)]
pub struct Mine {
    id: String,
    number: u64,
    ttl_ms: u64,
    /// The connection is attached: it lives at least as long.
    attached: bool,
    /// Up to when it surely lives if no connection is attached.
    until: u64,
    /// The shards that let requests in its name in.
    doors: BTreeSet<ShardId>,
    /// Locks, and connections that asked for something there that may end or shorten
    /// a hold, and never knew what came of it.
    late_ends: BTreeSet<(u32, u64)>,
    /// The same for conversions.
    late_converts: BTreeSet<(u32, u64)>,
}

impl Mine {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Asked {
    /// The operation, unless it takes more than one.
    pub fn op(&self, origin: Origin) -> Option<AnyOp<'_>> {
        let op = match self {
            Asked::Create { id, ttl_ms, delay_ms, .. } => {
                let (ttl_ms, delay_ms) = (*ttl_ms, *delay_ms);
                Op::Create { id: id.as_bytes(), ttl_ms, name: b"", delay_ms }
            }
            Asked::Attach(id) => Op::Attach { id: id.as_bytes(), origin },
            Asked::Detach(id) => Op::Detach { id: id.as_bytes(), origin },
            Asked::KeepAlive(id) => Op::KeepAlive { id: id.as_bytes() },
            Asked::Destroy(_) | Asked::Open(..) => return None,
        };
        Some(AnyOp::Session { op })
    }

    /// Whether the end of the connection matters to the shard afterwards.
    pub fn binds(&self) -> bool {
        matches!(self, Asked::Attach(_))
    }
}

/// The same request in the name of a session.
pub fn in_session<'a>(mut op: AnyOp<'a>, id: &'a [u8]) -> AnyOp<'a> {
    let AnyOp::Lock { op: inner } = &mut op else { return op };
    match inner {
        LockOp::Acquire { terms, .. } | LockOp::AcquireMany { terms, .. } => in_name_of(terms, id),
        LockOp::Release { owner, .. }
        | LockOp::Renew { owner, .. }
        | LockOp::ReleaseMany { owner, .. }
        | LockOp::Convert { owner, .. } => *owner = Owner::Session { id },
        _ => {}
    }
    op
}

/// The same for the terms of a request.
pub fn in_name_of<'a>(terms: &mut Terms<'a>, id: &'a [u8]) {
    let Terms::Of { owner, session, .. } = terms;
    (*owner, *session) = (Owner::Session { id }, Some(id));
}

impl Client {
    /// One with a session, that works with guarded lists and their locks.
    pub fn of_members(id: u32, chance: Chance) -> Self {
        Client { member: true, ..Client::of_guards(id, chance) }
    }

    /// What a client with a session does next; none: it rests for long.
    pub(super) fn next_of_member(&mut self, desk: &mut Desk) -> Option<Meaning> {
        let chance = &mut self.chance;
        let Some(mine) = &self.mine else {
            desk.unique += 1;
            let number = desk.unique;
            let (id, ttl_ms) = (format!("s{number:031x}"), chance.between(500, 1_500));
            let delay_ms = if chance.permille(300) { chance.between(10, DELAY_MAX_MS) } else { 0 };
            return Some(Meaning::Session(Asked::Create { id, number, ttl_ms, delay_ms }));
        };
        let id = mine.id.clone();
        let asked = match chance.below(100) {
            _ if !mine.attached => match chance.below(100) {
                0..=81 => Asked::Attach(id),
                82..=87 => Asked::KeepAlive(id),
                88..=92 => Asked::Destroy(id),
                _ => {
                    let rest_ms = chance.between(mine.ttl_ms / 2, mine.ttl_ms * 2);
                    self.next_at_ms = desk.now_ms + rest_ms;
                    return None;
                }
            },
            0..=1 => Asked::Destroy(id),
            2..=4 => Asked::Detach(id),
            5 => Asked::KeepAlive(id),
            _ => return Some(self.next_guarded(desk)),
        };
        Some(Meaning::Session(asked))
    }

    /// Something with a lock; behind the opening of its shard, where that is needed.
    fn next_guarded(&mut self, desk: &mut Desk) -> Meaning {
        let (held, unique) = (&self.hands.guards, &mut desk.unique);
        let guarded = guards::next(&mut self.chance, held, unique);
        let Guarded::Lock { lock, .. } = guarded else { return Meaning::Guarded(guarded) };
        let shard = submit::shard_of_lock(&guards::name(lock), desk.shards);
        let closed = self.mine.as_ref().filter(|mine| {
            let home = submit::home_of(&mine.id, desk.shards);
            shard != home && !mine.doors.contains(&shard)
        });
        let Some(id) = closed.map(|mine| mine.id.clone()) else {
            return Meaning::Guarded(guarded);
        };
        self.behind = Some(Meaning::Guarded(guarded));
        Meaning::Session(Asked::Open(id, shard))
    }

    /// Nobody knows whether it happened, and it may happen at any later time, behind
    /// what the session asks for through other connections: a lock belongs to the
    /// session, whichever connection asks. What one connection asks for is never
    /// carried out behind what it asked for later.
    pub(super) fn may_happen_late(&mut self, asked: &Guarded) {
        let Some(conn) = self.origin().map(|origin| origin.conn) else { return };
        let Some(mine) = &mut self.mine else { return };
        match asked {
            Guarded::Unlock(lock) | Guarded::Renew { lock, .. } => {
                mine.late_ends.insert((*lock, conn));
            }
            Guarded::UnlockMany(locks) => {
                mine.late_ends.extend(locks.iter().map(|lock| (*lock, conn)));
            }
            Guarded::Convert { lock, .. } => {
                mine.late_converts.insert((*lock, conn));
            }
            _ => {}
        }
    }

    /// Whether a former connection of the session may still end or shorten a hold.
    pub(super) fn may_end_late(&self, lock: u32) -> bool {
        self.mine.as_ref().is_some_and(|mine| self.is_elsewhere(&mine.late_ends, lock))
    }

    /// Whether a former connection of the session may still convert a hold.
    pub(super) fn may_convert_late(&self, lock: u32) -> bool {
        self.mine.as_ref().is_some_and(|mine| self.is_elsewhere(&mine.late_converts, lock))
    }

    fn is_elsewhere(&self, late: &BTreeSet<(u32, u64)>, lock: u32) -> bool {
        let conn = self.origin().map(|origin| origin.conn);
        late.iter().any(|(of, by)| *of == lock && Some(*by) != conn)
    }

    /// The session that the connection is attached to.
    pub(super) fn attached(&self) -> Option<&str> {
        self.mine.as_ref().filter(|mine| mine.attached).map(|mine| &mine.id[..])
    }

    /// The number of its session as an owner.
    pub(super) fn session_number(&self) -> Option<u64> {
        self.mine.as_ref().filter(|_| self.member).map(|mine| mine.number | 1 << 62)
    }

    /// Notes what ends by being asked for, whatever the answer.
    pub(super) fn before_session(&mut self, desk: &mut Desk, asked: &Asked, began: u64) {
        match asked {
            Asked::Detach(_) => self.is_detached(desk, began),
            Asked::Destroy(_) => self.session_is_over(desk, began),
            _ => {}
        }
    }

    /// The connection is over, or leaves the session: that lives its time.
    pub(super) fn is_detached(&mut self, desk: &mut Desk, now: u64) {
        let Some(mine) = &mut self.mine else { return };
        if std::mem::take(&mut mine.attached) {
            mine.until = desk.surely_until(now, mine.ttl_ms);
        }
        for guard in &self.hands.guards {
            desk.book.guards[guard.hold].end(mine.until);
        }
    }

    /// The session is of no use any more; what it held may be free by then.
    fn session_is_over(&mut self, desk: &mut Desk, by: u64) {
        self.mine = None;
        for guard in self.hands.guards.drain(..) {
            desk.book.guards[guard.hold].end(by);
        }
    }

    /// Writes down an answer.
    pub(super) fn session(
        &mut self,
        desk: &mut Desk,
        asked: &Asked,
        span: Span,
        outcome: &Outcome,
    ) -> Result<(), Strange> {
        if let Asked::Create { id, number, ttl_ms, .. } = asked {
            let until = desk.surely_until(span.began, *ttl_ms);
            let (id, number, ttl_ms) = (id.clone(), *number, *ttl_ms);
            self.unsure = false;
            self.mine = Some(Mine {
                id,
                number,
                ttl_ms,
                attached: false,
                until,
                doors: BTreeSet::new(),
                late_ends: BTreeSet::new(),
                late_converts: BTreeSet::new(),
            });
            return if *outcome == Outcome::Ok { Ok(()) } else { Err(Strange) };
        }
        match (asked, outcome) {
            (Asked::Attach(_), Outcome::Int(_)) => self.is_attached(desk),
            // The shard takes the connection for over: it will be closed.
            (Asked::Attach(_), Outcome::Nil) | (Asked::Detach(_), Outcome::Int(_)) => {}
            (Asked::KeepAlive(_), Outcome::Int(1)) => {
                if let Some(mine) = &mut self.mine {
                    mine.until = mine.until.max(desk.surely_until(span.began, mine.ttl_ms));
                }
            }
            (Asked::Destroy(_), Outcome::Int(0 | 1)) => {}
            (Asked::Open(_, shard), Outcome::Ok) => {
                if let Some(mine) = &mut self.mine {
                    mine.doors.insert(*shard);
                }
            }
            (_, Outcome::Fault(Fault::NoSession)) => return self.no_session(desk, span),
            _ => return Err(Strange),
        }
        Ok(())
    }

    fn is_attached(&mut self, desk: &mut Desk) {
        if let Some(mine) = &mut self.mine {
            mine.attached = true;
        }
        // It has lived all the time, and so has what it holds.
        for guard in &self.hands.guards {
            desk.book.guards[guard.hold].until = guard.until;
        }
    }

    /// The session has ended, which must not be so early.
    pub(super) fn no_session(&mut self, desk: &mut Desk, span: Span) -> Result<(), Strange> {
        let Some(mine) = &self.mine else { return Ok(()) };
        let (lived, until) = (mine.attached || span.ended < mine.until, mine.until);
        self.behind = None;
        self.session_is_over(desk, until);
        if lived { Err(Strange) } else { Ok(()) }
    }
}
