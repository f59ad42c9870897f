//! Clients of locks that are shared, converted, held several at once in any order,
//! and that guard a list which only the newest holder may write.

use lockstep_core::locks::Mode;
use lockstep_core::{Fault, Outcome};

use super::book::Strange;
use super::meaning::{option, word};
use super::{Client, Desk};
use crate::chance::Chance;
use crate::check::guards::Hold;
pub use crate::check::guards::How;
use crate::check::{NEVER, Span};

/// How many locks there are. Those with an even number guard a list.
pub const GUARDS: u32 = 5;

/// How many a client holds at once.
const HELD_MAX: usize = 3;

/// What is done with such a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guarded {
    /// LOCK.
    Lock {
        /// Which.
        lock: u32,
        /// How.
        how: How,
        /// PRIO.
        prio: u64,
        /// PX.
        lease_ms: Option<u64>,
        /// BLOCK.
        block_ms: Option<u64>,
    },
    /// UNLOCK.
    Unlock(u32),
    /// LOCKCONVERT to exclusive.
    Convert {
        /// Which.
        lock: u32,
        /// BLOCK.
        block_ms: Option<u64>,
    },
    /// LOCKRENEW.
    Renew {
        /// Which.
        lock: u32,
        /// PX.
        lease_ms: u64,
    },
    /// MULTI, LOCKASSERT, APPEND, EXEC.
    Write {
        /// Which.
        lock: u32,
        /// With which token.
        token: u64,
        /// What nobody else writes.
        number: u64,
    },
    /// GET of the list.
    Read(u32),
    /// MLOCK.
    Many {
        /// Which, and how.
        locks: Vec<(u32, How)>,
        /// PX.
        lease_ms: Option<u64>,
        /// BLOCK.
        block_ms: Option<u64>,
    },
    /// MUNLOCK.
    UnlockMany(Vec<u32>),
}

impl How {
    /// The mode.
    pub fn mode(self) -> Mode {
        match self {
            How::Shared => Mode::Shared {},
            How::Update => Mode::Update {},
            How::Exclusive => Mode::Exclusive {},
        }
    }
}

/// Such a lock in the hands of a client.
#[derive(Clone, Debug)]
pub struct Guard {
    pub lock: u32,
    how: How,
    token: u64,
    lease_ms: Option<u64>,
    /// The place of the hold in the book.
    pub hold: usize,
    /// Up to when it surely lasts as long as its owner does.
    pub until: u64,
}

/// The name of a lock: those that guard a list live beside it.
pub fn name(lock: u32) -> String {
    if guards(lock) { format!("{{g{lock}}}lock") } else { format!("g{lock}") }
}

fn list(lock: u32) -> String {
    format!("{{g{lock}}}list")
}

/// Whether it guards a list.
pub fn guards(lock: u32) -> bool {
    lock.is_multiple_of(2)
}

impl Guarded {
    /// The commands.
    pub fn commands(&self) -> Vec<Vec<Vec<u8>>> {
        if let Guarded::Write { lock, token, number } = self {
            let entry = format!("{token}:{number},");
            return vec![
                vec![word("LOCKASSERT"), word(name(*lock)), word("TOKEN"), word(token.to_string())],
                vec![word("APPEND"), word(list(*lock)), word(entry)],
            ];
        }
        vec![self.words()]
    }

    fn words(&self) -> Vec<Vec<u8>> {
        let mut words = match self {
            Guarded::Lock { lock, how, prio, lease_ms, .. } => {
                let mode = match how {
                    How::Shared => "SHARED",
                    How::Update => "UPDATE",
                    How::Exclusive => "EXCLUSIVE",
                };
                let mut words = vec![word("LOCK"), word(name(*lock)), word(mode)];
                words.extend(option("PX", *lease_ms));
                words.extend(option("PRIO", Some(*prio).filter(|prio| *prio > 0)));
                words
            }
            Guarded::Unlock(lock) => vec![word("UNLOCK"), word(name(*lock))],
            Guarded::Convert { lock, .. } => {
                vec![word("LOCKCONVERT"), word(name(*lock)), word("EXCLUSIVE")]
            }
            Guarded::Renew { lock, lease_ms } => {
                let mut words = vec![word("LOCKRENEW"), word(name(*lock))];
                words.extend(option("PX", Some(*lease_ms)));
                words
            }
            Guarded::Read(lock) => vec![word("GET"), word(list(*lock))],
            Guarded::Write { .. } | Guarded::Many { .. } | Guarded::UnlockMany(_) => Vec::new(),
        };
        words.extend(option("BLOCK", self.block_ms()));
        words
    }

    /// How long it is ready to wait in line.
    pub fn block_ms(&self) -> Option<u64> {
        match self {
            Guarded::Lock { block_ms, .. }
            | Guarded::Convert { block_ms, .. }
            | Guarded::Many { block_ms, .. } => *block_ms,
            _ => None,
        }
    }

    /// Whether its commands are one transaction.
    pub fn is_transaction(&self) -> bool {
        matches!(self, Guarded::Write { .. })
    }

    /// Whether it may have got a lock that nobody knows of.
    pub fn may_hold(&self) -> bool {
        matches!(self, Guarded::Lock { .. } | Guarded::Convert { .. } | Guarded::Many { .. })
    }
}

/// What a client does next, by what it holds.
pub fn next(chance: &mut Chance, held: &[Guard], unique: &mut u64) -> Guarded {
    let block_ms = chance.permille(800).then(|| chance.between(50, 1_500));
    if held.is_empty() || (held.len() < HELD_MAX && chance.permille(300)) {
        let free: Vec<u32> =
            (0..GUARDS).filter(|lock| held.iter().all(|held| held.lock != *lock)).collect();
        let lease_ms = chance.permille(600).then(|| chance.between(150, 1_500));
        if held.len() + 2 <= HELD_MAX && chance.permille(250) {
            return many(chance, free, held.len(), (lease_ms, block_ms));
        }
        let how = some_how(chance);
        let prio = if chance.permille(200) { chance.between(1, 9) } else { 0 };
        return Guarded::Lock { lock: chance.pick(&free), how, prio, lease_ms, block_ms };
    }
    if held.len() > 1 && chance.permille(150) {
        return Guarded::UnlockMany(held.iter().map(|held| held.lock).collect());
    }
    let Guard { lock, how, token, lease_ms, .. } = &held[chance.below(held.len() as u64) as usize];
    let lock = *lock;
    match (chance.below(10), how, lease_ms) {
        (0..=3, How::Exclusive, _) if guards(lock) => {
            *unique += 1;
            Guarded::Write { lock, token: *token, number: *unique }
        }
        (0..=3, How::Shared | How::Update, _) => Guarded::Convert { lock, block_ms },
        (4, _, Some(lease_ms)) => Guarded::Renew { lock, lease_ms: *lease_ms },
        _ => Guarded::Unlock(lock),
    }
}

fn some_how(chance: &mut Chance) -> How {
    match chance.below(10) {
        0..=4 => How::Shared,
        5 | 6 => How::Update,
        _ => How::Exclusive,
    }
}

fn many(
    chance: &mut Chance,
    mut free: Vec<u32>,
    held: usize,
    (lease_ms, block_ms): (Option<u64>, Option<u64>),
) -> Guarded {
    chance.shuffle(&mut free);
    free.truncate(chance.between(2, (HELD_MAX - held) as u64) as usize);
    let locks = free.into_iter().map(|lock| (lock, some_how(chance))).collect();
    // Those that are there first wait for the others.
    let lease_ms = lease_ms.map(|lease_ms| lease_ms + 500);
    Guarded::Many { locks, lease_ms, block_ms }
}

impl Client {
    /// The connection is over: what it held may be free.
    pub(super) fn guards_are_free(&mut self, desk: &mut Desk, now: u64) {
        if self.member {
            return self.is_detached(desk, now);
        }
        for guard in self.hands.guards.drain(..) {
            desk.book.guards[guard.hold].end(now);
        }
    }

    /// Notes what ends by being asked for, whatever the answer.
    pub(super) fn before_guarded(&mut self, desk: &mut Desk, asked: &Guarded, began: u64) {
        if let Guarded::Unlock(lock) | Guarded::Convert { lock, .. } = asked
            && let Some(guard) = self.guard(*lock)
        {
            let hold = guard.hold;
            desk.book.guards[hold].end(began);
        }
        if let Guarded::UnlockMany(locks) = asked {
            for guard in self.hands.guards.iter().filter(|guard| locks.contains(&guard.lock)) {
                desk.book.guards[guard.hold].end(began);
            }
        }
    }

    /// Writes down an answer.
    pub(super) fn guarded(
        &mut self,
        desk: &mut Desk,
        asked: &Guarded,
        span: Span,
        outcome: &Outcome,
    ) -> Result<(), Strange> {
        match (asked, outcome) {
            (Guarded::Lock { lock, how, lease_ms, .. }, Outcome::Int(token)) => {
                self.guard_taken(desk, (*lock, *how, *lease_ms), *token as u64, span);
                Ok(())
            }
            (Guarded::Many { locks, lease_ms, .. }, Outcome::List(tokens)) => {
                for ((lock, how), token) in locks.iter().zip(tokens) {
                    let Outcome::Int(token) = token else { return Err(Strange) };
                    self.guard_taken(desk, (*lock, *how, *lease_ms), *token as u64, span);
                }
                if locks.len() == tokens.len() { Ok(()) } else { Err(Strange) }
            }
            (Guarded::Many { .. }, Outcome::Nil | Outcome::Fault(Fault::LockMode)) => Ok(()),
            (Guarded::Many { .. }, refused) if is_victim(refused) => Ok(()),
            (Guarded::UnlockMany(locks), Outcome::Int(released)) => {
                let lasted =
                    |guard: &&Guard| locks.contains(&guard.lock) && span.ended < guard.until;
                let surely = self.hands.guards.iter().filter(lasted).count() as i64;
                self.hands.guards.retain(|guard| !locks.contains(&guard.lock));
                if (surely..=locks.len() as i64).contains(released) { Ok(()) } else { Err(Strange) }
            }
            (Guarded::Lock { .. }, Outcome::Nil) => Ok(()),
            // It still holds the lock in another mode: that an UNLOCK was not carried
            // out was never known.
            (Guarded::Lock { .. }, Outcome::Fault(Fault::LockMode)) => Ok(()),
            (Guarded::Lock { .. } | Guarded::Convert { .. }, refused) if is_victim(refused) => {
                Ok(())
            }
            (Guarded::Convert { lock, .. }, outcome) => self.converted(desk, *lock, span, outcome),
            (Guarded::Unlock(lock), Outcome::Int(held @ (0 | 1))) => {
                let lasted = self.guard(*lock).is_some_and(|guard| span.ended < guard.until);
                self.hands.guards.retain(|guard| guard.lock != *lock);
                if *held == 0 && lasted { Err(Strange) } else { Ok(()) }
            }
            (_, Outcome::Fault(Fault::NoSession)) => self.no_session(desk, span),
            (Guarded::Renew { lock, lease_ms }, Outcome::Int(held @ (0 | 1))) => {
                self.renewed(desk, *lock, *lease_ms, span, *held == 1)
            }
            (Guarded::Write { lock, number, .. }, outcome) => {
                let writes = desk.book.writes.entry(*lock).or_default();
                match outcome {
                    Outcome::List(_) => writes.done.push(*number),
                    Outcome::Fault(Fault::Fenced)
                    | Outcome::Refused { fault: Fault::Fenced, .. } => writes.refused.push(*number),
                    _ => return Err(Strange),
                }
                Ok(())
            }
            (Guarded::Read(lock), Outcome::Nil) => {
                desk.book.lists_of_guards.insert(*lock, Vec::new());
                Ok(())
            }
            (Guarded::Read(lock), Outcome::Bytes(bytes)) => {
                desk.book.lists_of_guards.insert(*lock, entries(bytes).ok_or(Strange)?);
                Ok(())
            }
            _ => Err(Strange),
        }
    }

    /// Nobody knows whether it happened.
    pub(super) fn guarded_unknown(&mut self, asked: &Guarded) {
        self.may_happen_late(asked);
        // Of a conversion it is not known how it is held any more.
        if let Guarded::Unlock(lock) | Guarded::Convert { lock, .. } = asked {
            self.hands.guards.retain(|guard| guard.lock != *lock);
        }
        if let Guarded::UnlockMany(locks) = asked {
            self.hands.guards.retain(|guard| !locks.contains(&guard.lock));
        }
    }

    fn guard(&self, lock: u32) -> Option<&Guard> {
        self.hands.guards.iter().find(|guard| guard.lock == lock)
    }

    fn guard_taken(
        &mut self,
        desk: &mut Desk,
        (lock, how, lease_ms): (u32, How, Option<u64>),
        token: u64,
        span: Span,
    ) {
        let until = match lease_ms {
            _ if self.may_end_late(lock) => span.ended,
            Some(ms) => desk.surely_until(span.began, ms),
            None => NEVER,
        };
        let owner = self.owner(false);
        let (asked, granted) = (span.began, span.ended);
        let hold = desk.book.guards.len();
        desk.book.guards.push(Hold { lock, owner, how, token, asked, granted, until });
        self.hands.guards.retain(|guard| guard.lock != lock);
        self.hands.guards.push(Guard { lock, how, token, lease_ms, hold, until });
    }

    fn converted(
        &mut self,
        desk: &mut Desk,
        lock: u32,
        span: Span,
        outcome: &Outcome,
    ) -> Result<(), Strange> {
        let guard = self.guard(lock).cloned().ok_or(Strange)?;
        let sure = !self.may_end_late(lock);
        match outcome {
            Outcome::Int(token) => {
                // How long the lease still lasts is not known.
                self.guard_taken(desk, (lock, How::Exclusive, Some(0)), *token as u64, span);
                if let (Some(held), Some(hold)) =
                    (self.hands.guards.last_mut(), desk.book.guards.last_mut())
                {
                    held.lease_ms = guard.lease_ms;
                    if guard.lease_ms.is_none() && sure {
                        (held.until, hold.until) = (NEVER, NEVER);
                    }
                }
                Ok(())
            }
            Outcome::Nil => Ok(()),
            // A former connection's conversion stands in line.
            Outcome::Fault(Fault::AlreadyHeld) if self.may_convert_late(lock) => Ok(()),
            // The lease ended before.
            Outcome::Fault(Fault::NotHeld) => {
                self.hands.guards.retain(|guard| guard.lock != lock);
                Ok(())
            }
            _ => Err(Strange),
        }
    }

    fn renewed(
        &mut self,
        desk: &mut Desk,
        lock: u32,
        lease_ms: u64,
        span: Span,
        held: bool,
    ) -> Result<(), Strange> {
        let guard = self.guard(lock).cloned().ok_or(Strange)?;
        let before = desk.book.guards[guard.hold].until;
        if held {
            // It lasted all the time, and goes on under another number.
            desk.book.guards[guard.hold].end(span.began);
            self.guard_taken(desk, (lock, guard.how, Some(lease_ms)), guard.token, span);
            return Ok(());
        }
        self.hands.guards.retain(|guard| guard.lock != lock);
        if span.ended < before { Err(Strange) } else { Ok(()) }
    }
}

impl Hold {
    /// It may be over from this moment on.
    pub(super) fn end(&mut self, now: u64) {
        self.until = self.until.min(now);
    }
}

fn is_victim(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Fault(Fault::Deadlock | Fault::ConversionDeadlock)
            | Outcome::Refused { fault: Fault::Deadlock | Fault::ConversionDeadlock, .. }
    )
}

/// Token and number of each entry of a list.
fn entries(bytes: &[u8]) -> Option<Vec<(u64, u64)>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let entry = |entry: &str| {
        let (token, number) = entry.split_once(':')?;
        Some((token.parse().ok()?, number.parse().ok()?))
    };
    text.split_terminator(',').map(entry).collect()
}
