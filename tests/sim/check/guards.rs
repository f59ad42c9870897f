//! Locks that are shared, and converted (C-LOCK).

use std::collections::BTreeMap;

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// With others that share.
    Shared,
    /// With those that share already.
    Update,
    /// Alone.
    Exclusive,
}

/// One hold of a lock in one mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which lock.
    pub lock: u32,
    /// Who.
    pub owner: u64,
    /// How.
    pub how: How,
    /// The fencing token.
    pub token: u64,
    /// When the lock was asked for.
    pub asked: u64,
    /// When the grant was known to its owner.
    pub granted: u64,
    /// Up to when it surely lasts.
    pub until: u64,
}

/// What is wrong with a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Both held it at once, and one of them not as one of many.
    Together(Hold, Hold),
    /// Both shared it at once with different tokens.
    Apart(Hold, Hold),
    /// The second was granted after the first, with a lower token, or the same
    /// though one of them was alone.
    TokenFell(Hold, Hold),
}

/// Looks for flaws.
pub fn check(holds: &[Hold]) -> Result<(), Flaw> {
    let mut locks: BTreeMap<u32, Vec<&Hold>> = BTreeMap::new();
    for hold in holds {
        locks.entry(hold.lock).or_default().push(hold);
    }
    for mut holds in locks.into_values() {
        holds.sort_by_key(|hold| hold.granted);
        for (at, first) in holds.iter().enumerate() {
            holds[at + 1..].iter().try_for_each(|second| pair(first, second))?;
        }
    }
    Ok(())
}

/// Two holds, in the order in which their grants were known.
fn pair(first: &Hold, second: &Hold) -> Result<(), Flaw> {
    let both = || (first.clone(), second.clone());
    if first.owner == second.owner {
        return Ok(());
    }
    // What may have run out before its grant was known says nothing.
    if second.granted < first.until && second.granted < second.until {
        let (one, other) = both();
        if !get_along(first.how, second.how) {
            return Err(Flaw::Together(one, other));
        }
        let both_shared = first.how == How::Shared && second.how == How::Shared;
        if both_shared && first.token != second.token {
            return Err(Flaw::Apart(one, other));
        }
    }
    // Who was told before the other asked was granted before.
    if first.granted < second.asked {
        let may_be_same = first.how != How::Exclusive && second.how != How::Exclusive;
        let fell = second.token < first.token || (second.token == first.token && !may_be_same);
        if fell {
            let (one, other) = both();
            return Err(Flaw::TokenFell(one, other));
        }
    }
    Ok(())
}

fn get_along(one: How, other: How) -> bool {
    matches!(
        (one, other),
        (How::Shared, How::Shared) | (How::Shared, How::Update) | (How::Update, How::Shared)
    )
}
