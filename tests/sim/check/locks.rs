//! Mutual exclusion and fencing (C-LOCK).

use std::collections::BTreeMap;

/// One hold of a lock, from its grant to when it may be over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which lock.
    pub lock: u32,
    /// Who.
    pub owner: u64,
    /// The fencing token.
    pub token: u64,
    /// When the lock was asked for.
    pub asked: u64,
    /// When the grant was known to its owner.
    pub granted: u64,
    /// Up to when it surely lasts: the release was asked for, the lease may have
    /// run out, the connection may have ended.
    pub until: u64,
}

/// What is wrong with a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Two owners were given the same token.
    SharedToken(Hold, Hold),
    /// The second was granted after the first, with a lower token.
    TokenFell(Hold, Hold),
    /// The second was granted while the first lasted.
    Overlap(Hold, Hold),
}

/// Looks for flaws. Tokens are compared within each lock.
pub fn check(holds: &[Hold]) -> Result<(), Flaw> {
    let mut locks: BTreeMap<u32, Vec<&Hold>> = BTreeMap::new();
    for hold in holds {
        locks.entry(hold.lock).or_default().push(hold);
    }
    locks.into_values().try_for_each(check_one)
}

fn check_one(mut holds: Vec<&Hold>) -> Result<(), Flaw> {
    holds.sort_by_key(|hold| (hold.token, hold.granted));
    if let Some(pair) = holds
        .windows(2)
        .find(|pair| pair[0].token == pair[1].token && pair[0].owner != pair[1].owner)
    {
        return Err(Flaw::SharedToken(pair[0].clone(), pair[1].clone()));
    }
    // From the highest token down: who of them was granted first.
    let mut first: Option<&Hold> = None;
    for hold in holds.iter().rev() {
        if let Some(higher) = first
            && higher.token > hold.token
            && higher.granted < hold.asked
        {
            return Err(Flaw::TokenFell(higher.clone(), (*hold).clone()));
        }
        if first.is_none_or(|higher| hold.granted < higher.granted) {
            first = Some(hold);
        }
    }
    // From the lowest up: who of them lasts longest.
    let mut last: Option<&Hold> = None;
    for hold in holds {
        if let Some(lower) = last
            && lower.token < hold.token
            && hold.granted < lower.until
        {
            return Err(Flaw::Overlap(lower.clone(), hold.clone()));
        }
        if last.is_none_or(|lower| hold.until > lower.until) {
            last = Some(hold);
        }
    }
    Ok(())
}
