//! What XREAD and XREADGROUP have in common.

use lockstep_core::Outcome;
use lockstep_core::keys::streams::After;

use super::{count, id};
use crate::reply::plain;
use crate::waiting::milliseconds;
use crate::{Args, BadArgs, Reply, Spec, error};

/// The words of a read of several streams.
#[derive(Default)]
pub(super) struct Reading<'a> {
    pub keys: Vec<&'a [u8]>,
    pub after: Vec<After>,
    /// At most so many entries of each stream; 0: all.
    pub count: u64,
    /// GROUP: which, and who reads.
    pub group: Option<[&'a [u8]; 2]>,
    /// NOACK.
    pub no_ack: bool,
    /// BLOCK: for how many milliseconds; 0: without end.
    pub block_ms: Option<u64>,
}

/// Reads the words of XREAD, or of XREADGROUP, which has `grouped`.
pub(super) fn parse<'a>(mut args: Args<'a>, grouped: bool) -> Result<Reading<'a>, BadArgs> {
    let mut reading = Reading::default();
    loop {
        let more = args.len().saturating_sub(1);
        if more >= 1 && args.token("BLOCK") {
            reading.block_ms = Some(milliseconds(&mut args)?);
        } else if more >= 1 && args.token("COUNT") {
            reading.count = count(&mut args)?;
        } else if more >= 1 && args.token("STREAMS") {
            break;
        } else if more >= 2 && args.token("GROUP") {
            if !grouped {
                return Err(error::GROUP_OF_XREAD);
            }
            reading.group = Some([args.word()?, args.word()?]);
        } else if args.token("NOACK") {
            if !grouped {
                return Err(error::NOACK_OF_XREAD);
            }
            reading.no_ack = true;
        } else {
            return Err(error::SYNTAX);
        }
    }
    if !args.len().is_multiple_of(2) {
        return Err(error::UNBALANCED_STREAMS);
    }
    if grouped && reading.group.is_none() {
        return Err(error::NO_GROUP_WORD);
    }
    let words = args.all();
    let (keys, ids) = words.split_at(words.len() / 2);
    reading.keys = keys.to_vec();
    reading.after = ids.iter().map(|word| after(word, grouped)).collect::<Result<_, _>>()?;
    Ok(reading)
}

/// Where a stream is read from.
fn after(word: &[u8], grouped: bool) -> Result<After, BadArgs> {
    match (word, grouped) {
        (b"$", false) | (b">", true) => Ok(After::Newest {}),
        (b"$", true) => Err(error::DOLLAR_OF_GROUP),
        (b">", false) => Err(error::GREATER_OF_XREAD),
        _ => Ok(After::Id { id: id::exact(word)? }),
    }
}

/// Streams with their entries: a map, or in RESP2 a list of pairs.
pub(super) fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    let parts = match outcome {
        Outcome::List(parts) => parts,
        Outcome::Nil => return Reply::NilArray,
        other => return plain(spec, other),
    };
    let mut parts = parts.into_iter();
    let pair = || Some((plain(spec, parts.next()?), entries(spec, parts.next()?)));
    Reply::PairsOrMap(std::iter::from_fn(pair).collect())
}

/// Entries, of which some may have no fields any more.
fn entries(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(entries) = outcome else { return plain(spec, outcome) };
    let entry = |entry| match plain(spec, entry) {
        Reply::Array(mut parts) => {
            let gone = parts.last_mut().filter(|fields| **fields == Reply::Nil);
            if let Some(fields) = gone {
                *fields = Reply::NilArray;
            }
            Reply::Array(parts)
        }
        other => other,
    };
    Reply::Array(entries.into_iter().map(entry).collect())
}
