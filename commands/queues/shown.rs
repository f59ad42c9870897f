//! How messages and what is known about them are shown.

use lockstep_core::Outcome;
use lockstep_core::queues::META_NAMES;

use crate::locks::words::value_of;
use crate::reply::plain;
use crate::{Reply, Spec};

/// Where the headers stand among [`META_NAMES`].
const HEADERS: &str = "hdr";

/// A delivery, a list of them, or nothing.
pub(super) fn deliveries(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Nil => Reply::NilArray,
        Outcome::List(parts) if is_message(&parts) => message(spec, parts),
        other => messages(spec, other),
    }
}

/// A list of messages.
pub(super) fn messages(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(list) = outcome else { return plain(spec, outcome) };
    let shown = |item| match item {
        Outcome::List(parts) => message(spec, parts),
        other => plain(spec, other),
    };
    Reply::Array(list.into_iter().map(shown).collect())
}

/// The name of a queue and messages from it, or nothing.
pub(super) fn named_deliveries(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Nil => Reply::NilArray,
        Outcome::List(mut parts) if parts.len() == 2 => {
            let list = parts.pop().unwrap_or(Outcome::Nil);
            let queue = parts.pop().unwrap_or(Outcome::Nil);
            Reply::Array(vec![plain(spec, queue), messages(spec, list)])
        }
        other => plain(spec, other),
    }
}

/// Whether these are the parts of one message: a list of messages begins with a list.
fn is_message(parts: &[Outcome]) -> bool {
    matches!(parts.first(), Some(Outcome::Bytes(_)))
}

/// The id or receipt, the body, and what is known if that was asked for.
fn message(spec: &Spec, parts: Vec<Outcome>) -> Reply {
    let shown = |part| match part {
        Outcome::List(values) => meta(spec, values, None),
        other => plain(spec, other),
    };
    Reply::Array(parts.into_iter().map(shown).collect())
}

/// What is known about a message, and its state if that is known.
pub(super) fn meta(spec: &Spec, values: Vec<Outcome>, state: Option<Outcome>) -> Reply {
    let known = META_NAMES.iter().copied().zip(values);
    let shown = |(name, value)| match value {
        Outcome::List(flat) if name == HEADERS => (Reply::bulk(name), headers(spec, flat)),
        value => (Reply::bulk(name), value_of(spec, value)),
    };
    let state = state.into_iter().map(|state| (Reply::bulk("state"), value_of(spec, state)));
    Reply::Map(known.map(shown).chain(state).collect())
}

/// Names and values that stand one behind the other.
fn headers(spec: &Spec, flat: Vec<Outcome>) -> Reply {
    let mut flat = flat.into_iter().map(|item| plain(spec, item));
    let pairs = std::iter::from_fn(|| Some((flat.next()?, flat.next()?)));
    Reply::Map(pairs.collect())
}

/// The number of a walk's next step, as text, and what was found.
pub(super) fn walk(
    spec: &Spec,
    outcome: Outcome,
    found: impl FnOnce(&Spec, Outcome) -> Reply,
) -> Reply {
    match outcome {
        Outcome::List(mut parts) if parts.len() == 2 => {
            let list = parts.pop().unwrap_or(Outcome::Nil);
            let next = match parts.pop() {
                Some(Outcome::Int(next)) => Reply::bulk(next.to_string()),
                other => plain(spec, other.unwrap_or(Outcome::Nil)),
            };
            Reply::Array(vec![next, found(spec, list)])
        }
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    fn spec() -> &'static Spec {
        table::by_name(b"qpop").map(|command| command.spec).expect("it is in the table")
    }

    fn bytes(text: &str) -> Outcome {
        Outcome::Bytes(text.as_bytes().to_vec())
    }

    fn delivery(receipt: &str) -> Outcome {
        Outcome::List(vec![bytes(receipt), bytes("b")])
    }

    fn shown(receipt: &str) -> Reply {
        Reply::Array(vec![Reply::bulk(receipt), Reply::bulk("b")])
    }

    #[test]
    fn one_delivery_and_a_list_of_them_are_told_apart() {
        assert_eq!(deliveries(spec(), delivery("0-1-1")), shown("0-1-1"));
        let two = Outcome::List(vec![delivery("0-1-1"), delivery("0-2-1")]);
        let list = Reply::Array(vec![shown("0-1-1"), shown("0-2-1")]);
        assert_eq!(deliveries(spec(), two), list);
        assert_eq!(deliveries(spec(), Outcome::Nil), Reply::NilArray);
    }

    #[test]
    fn deliveries_may_carry_the_name_of_their_queue() {
        let outcome = Outcome::List(vec![bytes("q"), Outcome::List(vec![delivery("0-1-1")])]);
        let list = Reply::Array(vec![shown("0-1-1")]);
        let reply = Reply::Array(vec![Reply::bulk("q"), list]);
        assert_eq!(named_deliveries(spec(), outcome), reply);
        assert_eq!(named_deliveries(spec(), Outcome::Nil), Reply::NilArray);
    }

    #[test]
    fn what_is_known_is_a_map_and_headers_are_one_in_it() {
        let mut values: Vec<_> = META_NAMES.iter().map(|_| Outcome::Nil).collect();
        let at = META_NAMES.iter().position(|name| *name == HEADERS).expect("there are headers");
        values[at] = Outcome::List(vec![bytes("k"), bytes("v")]);
        let outcome = Outcome::List(vec![bytes("0-1-1"), bytes("b"), Outcome::List(values)]);
        let Reply::Array(parts) = deliveries(spec(), outcome) else { panic!("no array") };
        let Reply::Map(pairs) = &parts[2] else { panic!("no map") };
        assert_eq!(pairs.len(), META_NAMES.len());
        let headers = Reply::Map(vec![(Reply::bulk("k"), Reply::bulk("v"))]);
        assert_eq!(pairs[at], (Reply::bulk("hdr"), headers));
    }

    #[test]
    fn a_walk_goes_on_with_a_number_as_text() {
        let outcome = Outcome::List(vec![Outcome::Int(7), Outcome::List(vec![])]);
        let reply = Reply::Array(vec![Reply::bulk("7"), Reply::Array(vec![])]);
        assert_eq!(walk(spec(), outcome, plain), reply);
    }
}
