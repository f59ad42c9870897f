//! A table back from the chunks of a snapshot. Bytes that nobody wrote are refused
//! and do no harm.

use super::record::{Calls, Held, Record, Said, Waits};
use crate::image::{Name, Paged};
use crate::locks::deadlock::{Deadlock, Kept};
use crate::locks::fence::Fence;
use crate::locks::hold::{Extra, Hold, Part};
use crate::locks::latch::Latch;
use crate::locks::lock::{Caller, Delay, Lock, Waiter, Want};
use crate::locks::memo::{Age, Memo};
use crate::locks::owner::OwnerKey;
use crate::locks::table::Table;
use crate::locks::{NO_END_MS, Stats, WAITERS_MAX};
use crate::wire::{Malformed, Wire};
use crate::{Origin, Token};

impl Table {
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
            Record::Head { last_token, last_id, stats, lives } => {
                self.restore_head(last_token, last_id, &stats, lives)
            }
            Record::Lock { name, token, epoch_ms, delay } => {
                self.restore_lock(name.into(), token, epoch_ms, delay)
            }
            Record::Holds { name, holds } => {
                let name = self.locks.shared_name(name).ok_or(Malformed)?;
                holds.into_iter().try_for_each(|held| self.restore_hold(&name, held))
            }
            Record::Line { name, waiters } => {
                let name = self.locks.shared_name(name).ok_or(Malformed)?;
                waiters.into_iter().try_for_each(|waits| self.restore_waiter(&name, waits))
            }
            Record::Latch { name, id, count, until_ms } => {
                let id = self.free_id(id)?;
                if self.latches.get(name).is_some() || count > NO_END_MS {
                    return Err(Malformed);
                }
                self.put_latch(name.into(), Latch { id, count, until_ms, waiters: Paged::new() });
                Ok(())
            }
            Record::LatchLine { name, waiters } => {
                let name = self.latches.shared_name(name).ok_or(Malformed)?;
                for (id, calls) in waiters {
                    let id = self.free_id(id)?;
                    self.put_latch_wait(&name, id, caller(calls));
                }
                Ok(())
            }
            Record::Fence { name, id, highest, until_ms } => {
                let id = self.free_id(id)?;
                if self.fences.get(name).is_some() {
                    return Err(Malformed);
                }
                self.put_fence(name.into(), Fence { id, highest, until_ms });
                Ok(())
            }
            Record::Memo { id, name, owner, until_ms, given } => {
                let id = self.free_id(id)?;
                let (name, owner) = (Name::from(name), OwnerKey::from(&owner));
                if self.index.memos.contains_key(&(name.clone(), owner.clone())) {
                    return Err(Malformed);
                }
                let given = given.into_iter().map(|(id, token)| (id.into(), token)).collect();
                self.put_memo(id, Memo { name, owner, until_ms, given });
                Ok(())
            }
            Record::Age { id, owner, birth_ms, until_ms } => {
                let (id, owner) = (self.free_id(id)?, OwnerKey::from(&owner));
                if self.index.ages.contains_key(&owner) {
                    return Err(Malformed);
                }
                self.put_age(id, Age { owner, birth_ms, until_ms });
                Ok(())
            }
            Record::Deadlock { time_ms, cycle, victim, rule, found_ms, text } => {
                let rules = ["youngest", "priority"];
                let rule = rules.into_iter().find(|known| known.as_bytes() == rule);
                self.deadlocks.push(Deadlock {
                    time_ms,
                    cycle: cycle.iter().map(Kept::from).collect(),
                    victim: victim.to_vec(),
                    rule: rule.ok_or(Malformed)?,
                    found_ms,
                    text: text.to_vec(),
                });
                Ok(())
            }
        }
    }

    fn restore_head(
        &mut self,
        last_token: u64,
        last_id: u64,
        stats: &[u64],
        lives: Vec<Origin>,
    ) -> Result<(), Malformed> {
        let stats: [u64; 8] = stats.try_into().map_err(|_| Malformed)?;
        let numbers = [last_token, last_id].into_iter().chain(stats);
        if numbers.into_iter().any(|number| number > NO_END_MS) {
            return Err(Malformed);
        }
        (self.last_token, self.last_id, self.stats) = (last_token, last_id, Stats::of(stats));
        lives.into_iter().for_each(|floor| self.lives.begin(floor));
        Ok(())
    }

    /// A number that nothing has yet.
    fn free_id(&self, id: u64) -> Result<u64, Malformed> {
        let fits = id > 0 && id <= self.last_id && !self.index.things.contains_key(&id);
        if fits { Ok(id) } else { Err(Malformed) }
    }

    fn restore_lock(
        &mut self,
        name: Name,
        token: Token,
        epoch_ms: u64,
        delay: Option<(u64, u64)>,
    ) -> Result<(), Malformed> {
        if token.0 > self.last_token || self.locks.get(&name).is_some() {
            return Err(Malformed);
        }
        let delay = match delay {
            Some((id, until_ms)) => Some(Delay { id: self.free_id(id)?, until_ms }),
            None => None,
        };
        self.locks.insert(name.clone(), Lock { token, epoch_ms, ..Lock::default() });
        if let Some(delay) = delay {
            self.put_delay(&name, delay);
        }
        Ok(())
    }

    fn restore_hold(&mut self, name: &Name, held: Held<'_>) -> Result<(), Malformed> {
        let Held::By { id, owner, client, mode, token, count, since_ms, deadline_ms, said } = held;
        let id = self.free_id(id)?;
        let lock = self.locks.get(name).ok_or(Malformed)?;
        let fits = lock.holders.tally().admits(mode) && mode.limit() != Some(0);
        if !fits || token > lock.token || count == 0 || self.own(name, &owner).is_some() {
            return Err(Malformed);
        }
        let (owner, extra) = (OwnerKey::from(&owner), extra(said)?);
        self.put_hold(
            name,
            Hold { id, owner, client, mode, token, count, since_ms, deadline_ms, extra },
        );
        Ok(())
    }

    fn restore_waiter(&mut self, name: &Name, waits: Waits<'_>) -> Result<(), Malformed> {
        let Waits::For {
            id,
            owner,
            client,
            mode,
            lease_ms,
            said,
            since_ms,
            turn_ms,
            converts,
            next_caller,
            callers,
        } = waits;
        let id = self.free_id(id)?;
        let holds = self.own(name, &owner).is_some();
        let owner = OwnerKey::from(&owner);
        let known = self.index.waiters.contains_key(&(name.clone(), owner.clone()));
        let callers = callers.into_iter().map(caller).collect::<Vec<_>>();
        let in_order = callers.is_sorted_by(|a, b| a.number < b.number);
        let last = callers.last().map_or(0, |caller| caller.number);
        let room = self.waiting_for(name) + callers.len() <= WAITERS_MAX;
        if holds != converts || known || !in_order || last == 0 || last > next_caller || !room {
            return Err(Malformed);
        }
        let want = Want { owner, client, mode, lease_ms, extra: extra(said)? };
        let callers = callers.into();
        let waiter = Waiter { id, want, since_ms, turn_ms, converts, next_caller, callers };
        self.put_waiter(name, waiter);
        Ok(())
    }
}

fn caller(calls: Calls<'_>) -> Caller {
    let Calls::From { number, origin, request, deadline_ms, full, asynchronous, counts, id } =
        calls;
    let id = id.map(Name::from);
    Caller { number, origin, request, deadline_ms, full, asynchronous, counts, id }
}

fn extra(said: Option<Said<'_>>) -> Result<Option<Box<Extra>>, Malformed> {
    let Some(said) = said else { return Ok(None) };
    let Said::Of {
        session,
        value,
        delay_ms,
        prio,
        policy,
        release_on_deadlock,
        acquiring_ms,
        part,
        revoked_ms,
    } = said;
    let part = match part {
        0 => Part::Whole,
        1 => Part::Acquiring,
        2 => Part::Confirmed,
        _ => return Err(Malformed),
    };
    Ok(Some(Box::new(Extra {
        session: session.map(|(id, birth_ms)| (id.into(), birth_ms)),
        value: value.map(Name::from),
        delay_ms,
        prio,
        policy,
        release_on_deadlock,
        acquiring_ms,
        part,
        revoked_ms,
    })))
}
