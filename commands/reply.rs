//! What a client is shown, before it is encoded.

use lockstep_core::Outcome;

use crate::BadArgs;
use crate::error;
use crate::spec::Spec;

/// The version of the protocol a connection speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// RESP2.
    #[default]
    Resp2,
    /// RESP3.
    Resp3,
}

/// A reply. Types that only RESP3 has are shown to RESP2 clients in Redis' way:
/// a map as a flat array, a set and a push as arrays, a double and a verbatim
/// string as a bulk string, nil as the null bulk string.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// `+OK`.
    Ok,
    /// A simple string: one line.
    Simple(&'static str),
    /// A simple string made on the spot.
    Line(String),
    /// A bulk string.
    Bulk(Vec<u8>),
    /// A number.
    Int(i64),
    /// Nothing: `$-1`, or `_`.
    Nil,
    /// Nothing where an array is due: `*-1`, or `_`.
    NilArray,
    /// A floating-point number.
    Double(f64),
    /// A floating-point number with up to 17 digits behind the point, none of them a zero at
    /// the end.
    DoubleDigits(f64),
    /// A floating-point number as a bulk string in either protocol.
    DoubleText(f64),
    /// Yes or no: a number in RESP2.
    Bool(bool),
    /// The digits of a number of any size.
    BigNumber(String),
    /// Several replies.
    Array(Vec<Reply>),
    /// Pairs in order.
    Map(Vec<(Reply, Reply)>),
    /// Pairs in order: arrays of two in RESP3, one behind the other in RESP2.
    Pairs(Vec<(Reply, Reply)>),
    /// Pairs in order: a map in RESP3, arrays of two in RESP2.
    PairsOrMap(Vec<(Reply, Reply)>),
    /// Several replies without order.
    Set(Vec<Reply>),
    /// Out of band.
    Push(Vec<Reply>),
    /// Several replies to one command, one behind the other (SUBSCRIBE).
    Several(Vec<Reply>),
    /// Text for people.
    Verbatim(String),
    /// Bytes of a format of three letters.
    VerbatimAs([u8; 3], Vec<u8>),
    /// `-CODE text`.
    Error(BadArgs),
    /// No reply at all (CLIENT REPLY OFF).
    Silence,
}

impl Reply {
    /// A bulk string of some text.
    pub fn bulk(text: impl AsRef<[u8]>) -> Self {
        Reply::Bulk(text.as_ref().to_vec())
    }
}

impl From<BadArgs> for Reply {
    fn from(bad: BadArgs) -> Self {
        Reply::Error(bad)
    }
}

/// The reply that says just what the outcome says. Most commands need no other.
pub fn plain(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Ok => Reply::Ok,
        Outcome::Nil => Reply::Nil,
        Outcome::Int(number) => Reply::Int(number),
        Outcome::Float(number) => Reply::Double(number),
        Outcome::Bytes(bytes) => Reply::Bulk(bytes),
        Outcome::Word(word) => Reply::Simple(word),
        Outcome::List(list) => {
            Reply::Array(list.into_iter().map(|item| plain(spec, item)).collect())
        }
        Outcome::Waits => Reply::Silence,
        Outcome::Fault(fault) => Reply::Error(error::of_fault(fault, spec.name)),
        Outcome::Refused { fault, text } => {
            Reply::Error(error::of_refusal(fault, &text, spec.name))
        }
        // Resolved where the operation was carried out.
        Outcome::Body(body) => body.here.map_or(Reply::Nil, |bytes| Reply::Bulk(bytes.to_vec())),
    }
}

/// The reply that shows a list of alternating names and values as a map.
pub fn map(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(list) = outcome else { return plain(spec, outcome) };
    let mut parts = list.into_iter().map(|part| plain(spec, part));
    let pair = || Some((parts.next()?, parts.next()?));
    Reply::Map(std::iter::from_fn(pair).collect())
}

/// The reply that shows a list of pairs as such; any other outcome as it is.
pub fn pairs(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(list) = outcome else { return plain(spec, outcome) };
    if !matches!(list.first(), Some(Outcome::List(_))) {
        return plain(spec, Outcome::List(list));
    }
    let pair = |item| match plain(spec, item) {
        Reply::Array(parts) => <[Reply; 2]>::try_from(parts).ok().map(Into::into),
        _ => None,
    };
    Reply::Pairs(list.into_iter().filter_map(pair).collect())
}

/// The reply that shows a list as a set.
pub fn set(spec: &Spec, outcome: Outcome) -> Reply {
    match plain(spec, outcome) {
        Reply::Array(items) => Reply::Set(items),
        other => other,
    }
}

/// The reply in which nothing stands where an array is due.
pub fn or_nil_array(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Nil => Reply::NilArray,
        other => plain(spec, other),
    }
}

/// The reply of commands that tell by a number whether they did what was asked:
/// 1 for done, 0 for not done.
pub fn done(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Ok => Reply::Int(1),
        Outcome::Nil => Reply::Int(0),
        other => plain(spec, other),
    }
}
