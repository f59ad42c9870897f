//! The replies of scripts, on their way from where they run to the client's node.
//!
//! They may be of any form and any depth, so they travel as bytes within the outcome.

use lockstep_core::Outcome;
use lockstep_core::wire::{Malformed, Wire, take_bytes};

use crate::reply::plain;
use crate::{BadArgs, Reply, Spec};

/// How deep replies may stand within replies.
const DEPTH_MAX: u32 = 1100;

const LINE: u8 = 0;
const BULK: u8 = 1;
const INT: u8 = 2;
const NIL: u8 = 3;
const DOUBLE: u8 = 4;
const BOOL: u8 = 5;
const BIG_NUMBER: u8 = 6;
const VERBATIM: u8 = 7;
const ARRAY: u8 = 8;
const SET: u8 = 9;
const MAP: u8 = 10;
const ERROR: u8 = 11;

/// The reply of a script, or that of a refusal.
pub fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::List(parts) => match &parts[..] {
            [Outcome::Bytes(bytes)] | [Outcome::Bytes(bytes), Outcome::Int(_)] => {
                from_bytes(bytes).unwrap_or(Reply::Nil)
            }
            _ => plain(spec, Outcome::List(parts)),
        },
        other => plain(spec, other),
    }
}

/// What is to be known of the run that gave an outcome (`lockstep_core::scripts::HAS_READ` and
/// its like).
pub fn notes(outcome: &Outcome) -> i64 {
    match outcome {
        Outcome::List(parts) => match &parts[..] {
            [Outcome::Bytes(_), Outcome::Int(notes)] => *notes,
            _ => 0,
        },
        _ => 0,
    }
}

/// The byte form of a reply that a script can give.
pub fn to_bytes(reply: &Reply) -> Vec<u8> {
    let mut out = Vec::new();
    put(reply, &mut out);
    out
}

/// The reply with this byte form; none: there is no such reply.
pub fn from_bytes(mut bytes: &[u8]) -> Option<Reply> {
    let reply = take(&mut bytes, DEPTH_MAX).ok()?;
    bytes.is_empty().then_some(reply)
}

fn put(reply: &Reply, out: &mut Vec<u8>) {
    match reply {
        Reply::Ok => put_text(LINE, b"OK", out),
        Reply::Simple(text) => put_text(LINE, text.as_bytes(), out),
        Reply::Line(text) => put_text(LINE, text.as_bytes(), out),
        Reply::Bulk(bytes) => put_text(BULK, bytes, out),
        Reply::Int(number) => {
            out.push(INT);
            number.put(out);
        }
        Reply::Double(number) | Reply::DoubleDigits(number) | Reply::DoubleText(number) => {
            out.push(DOUBLE);
            number.put(out);
        }
        Reply::Bool(yes) => out.extend([BOOL, u8::from(*yes)]),
        Reply::BigNumber(digits) => put_text(BIG_NUMBER, digits.as_bytes(), out),
        Reply::VerbatimAs(format, bytes) => {
            out.push(VERBATIM);
            out.extend_from_slice(format);
            (&bytes[..]).put(out);
        }
        Reply::Verbatim(text) => put(&Reply::VerbatimAs(*b"txt", text.clone().into_bytes()), out),
        Reply::Array(items) | Reply::Push(items) | Reply::Several(items) => {
            put_all(ARRAY, items, out);
        }
        Reply::Set(items) => put_all(SET, items, out),
        Reply::Map(pairs) | Reply::Pairs(pairs) | Reply::PairsOrMap(pairs) => {
            out.push(MAP);
            pairs.len().put(out);
            pairs.iter().for_each(|(name, value)| {
                put(name, out);
                put(value, out);
            });
        }
        Reply::Error(BadArgs(text)) => put_text(ERROR, text.as_bytes(), out),
        Reply::Nil | Reply::NilArray | Reply::Silence => out.push(NIL),
    }
}

fn put_text(tag: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    text.put(out);
}

fn put_all(tag: u8, items: &[Reply], out: &mut Vec<u8>) {
    out.push(tag);
    items.len().put(out);
    items.iter().for_each(|item| put(item, out));
}

fn take(input: &mut &[u8], depth: u32) -> Result<Reply, Malformed> {
    let deeper = depth.checked_sub(1).ok_or(Malformed)?;
    Ok(match u8::take(input)? {
        LINE => Reply::Line(String::take(input)?),
        BULK => Reply::bulk(<&[u8]>::take(input)?),
        INT => Reply::Int(i64::take(input)?),
        NIL => Reply::Nil,
        DOUBLE => Reply::Double(f64::take(input)?),
        BOOL => Reply::Bool(bool::take(input)?),
        BIG_NUMBER => Reply::BigNumber(String::take(input)?),
        VERBATIM => {
            let format = take_bytes(input, 3)?.try_into().map_err(|_| Malformed)?;
            Reply::VerbatimAs(format, <&[u8]>::take(input)?.to_vec())
        }
        ARRAY => Reply::Array(take_all(input, deeper, take)?),
        SET => Reply::Set(take_all(input, deeper, take)?),
        MAP => Reply::Map(take_all(input, deeper, |input, depth| {
            Ok((take(input, depth)?, take(input, depth)?))
        })?),
        ERROR => Reply::Error(BadArgs(String::take(input)?.into())),
        _ => return Err(Malformed),
    })
}

fn take_all<T>(
    input: &mut &[u8],
    depth: u32,
    take: impl Fn(&mut &[u8], u32) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let count = usize::take(input)?;
    // Every item takes at least one byte; room is made as items come.
    if count > input.len() {
        return Err(Malformed);
    }
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(take(input, depth)?);
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Reply {
        Reply::Array(vec![
            Reply::Line("OK".to_owned()),
            Reply::bulk(b"\xff\0"),
            Reply::Int(i64::MIN),
            Reply::Nil,
            Reply::Double(1.5),
            Reply::Bool(true),
            Reply::BigNumber("12345678901234567890".to_owned()),
            Reply::VerbatimAs(*b"mkd", b"*x*".to_vec()),
            Reply::Set(vec![Reply::Int(1)]),
            Reply::Map(vec![(Reply::bulk("a"), Reply::Array(vec![]))]),
            Reply::Error(BadArgs("ERR x".into())),
        ])
    }

    #[test]
    fn every_form_comes_back_as_it_was() {
        assert_eq!(from_bytes(&to_bytes(&all())), Some(all()));
        assert_eq!(from_bytes(&to_bytes(&Reply::Ok)), Some(Reply::Line("OK".to_owned())));
    }

    #[test]
    fn what_is_cut_short_or_too_deep_is_no_reply() {
        let bytes = to_bytes(&all());
        for cut in 0..bytes.len() {
            assert_eq!(from_bytes(&bytes[..cut]), None, "{cut}");
        }
        let mut deep = Reply::Nil;
        for _ in 0..2000 {
            deep = Reply::Array(vec![deep]);
        }
        assert_eq!(from_bytes(&to_bytes(&deep)), None);
        assert_eq!(from_bytes(&[ARRAY, 0xff, 0xff, 0x03]), None);
    }
}
