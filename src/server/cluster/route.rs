//! Where a command goes by its keys, in cluster mode.

use std::borrow::Cow;

use lockstep_commands::{BadArgs, Begin, Find, Here, Request, Spec, error, introspect};
use lockstep_core::slot::Slot;
use lockstep_core::{Db, Op, ShardId, keys};

use crate::Node;
use crate::config::Setting;

/// Whether a command may run on this node, by its keys: the slot they are in, or
/// none if it names no key. Call it before anything else is done with the command.
///
/// While a leader is being chosen the command is let in; it is passed on as soon
/// as there is one. `leads` says whether this node leads a shard.
///
/// # Errors
/// CROSSSLOT, or MOVED with the node that leads the slot.
pub fn admit(
    node: &Node,
    leads: impl FnOnce(ShardId) -> bool,
    spec: &Spec,
    words: &[&[u8]],
) -> Result<Option<Slot>, BadArgs> {
    let slot = slot_of(spec, words)?;
    if let Some(slot) = slot {
        check_leader(node, leads, slot)?;
    }
    Ok(slot)
}

/// The same for EXEC: all queued commands must be in one slot, and led here.
///
/// # Errors
/// As [`admit`].
pub fn admit_all<'a, W: AsRef<[u8]> + 'a>(
    node: &Node,
    queued: impl Iterator<Item = (&'a Spec, &'a [W])>,
) -> Result<Option<Slot>, BadArgs> {
    let mut all = None;
    for (spec, words) in queued {
        let words: Vec<&[u8]> = words.iter().map(AsRef::as_ref).collect();
        let Some(slot) = slot_of(spec, &words)? else { continue };
        if all.is_some_and(|first| first != slot) {
            return Err(error::CROSS_SLOT);
        }
        all = Some(slot);
    }
    if let Some(slot) = all {
        check_leader(node, |shard| node.shards.leads(shard), slot)?;
    }
    Ok(all)
}

/// The slot of a command's keys, locks or queues; none if it names none.
///
/// # Errors
/// CROSSSLOT.
pub fn slot_of(spec: &Spec, words: &[&[u8]]) -> Result<Option<Slot>, BadArgs> {
    if let Some(word) = only_key(spec) {
        return Ok(words.get(word).map(|key| Slot::of(key)));
    }
    if spec.shown_keys().is_empty() {
        return Ok(None);
    }
    // Words that do not say where the keys are get their own error later.
    let Ok(keys) = introspect::keys::of(spec, words) else { return Ok(None) };
    let mut slots = keys.iter().map(|key| Slot::of(words[key.word]));
    let Some(first) = slots.next() else { return Ok(None) };
    if slots.all(|slot| slot == first) { Ok(Some(first)) } else { Err(error::CROSS_SLOT) }
}

/// The word that is the only key, of a command that has just one. Most have.
fn only_key(spec: &Spec) -> Option<usize> {
    match spec.keys {
        [key] => match (key.begin, key.find) {
            (Begin::Index(word), Find::Range { last: 0, .. }) => usize::try_from(word).ok(),
            _ => None,
        },
        _ => None,
    }
}

/// Why an operation may not be carried out where keys are spread: SORT with keys that it
/// does not name.
fn denied(op: &keys::Op<'_>) -> Option<BadArgs> {
    let (keys::Op::Sort { terms, get, .. } | keys::Op::SortStore { terms, get, .. }) = op else {
        return None;
    };
    if terms.looks_elsewhere() {
        return Some(error::SORT_BY_IN_CLUSTER);
    }
    (!get.is_empty()).then_some(error::SORT_GET_IN_CLUSTER)
}

/// Whether the commands of a slot may be taken here.
fn check_leader(
    node: &Node,
    leads: impl FnOnce(ShardId) -> bool,
    slot: Slot,
) -> Result<(), BadArgs> {
    let shard = node.shards.of_slot(slot);
    if leads(shard) || node.settings.word(Setting::ClusterMode) == "proxy" {
        return Ok(());
    }
    match super::source::leader_elsewhere(node, shard) {
        Some(leader) => Err(error::moved(slot, &leader.host, leader.port)),
        None => Ok(()),
    }
}

/// What cluster mode leaves of a request: there is one database only. Call it
/// behind parsing, also inside EXEC.
///
/// # Errors
/// Redis' text for what would need other databases.
pub fn restrict<'a>(
    spec: &Spec,
    request: Result<Request<'a>, BadArgs>,
) -> Result<Request<'a>, BadArgs> {
    match spec.name {
        "swapdb" => return Err(error::SWAPDB_IN_CLUSTER),
        "move" => return Err(error::MOVE_IN_CLUSTER),
        _ => {}
    }
    match request {
        Ok(Request::Op(Op::Key { op })) if let Some(bad) = denied(&op) => Err(bad),
        Ok(Request::Here(Here::Select(db))) if db != Db(0) => Err(error::SELECT_IN_CLUSTER),
        Ok(Request::Op(Op::Key { op: keys::Op::Copy { to_db, .. } })) if to_db != Db(0) => {
            Err(error::COPY_IN_CLUSTER)
        }
        Err(BadArgs(Cow::Borrowed(text)))
            if spec.name == "select" && text == error::DB_OUT_OF_RANGE.0 =>
        {
            Err(error::SELECT_IN_CLUSTER)
        }
        other => other,
    }
}
