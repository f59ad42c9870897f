//! Where values in an RDB file end. What is in them is the target's business.

use std::io::Read;

use super::file::Damage;
use super::reader::{Raw, Reader};

/// A kind of value, as it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    List,
    Set,
    Sorted,
    Hash,
    Stream,
    Module,
    Library,
    Unknown,
}

/// All of them, in the order of the report.
pub(super) const KINDS: [Kind; 9] = [
    Kind::String,
    Kind::List,
    Kind::Set,
    Kind::Sorted,
    Kind::Hash,
    Kind::Stream,
    Kind::Module,
    Kind::Library,
    Kind::Unknown,
];

const MODULE_OLD: u8 = 6;
const MODULE: u8 = 7;
const STREAM_OLD: u8 = 15;
const STREAM: u8 = 19;
const STREAM_NEW: u8 = 21;
/// Hashes of Redis 7.4 whose fields have times to live, and small ones of them.
const TIMED_HASH: u8 = 24;
const TIMED_HASH_PACKED: u8 = 25;

impl Kind {
    /// The kind that a type of an RDB file is.
    pub(super) fn of(kind: u8) -> Kind {
        match kind {
            0 => Kind::String,
            1 | 10 | 14 | 18 => Kind::List,
            2 | 11 | 20 => Kind::Set,
            3 | 5 | 12 | 17 => Kind::Sorted,
            4 | 9 | 13 | 16 | TIMED_HASH | TIMED_HASH_PACKED => Kind::Hash,
            STREAM_OLD | STREAM | STREAM_NEW => Kind::Stream,
            MODULE_OLD | MODULE => Kind::Module,
            _ => Kind::Unknown,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::String => "strings",
            Kind::List => "lists",
            Kind::Set => "sets",
            Kind::Sorted => "sorted sets",
            Kind::Hash => "hashes",
            Kind::Stream => "streams",
            Kind::Module => "of modules",
            Kind::Library => "libraries of functions",
            Kind::Unknown => "unknown",
        }
    }
}

/// Moves a value of this type to `raw`. Why it cannot be brought along, if it cannot.
pub(super) fn copy<R: Read>(
    reader: &mut Reader<R>,
    kind: u8,
    raw: &mut Raw,
) -> Result<Option<String>, Damage> {
    match kind {
        // In one string.
        0 | 9..=13 | 16 | 17 | 20 => reader.string(raw)?,
        1 | 2 | 14 => strings(reader, 1, raw)?,
        4 => strings(reader, 2, raw)?,
        3 => repeat(reader, raw, |reader, raw| {
            reader.string(raw)?;
            old_score(reader, raw)
        })?,
        5 => repeat(reader, raw, |reader, raw| {
            reader.string(raw)?;
            reader.copy(8, raw)
        })?,
        18 => repeat(reader, raw, |reader, raw| {
            reader.len(raw)?;
            reader.string(raw)
        })?,
        STREAM_OLD | STREAM | STREAM_NEW => stream(reader, kind, raw)?,
        MODULE => {
            let id = reader.len(raw)?;
            module(reader, raw)?;
            return Ok(Some(format!("a value of the module '{}'", module_name(id))));
        }
        TIMED_HASH | TIMED_HASH_PACKED => {
            // When the first of them ends.
            reader.copy(8, raw)?;
            if kind == TIMED_HASH {
                repeat(reader, raw, |reader, raw| {
                    reader.len(raw)?;
                    (0..2).try_for_each(|_| reader.string(raw))
                })?;
            } else {
                reader.string(raw)?;
            }
        }
        MODULE_OLD => return Err(reader.damage("a module's value of before Redis 4 has no end")),
        other => {
            let what = format!("type {other} of values is not known: it is later than Redis 7.4");
            return Err(reader.damage(what));
        }
    }
    Ok(None)
}

/// Does something as often as a length says.
fn repeat<R: Read>(
    reader: &mut Reader<R>,
    raw: &mut Raw,
    mut one: impl FnMut(&mut Reader<R>, &mut Raw) -> Result<(), Damage>,
) -> Result<(), Damage> {
    for _ in 0..reader.len(raw)? {
        one(reader, raw)?;
    }
    Ok(())
}

fn strings<R: Read>(reader: &mut Reader<R>, each: u32, raw: &mut Raw) -> Result<(), Damage> {
    repeat(reader, raw, |reader, raw| (0..each).try_for_each(|_| reader.string(raw)))
}

fn old_score<R: Read>(reader: &mut Reader<R>, raw: &mut Raw) -> Result<(), Damage> {
    let len = reader.byte()?;
    raw.add(&[len]);
    // Not a number, and both infinities, have no text.
    reader.copy(if len >= 253 { 0 } else { len.into() }, raw)
}

fn stream<R: Read>(reader: &mut Reader<R>, kind: u8, raw: &mut Raw) -> Result<(), Damage> {
    strings(reader, 2, raw)?;
    // How many entries, and the last id; since 7.0 the first id, the largest deleted one, and
    // how many entries ever were.
    numbers(reader, if kind >= STREAM { 8 } else { 3 }, raw)?;
    repeat(reader, raw, |reader, raw| {
        reader.string(raw)?;
        numbers(reader, if kind >= STREAM { 3 } else { 2 }, raw)?;
        repeat(reader, raw, |reader, raw| {
            reader.copy(16 + 8, raw)?;
            numbers(reader, 1, raw)
        })?;
        repeat(reader, raw, |reader, raw| {
            reader.string(raw)?;
            reader.copy(if kind >= STREAM_NEW { 16 } else { 8 }, raw)?;
            repeat(reader, raw, |reader, raw| reader.copy(16, raw))
        })
    })
}

fn numbers<R: Read>(reader: &mut Reader<R>, count: u32, raw: &mut Raw) -> Result<(), Damage> {
    (0..count).try_for_each(|_| reader.len(raw).map(drop))
}

/// What a module wrote: numbers and strings, up to a 0.
pub(super) fn module<R: Read>(reader: &mut Reader<R>, raw: &mut Raw) -> Result<(), Damage> {
    loop {
        match reader.len(raw)? {
            0 => return Ok(()),
            1 | 2 => drop(reader.len(raw)?),
            3 => reader.copy(4, raw)?,
            4 => reader.copy(8, raw)?,
            5 => reader.string(raw)?,
            other => return Err(reader.damage(format!("modules have no values of type {other}"))),
        }
    }
}

/// The nine letters of a module's id, six bits each, above ten bits of a version.
pub(super) fn module_name(id: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |at: u32| char::from(LETTERS[(id >> (10 + 6 * at) & 63) as usize]);
    (0..9).rev().map(letter).collect()
}
