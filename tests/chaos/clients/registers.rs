//! Clients of single keys.

use lockstep_sim::check::Span;
use lockstep_sim::check::registers::{Call, Step};
use rand::RngExt;

use super::super::history::Kind;
use super::{Hand, Told};

/// How many keys of each sort a generation has.
const KEYS: u64 = 4;

/// Writes a key of its own all the time, always on its node: tells whether that serves.
pub fn probe(hand: &mut Hand) {
    hand.roams = false;
    while hand.next() {
        let (key, value) = (format!("probe{}", hand.id), hand.fresh().to_string());
        hand.call(Kind::Write, &["SET", &key, &value]);
    }
}

/// Reads keys and writes values that are all different.
pub fn read_and_write(hand: &mut Hand) {
    while hand.next() {
        let key = key("reg", hand);
        let (span, call) = if hand.random.random_ratio(1, 3) {
            let value = hand.fresh().to_string();
            let (span, told) = hand.call(Kind::Write, &["SET", &key, &value]);
            (span, wrote(&told, |_| Call::Write(value.into_bytes())))
        } else {
            read(hand, &key)
        };
        note(hand, key, span, call);
    }
}

/// Does all that a key can stand.
pub fn everything(hand: &mut Hand) {
    while hand.next() {
        let key = key("any", hand);
        let (span, call) = match hand.random.random_range(0..8) {
            0 | 1 => {
                let value = hand.random.random_range(0..50).to_string();
                let (span, told) = hand.call(Kind::Write, &["SET", &key, &value]);
                (span, wrote(&told, |_| Call::Write(value.into_bytes())))
            }
            2 | 3 => {
                let by = hand.random.random_range(1..5_i64);
                let (span, told) = hand.call(Kind::Write, &["INCRBY", &key, &by.to_string()]);
                (span, wrote(&told, |reply| Call::Add(by, reply)))
            }
            4 => {
                let (span, told) = hand.call(Kind::Write, &["DEL", &key]);
                (span, wrote(&told, |reply| Call::Delete(reply.map(|count| count == 1))))
            }
            _ => read(hand, &key),
        };
        note(hand, key, span, call);
    }
}

fn key(sort: &str, hand: &mut Hand) -> String {
    format!("{sort}{}:{}", hand.random.random_range(0..KEYS), hand.generation())
}

fn read(hand: &mut Hand, key: &str) -> (Span, Option<Call>) {
    let (span, told) = hand.call(Kind::Read, &["GET", key]);
    let call = match told {
        Told::Done(reply) => Some(Call::Read(reply.bytes().map(<[u8]>::to_vec))),
        _ => None,
    };
    (span, call)
}

/// The call, unless it was refused.
fn wrote(told: &Told, call: impl FnOnce(Option<i64>) -> Call) -> Option<Call> {
    match told {
        Told::Done(reply) => Some(call(reply.int())),
        Told::Unknown => Some(call(None)),
        Told::Refused => None,
    }
}

fn note(hand: &mut Hand, key: String, span: Span, call: Option<Call>) {
    if let Some(call) = call {
        hand.history.registers.entry(key).or_default().push(Step { span, call });
    }
}
