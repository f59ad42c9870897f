//! Writing streams.

use super::add::{add, trim};
use super::claim::{Claims, auto_claim, claim};
use super::events::Told;
use super::groups;
use super::read::no_group;
use super::{Id, Op};
use crate::keys::store::{ConsumerGroup, Layout, Stream, Value};
use crate::keys::write::{Change, Writer};
use crate::{Db, Fault, Outcome};

pub(in crate::keys) fn write(
    writer: &mut Writer<'_>,
    db: Db,
    key: &[u8],
    op: &Op<'_>,
) -> Result<Outcome, Fault> {
    let told = Told::before(writer, db, key, op);
    let outcome = carry_out(writer, db, key, op)?;
    if let Some(told) = told {
        told.behind(writer, db, key, op, &outcome);
    }
    Ok(outcome)
}

fn carry_out(writer: &mut Writer<'_>, db: Db, key: &[u8], op: &Op<'_>) -> Result<Outcome, Fault> {
    let now_ms = writer.at.now_ms;
    match op {
        Op::Add { id, fields, create, trim, block_entries_max, block_bytes_max } => {
            let layout = Layout { entries_max: *block_entries_max, bytes_max: *block_bytes_max };
            let work = |stream: &mut Stream| {
                Ok((add(stream, now_ms, *id, fields, *trim, layout)?, Change::Seen))
            };
            let added = edit_or_make(writer, db, key, *create, work)?;
            if added.is_some() {
                writer.space.waits.note(db, key);
            }
            Ok(added.unwrap_or(Outcome::Nil))
        }
        Op::CreateGroup { group, id, read, create } => {
            let work = |stream: &mut Stream| {
                let last_id = id.unwrap_or(stream.last_id);
                match stream.add_group(group, ConsumerGroup::new(last_id, *read)) {
                    true => Ok((Outcome::Ok, Change::Quiet)),
                    false => Err(Fault::GroupExists),
                }
            };
            edit_or_make(writer, db, key, *create, work)?.ok_or(Fault::NeedsStream)
        }
        Op::DestroyGroup { group } => {
            let work =
                |stream: &mut Stream| Ok(counted(stream.remove_group(group).into(), Change::Quiet));
            let destroyed = edit(writer, db, key, work)?.ok_or(Fault::NeedsStream)?;
            writer.space.waits.note_gone(db, key);
            Ok(destroyed)
        }
        _ => edit(writer, db, key, |stream| change(stream, key, now_ms, op))?
            .map_or_else(|| without_stream(key, op), Ok),
    }
}

/// What an operation gives that found no stream.
fn without_stream(key: &[u8], op: &Op<'_>) -> Result<Outcome, Fault> {
    match op {
        Op::SetId { .. } => Err(Fault::NoSuchKey),
        Op::SetGroup { .. } | Op::CreateConsumer { .. } | Op::DeleteConsumer { .. } => {
            Err(Fault::NeedsStream)
        }
        Op::Claim { group, .. } | Op::AutoClaim { group, .. } => Ok(no_group(key, group)),
        _ => Ok(Outcome::Int(0)),
    }
}

type Changed = Result<(Outcome, Change), Fault>;

fn change(stream: &mut Stream, key: &[u8], now_ms: u64, op: &Op<'_>) -> Changed {
    match op {
        Op::Delete { ids } => Ok(counted(delete(stream, ids), Change::Seen)),
        Op::Trim { trim: to } => Ok(counted(trim(stream, *to), Change::Seen)),
        Op::SetId { id, added, max_deleted } => set_id(stream, *id, *added, *max_deleted),
        Op::Ack { group, ids } => Ok(counted(groups::ack(stream, group, ids), Change::Quiet)),
        op => Ok(change_group(stream, key, now_ms, op)),
    }
}

/// What works on a group that has to be there.
fn change_group(stream: &mut Stream, key: &[u8], now_ms: u64, op: &Op<'_>) -> (Outcome, Change) {
    let (name, changed) = match op {
        Op::SetGroup { group, id, read } => {
            let last_id = id.unwrap_or(stream.last_id);
            (group, stream.edit_group(group, |group| groups::set(group, last_id, *read)))
        }
        Op::CreateConsumer { group, consumer } => {
            (group, stream.edit_group(group, |group| groups::create(group, consumer, now_ms)))
        }
        Op::DeleteConsumer { group, consumer } => {
            let removed = stream.edit_group(group, |group| group.remove_consumer(consumer));
            let told = |pending: Option<u64>| match pending {
                Some(pending) => (Outcome::Int(pending as i64), Change::Quiet),
                None => (Outcome::Int(0), Change::None),
            };
            (group, removed.map(told))
        }
        Op::Claim { group, consumer, idle_ms, ids, given, retries, force, just_id, last_id } => {
            let (idle_ms, just_id, now_ms) = (*idle_ms, *just_id, now_ms);
            let claims = Claims { consumer, now_ms, idle_ms, just_id };
            (group, claim(stream, group, &claims, ids, (*given, *retries, *force), *last_id))
        }
        Op::AutoClaim { group, consumer, idle_ms, start, count, just_id } => {
            let (idle_ms, just_id, now_ms) = (*idle_ms, *just_id, now_ms);
            let claims = Claims { consumer, now_ms, idle_ms, just_id };
            (group, auto_claim(stream, group, &claims, *start, *count))
        }
        _ => unreachable!("the caller tells writes from reads"),
    };
    changed.unwrap_or_else(|| (no_group(key, name), Change::None))
}

/// Works on a stream that is there, or one that is made.
fn edit_or_make<T>(
    writer: &mut Writer<'_>,
    db: Db,
    key: &[u8],
    make: bool,
    work: impl FnOnce(&mut Stream) -> Result<(T, Change), Fault>,
) -> Result<Option<T>, Fault> {
    if !make || writer.has(db, key) {
        return edit(writer, db, key, work);
    }
    let mut stream = Stream::default();
    let (result, _) = work(&mut stream)?;
    writer.put_stream(db, key, Value::of_stream(stream));
    Ok(Some(result))
}

/// Works on a stream that is there. `work` says what it changed.
pub(super) fn edit<T>(
    writer: &mut Writer<'_>,
    db: Db,
    key: &[u8],
    work: impl FnOnce(&mut Stream) -> Result<(T, Change), Fault>,
) -> Result<Option<T>, Fault> {
    writer.edit_there(db, key, |value| work(value.stream_mut()?))
}

fn counted(count: u64, change: Change) -> (Outcome, Change) {
    (Outcome::Int(count as i64), if count > 0 { change } else { Change::None })
}

fn delete(stream: &mut Stream, ids: &[Id]) -> u64 {
    let mut deleted = 0;
    for id in ids {
        if stream.delete(*id) {
            stream.max_deleted = stream.max_deleted.max(*id);
            deleted += 1;
        }
    }
    deleted
}

fn set_id(stream: &mut Stream, id: Id, added: Option<u64>, max_deleted: Id) -> Changed {
    if stream.len() > 0 && id < stream.last() {
        return Err(Fault::IdTooSmall);
    }
    if stream.len() > 0 && added.is_some_and(|added| added < stream.len()) {
        return Err(Fault::AddedTooFew);
    }
    stream.last_id = id;
    stream.added = added.unwrap_or(stream.added);
    if max_deleted != Id::MIN {
        stream.max_deleted = max_deleted;
    }
    Ok((Outcome::Ok, Change::Quiet))
}
