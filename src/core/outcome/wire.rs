//! The byte form of outcomes: they travel between nodes and stand in snapshots.

use crate::queues::Body;
use crate::wire::{Malformed, Wire};
use crate::{Fault, Outcome};

/// How deep lists may stand within lists.
pub const DEPTH_MAX: usize = 32;

/// All words that an outcome may be. A word keeps its place; new ones are added
/// at the end.
const WORDS: [&str; 90] = [
    "none",
    "string",
    "int",
    "embstr",
    "raw",
    "connection",
    "named",
    "exclusive",
    "session",
    "shared",
    "update",
    "permits",
    "QUEUED",
    "dot",
    "youngest",
    "priority",
    "detector",
    "new",
    "dup",
    "replaced",
    "ready",
    "delayed",
    "inflight",
    "dead",
    "maxdeliver",
    "ttl",
    "fatal",
    "overflow",
    "vt",
    "maxvt",
    "countmode",
    "backoff",
    "expire",
    "delay",
    "dlq",
    "retain",
    "maxdead",
    "maxlen",
    "maxbytes",
    "order",
    "groups",
    "groupinflight",
    "groupfail",
    "dedupwindow",
    "dedupscope",
    "dedupmax",
    "rate",
    "maxinflight",
    "partitions",
    "sync",
    "idledelete",
    "fails",
    "attempts",
    "exp",
    "linear",
    "drop",
    "reject",
    "drophead",
    "deadhead",
    "fifo",
    "lifo",
    "pri",
    "off",
    "optional",
    "required",
    "block",
    "skip",
    "queue",
    "group",
    "always",
    "relaxed",
    "running",
    "done",
    "cancelled",
    "in",
    "out",
    "all",
    "queue",
    "hash",
    "list",
    "set",
    "zset",
    "listpack",
    "hashtable",
    "quicklist",
    "intset",
    "skiplist",
    "stream",
    "dense",
    "sparse",
];

const OK: u8 = 0;
const NIL: u8 = 1;
const INT: u8 = 2;
const FLOAT: u8 = 3;
const BYTES: u8 = 4;
const WORD: u8 = 5;
const LIST: u8 = 6;
const WAITS: u8 = 7;
const FAULT: u8 = 8;
const REFUSED: u8 = 9;
const BODY: u8 = 10;

impl<'a> Wire<'a> for Outcome {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Outcome::Ok => out.push(OK),
            Outcome::Nil => out.push(NIL),
            Outcome::Int(number) => {
                out.push(INT);
                number.put(out);
            }
            Outcome::Float(number) => {
                out.push(FLOAT);
                number.put(out);
            }
            Outcome::Bytes(bytes) => put_bytes(bytes, out),
            Outcome::Word(word) => match place_of(word) {
                Some(place) => out.extend([WORD, place]),
                // Not reached as long as the table is complete; for a client the
                // two differ in nothing but the form of the reply.
                None => put_bytes(word.as_bytes(), out),
            },
            Outcome::List(items) => {
                out.push(LIST);
                items.put(out);
            }
            Outcome::Waits => out.push(WAITS),
            Outcome::Fault(fault) => {
                out.push(FAULT);
                fault.put(out);
            }
            Outcome::Refused { fault, text } => {
                out.push(REFUSED);
                fault.put(out);
                text.as_slice().put(out);
            }
            Outcome::Body(body) => {
                out.push(BODY);
                body.put(out);
            }
        }
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        take_at(input, DEPTH_MAX)
    }
}

/// The number of a word.
pub(super) fn place_of(word: &str) -> Option<u8> {
    WORDS.iter().position(|known| *known == word).map(|place| place as u8)
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(BYTES);
    bytes.put(out);
}

/// `depth`: how many lists may still be opened.
fn take_at(input: &mut &[u8], depth: usize) -> Result<Outcome, Malformed> {
    Ok(match u8::take(input)? {
        OK => Outcome::Ok,
        NIL => Outcome::Nil,
        INT => Outcome::Int(i64::take(input)?),
        FLOAT => Outcome::Float(f64::take(input)?),
        BYTES => Outcome::Bytes(<&[u8]>::take(input)?.to_vec()),
        WORD => {
            let place = usize::from(u8::take(input)?);
            Outcome::Word(WORDS.get(place).ok_or(Malformed)?)
        }
        LIST => Outcome::List(take_items(input, depth.checked_sub(1).ok_or(Malformed)?)?),
        WAITS => Outcome::Waits,
        FAULT => Outcome::Fault(Fault::take(input)?),
        REFUSED => {
            let fault = Fault::take(input)?;
            Outcome::Refused { fault, text: <&[u8]>::take(input)?.to_vec() }
        }
        BODY => Outcome::Body(Body::take(input)?),
        _ => return Err(Malformed),
    })
}

fn take_items(input: &mut &[u8], depth: usize) -> Result<Vec<Outcome>, Malformed> {
    let count = usize::take(input)?;
    // Every item takes at least one byte; room is made as items come, so that a
    // lying count costs nothing.
    if count > input.len() {
        return Err(Malformed);
    }
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(take_at(input, depth)?);
    }
    Ok(items)
}
