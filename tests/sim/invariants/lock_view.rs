//! The locks of a replica, as the rules about locks look at them.

use lockstep_core::locks::Op;
use lockstep_core::{Op as AnyOp, Outcome, Shard};

use crate::world::lock_names;

/// How often locks are looked at from outside. The machine looks at those that an
/// operation touched after every one.
pub const EVERY_MS: u64 = 200;

/// A lock that somebody holds.
pub struct Held {
    /// Its name.
    pub name: String,
    /// The newest token.
    pub token: u64,
    /// The modes of its holders.
    pub modes: Vec<&'static str>,
}

/// A lock that somebody waits for.
pub struct Contended {
    /// Its name.
    pub name: String,
    /// Owner and mode of each holder.
    pub holders: Vec<(Vec<u8>, &'static str)>,
    /// The same of the first in line.
    pub first: (Vec<u8>, &'static str),
}

/// A hold of a lock of the run.
#[derive(Debug)]
pub struct Holder {
    /// The lock.
    pub name: String,
    /// Who, as owners are shown.
    pub owner: Vec<u8>,
    /// It is part of several that are not all there yet.
    pub acquiring: bool,
    /// Whether it is a connection's own.
    pub of_connection: bool,
    /// The session it lives by.
    pub session: Option<Vec<u8>>,
    /// Node and life of the connection that asked for it.
    pub node: (u64, u64),
}

/// All holds of the locks of the run.
pub fn holders(shard: &Shard) -> Vec<Holder> {
    let look = |name: String| {
        let op = Op::Info { name: name.as_bytes() };
        let Outcome::List(facts) = shard.look(&AnyOp::Lock { op }) else { return Vec::new() };
        let Some(Outcome::List(holders)) = facts.get(3) else { return Vec::new() };
        holders.iter().filter_map(|holder| holder_of(&name, holder)).collect()
    };
    lock_names().flat_map(look).collect()
}

fn holder_of(name: &str, facts: &Outcome) -> Option<Holder> {
    let Outcome::List(facts) = facts else { return None };
    let [kind, Outcome::Bytes(owner), session, Outcome::Int(node), Outcome::Int(boot), ..] =
        &facts[..]
    else {
        return None;
    };
    let acquiring = facts.get(10) == Some(&Outcome::Int(1));
    let session = match session {
        Outcome::Bytes(id) if !id.is_empty() => Some(id.clone()),
        _ => None,
    };
    let of_connection = *kind == Outcome::Word("connection");
    let node = (*node as u64, *boot as u64);
    let (name, owner) = (name.into(), owner.clone());
    Some(Holder { name, owner, acquiring, of_connection, session, node })
}

/// The locks of the run that are held.
pub fn held(shard: &Shard) -> Vec<Held> {
    let look = |name: String| {
        let op = Op::Info { name: name.as_bytes() };
        let Outcome::List(facts) = shard.look(&AnyOp::Lock { op }) else { return None };
        let [_, Outcome::Int(token), _, Outcome::List(holders), ..] = &facts[..] else {
            return None;
        };
        let mode = |holder: &Outcome| match holder {
            Outcome::List(facts) => facts.iter().find_map(mode_of),
            _ => None,
        };
        let modes = holders.iter().filter_map(mode).collect();
        Some(Held { name, token: *token as u64, modes })
    };
    lock_names().filter_map(look).collect()
}

/// The locks that are waited for.
pub fn contended(shard: &Shard) -> Vec<Contended> {
    let op = Op::Graph { min_wait_ms: 0 };
    let Outcome::List(locks) = shard.look(&AnyOp::Lock { op }) else { return Vec::new() };
    let look = |lock: &Outcome| {
        let Outcome::List(facts) = lock else { return None };
        let [Outcome::Bytes(name), Outcome::List(holders), Outcome::List(line)] = &facts[..] else {
            return None;
        };
        let holders = holders.iter().filter_map(party).collect();
        let name = String::from_utf8_lossy(name).into_owned();
        Some(Contended { name, holders, first: party(line.first()?)? })
    };
    locks.iter().filter_map(look).collect()
}

/// Whether a lock can be had in a mode while another has it so.
pub fn get_along(held: &str, asked: &str) -> bool {
    matches!((held, asked), ("shared", "shared") | ("shared", "update") | ("update", "shared"))
}

fn party(facts: &Outcome) -> Option<(Vec<u8>, &'static str)> {
    let Outcome::List(facts) = facts else { return None };
    let Some(Outcome::Bytes(owner)) = facts.first() else { return None };
    Some((owner.clone(), facts.iter().find_map(mode_of)?))
}

fn mode_of(fact: &Outcome) -> Option<&'static str> {
    match fact {
        Outcome::Word(word @ ("shared" | "update" | "exclusive")) => Some(word),
        _ => None,
    }
}
