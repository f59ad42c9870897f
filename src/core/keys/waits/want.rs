//! What is wanted of a key.

use crate::keys::streams::{After, Reader};
use crate::keys::{Op, lists, zsets};
use crate::wire::Wire;
use crate::{Db, Outcome, wire_enum};

wire_enum! {
    /// What somebody who waits for keys wants of the first that has a value of its kind.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Want<'a> {
        /// BLPOP, BRPOP: an element. List[Bytes key, Bytes element].
        1 => Element {
            /// Whether from the front.
            front: bool,
        },
        /// BLMPOP: elements. List[Bytes key, List[Bytes...]].
        2 => Elements {
            /// Whether from the front.
            front: bool,
            /// At most so many.
            count: u64,
        },
        /// BLMOVE, BRPOPLPUSH: an element goes to another list, or to another end. Bytes.
        3 => Moved {
            /// Where to.
            to: &'a [u8],
            /// Whether from the front.
            from_front: bool,
            /// Whether to the front.
            to_front: bool,
        },
        /// BZPOPMIN, BZPOPMAX: a member. List[Bytes key, Bytes member, Float score].
        4 => Member {
            /// Whether that with the greatest score.
            max: bool,
        },
        /// BZMPOP: members. List[Bytes key, List[List[Bytes member, Float score]...]].
        5 => Members {
            /// Whether those with the greatest scores.
            max: bool,
            /// At most so many.
            count: u64,
        },
        /// CACHE FILL: the value, or the right to make it. Bytes value, or List[Bytes key,
        /// Int token]; for who does not wait Int, how many milliseconds somebody else has it.
        140 => Fill {
            /// For how long.
            ttl_ms: u64,
        },
        /// XREAD: entries behind others. List[Bytes key, List[entry...], ...].
        6 => Entries {
            /// Behind which, for each key.
            after: Vec<After>,
            /// At most so many of each stream; 0: all.
            count: u64,
        },
        /// XREADGROUP: entries that a group was not given. The same.
        7 => GroupEntries {
            /// The group.
            group: &'a [u8],
            /// Who reads.
            consumer: &'a [u8],
            /// Behind which, for each key.
            after: Vec<After>,
            /// At most so many of each stream; 0: all.
            count: u64,
            /// What is given counts as acknowledged.
            no_ack: bool,
        },
    }
}

/// The type of value that somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A list.
    List,
    /// A sorted set.
    Sorted,
    /// Any, or that nobody fills it.
    Filled,
    /// A stream.
    Stream,
}

/// What was written by [`Want::put`].
pub(super) fn read(bytes: &[u8]) -> Want<'_> {
    Want::take(&mut &bytes[..]).expect("encoded by us, or looked through when it was restored")
}

impl<'a> Want<'a> {
    /// The type of value.
    pub fn kind(&self) -> Kind {
        match self {
            Want::Element { .. } | Want::Elements { .. } | Want::Moved { .. } => Kind::List,
            Want::Member { .. } | Want::Members { .. } => Kind::Sorted,
            Want::Fill { .. } => Kind::Filled,
            Want::Entries { .. } | Want::GroupEntries { .. } => Kind::Stream,
        }
    }

    /// The group that reads, with how it does that.
    pub(in crate::keys) fn reader(&self) -> Option<Reader<'a>> {
        match *self {
            Want::GroupEntries { group, consumer, count, no_ack, .. } => {
                Some(Reader { group, consumer, count, bytes_max: usize::MAX, no_ack })
            }
            _ => None,
        }
    }

    /// Whether serving it leaves the values of keys as they are: a token is none.
    pub fn leaves_values(&self) -> bool {
        matches!(self, Want::Entries { .. } | Want::Fill { .. })
    }

    /// The key that it writes besides those it pops from.
    pub fn to(&self) -> Option<&'a [u8]> {
        match self {
            Want::Moved { to, .. } => Some(to),
            _ => None,
        }
    }

    /// What is answered when the wait ends without anything. Redis has a null array for all
    /// who waited, also where nothing is a null when it does not wait: that is `Ok`.
    pub fn in_vain(&self) -> Outcome {
        if matches!(self, Want::Moved { .. }) { Outcome::Ok } else { Outcome::Nil }
    }

    /// Whether an answer has to be confirmed by the node of whoever is served.
    pub fn is_served(&self, outcome: &Outcome) -> bool {
        match self {
            // A value stays where it is.
            Want::Fill { .. } => matches!(outcome, Outcome::List(_)),
            _ => matches!(outcome, Outcome::List(_) | Outcome::Bytes(_)),
        }
    }

    /// The operation that puts back what was popped, to the end it was taken from, or gives
    /// back a token; none if nothing was, or it is safe elsewhere.
    pub fn back<'o>(&self, db: Db, outcome: &'o Outcome) -> Option<Op<'o>> {
        let Outcome::List(parts) = outcome else { return None };
        let Outcome::Bytes(key) = parts.first()? else { return None };
        match (self, &parts[1..]) {
            (Want::Element { front }, [Outcome::Bytes(element)]) => {
                Some(pushed(db, key, vec![element], *front))
            }
            (Want::Elements { front, .. }, [Outcome::List(elements)]) => {
                // The last one popped goes back first.
                let values = elements.iter().rev().filter_map(text).collect();
                Some(pushed(db, key, values, *front))
            }
            (Want::Member { .. }, [member, score]) => {
                Some(added(db, key, pair(member, score).into_iter().collect()))
            }
            (Want::Members { .. }, [Outcome::List(members)]) => {
                let pairs = members.iter().filter_map(|member| match member {
                    Outcome::List(parts) => match &parts[..] {
                        [member, score] => pair(member, score),
                        _ => None,
                    },
                    _ => None,
                });
                Some(added(db, key, pairs.collect()))
            }
            (Want::Fill { .. }, [Outcome::Int(token)]) => {
                Some(Op::FillAbort { db, key, token: token.unsigned_abs() })
            }
            _ => None,
        }
    }
}

fn pushed<'a>(db: Db, key: &'a [u8], values: Vec<&'a [u8]>, front: bool) -> Op<'a> {
    Op::List { db, key, op: lists::Op::Push { values, front, only_there: false } }
}

/// One that is there again by now stays as it is.
fn added<'a>(db: Db, key: &'a [u8], pairs: Vec<(f64, &'a [u8])>) -> Op<'a> {
    let (absent, present, greater, less) = (true, false, false, false);
    let add = zsets::Op::Add { pairs, absent, present, greater, less, changed: false, incr: false };
    Op::Scored { db, key, op: add }
}

fn text(outcome: &Outcome) -> Option<&[u8]> {
    match outcome {
        Outcome::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

fn pair<'a>(member: &'a Outcome, score: &Outcome) -> Option<(f64, &'a [u8])> {
    match score {
        Outcome::Float(score) => Some((*score, text(member)?)),
        _ => None,
    }
}
