//! What is remembered beyond holds: what named requests gave, and how old the
//! victims of deadlocks were.

use super::hold::Hold;
use super::index::Thing;
use super::mutant::Mutant;
use super::owner::OwnerKey;
use super::table::Table;
use super::{AGES_MAX, MEMO_IDS_MAX, Owner, REMEMBERED_MS};
use crate::image::Name;
use crate::{Stamp, Token};

/// What the newest named requests of an owner for a lock gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Memo {
    pub name: Name,
    pub owner: OwnerKey,
    /// When it is forgotten; none as long as the owner holds the lock.
    pub until_ms: Option<u64>,
    /// The names of the requests with the tokens they got, the oldest first.
    pub given: Vec<(Name, Token)>,
}

/// How old an owner was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Age {
    pub owner: OwnerKey,
    pub birth_ms: u64,
    /// When it is forgotten.
    pub until_ms: u64,
}

impl Table {
    /// What a named request got that is repeated.
    pub(super) fn recall(&self, name: &[u8], owner: &Owner<'_>, id: &[u8]) -> Option<Token> {
        if self.memos.is_empty() || self.is_broken(Mutant::RepeatCounts) {
            return None;
        }
        let memo = self.index.memos.get(&(name.into(), OwnerKey::from(owner)))?;
        let given = &self.memos.get(*memo)?.given;
        given.iter().find(|(known, _)| **known == *id).map(|(_, token)| *token)
    }

    /// Remembers what a named request got. The owner holds the lock.
    pub(super) fn remember(&mut self, name: &Name, owner: &OwnerKey, id: Name, token: Token) {
        let key = (name.clone(), owner.clone());
        let known = self.index.memos.get(&key).copied();
        let memo = known.unwrap_or_else(|| {
            let (name, owner) = key.clone();
            let memo = Memo { name, owner, until_ms: None, given: Vec::new() };
            let number = self.next_id();
            self.put_memo(number, memo);
            number
        });
        let memo_id = memo;
        let memo = self.memos.get_mut(memo_id).expect("the index says it is there");
        let until_ms = memo.until_ms.take();
        if memo.given.len() >= MEMO_IDS_MAX {
            memo.given.remove(0);
        }
        memo.given.push((id, token));
        self.index.set_due(memo_id, 0, until_ms, None);
    }

    /// A hold has ended: what was remembered of it is kept for a while.
    pub(super) fn let_memo_fade(&mut self, at: &Stamp, name: &Name, hold: &Hold) {
        if self.memos.is_empty() {
            return;
        }
        let key = (name.clone(), hold.owner.clone());
        let Some(id) = self.index.memos.get(&key).copied() else { return };
        let memo = self.memos.get_mut(id).expect("the index says it is there");
        let until_ms = Some(at.now_ms.saturating_add(REMEMBERED_MS));
        let before_ms = std::mem::replace(&mut memo.until_ms, until_ms);
        self.index.set_due(id, 0, before_ms, until_ms);
    }

    /// Puts a memo in its place.
    pub(super) fn put_memo(&mut self, id: u64, memo: Memo) {
        self.index.memos.insert((memo.name.clone(), memo.owner.clone()), id);
        self.index.things.insert(id, Thing::Memo);
        self.index.set_due(id, 0, None, memo.until_ms);
        self.memos.insert(id, memo);
    }

    /// Forgets a memo.
    pub(super) fn remove_memo(&mut self, id: u64) {
        let Some(memo) = self.memos.remove(id) else { return };
        self.index.memos.remove(&(memo.name, memo.owner));
        self.index.things.remove(&id);
        self.index.set_due(id, 0, memo.until_ms, None);
    }

    /// When an owner began, as far as this shard knows: its session, or the oldest of
    /// what it holds and waits for, or what is remembered of it.
    pub(super) fn birth_of(&self, owner: &OwnerKey) -> u64 {
        let remembered = self.index.ages.get(owner).and_then(|id| self.ages.get(*id));
        let oldest = self.index.owners.get(owner).and_then(|ids| ids.iter().next());
        let oldest = oldest.and_then(|id| self.since(id));
        let births = [remembered.map(|age| age.birth_ms), oldest];
        births.into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    /// When the session of a hold or wait began, or else itself.
    fn since(&self, id: u64) -> Option<u64> {
        let (since_ms, extra) = match self.index.things.get(&id)? {
            Thing::Hold(name) => {
                let hold = self.locks.get(name)?.holders.get(id)?;
                (hold.since_ms, hold.extra())
            }
            Thing::Wait(name) => {
                let waiter = self.locks.get(name)?.waiter(id)?;
                (waiter.since_ms, waiter.want.extra())
            }
            _ => return None,
        };
        Some(extra.session.as_ref().map_or(since_ms, |(_, birth_ms)| *birth_ms))
    }

    /// Remembers how old a victim was, so that it is not the youngest for ever.
    pub(super) fn remember_age(&mut self, at: &Stamp, owner: &OwnerKey) {
        let birth_ms = self.birth_of(owner);
        if let Some(id) = self.index.ages.get(owner).copied() {
            self.remove_age(id);
        }
        if self.ages.len() >= AGES_MAX
            && let Some((oldest, _)) = self.ages.first()
        {
            self.remove_age(oldest);
        }
        let until_ms = at.now_ms.saturating_add(REMEMBERED_MS);
        let id = self.next_id();
        self.put_age(id, Age { owner: owner.clone(), birth_ms, until_ms });
    }

    /// Puts an age in its place.
    pub(super) fn put_age(&mut self, id: u64, age: Age) {
        self.index.ages.insert(age.owner.clone(), id);
        self.index.things.insert(id, Thing::Age);
        self.index.set_due(id, 0, None, Some(age.until_ms));
        self.ages.insert(id, age);
    }

    /// Forgets an age.
    pub(super) fn remove_age(&mut self, id: u64) {
        let Some(age) = self.ages.remove(id) else { return };
        self.index.ages.remove(&age.owner);
        self.index.things.remove(&id);
        self.index.set_due(id, 0, Some(age.until_ms), None);
    }
}
