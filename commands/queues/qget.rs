//! QGET: one message, wherever it stands.

use lockstep_core::Outcome;
use lockstep_core::queues::Op;

use super::shown::meta;
use super::words::{id, name};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec};

/// QGET.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qget",
    usage: "QGET queue id",
    summary: "Shows the body of a message and what is known about it, its state as well; nil when \
              there is no such message (any more).",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(log(N)) where N is the number of messages",
    arity: 3,
    flags: &["readonly", "fast"],
    acl: &["@queue", "@read", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let (part, seq) = id(args.word()?)?;
    Ok(Op::Get { queue, part, seq }.into())
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(parts) = outcome else {
        return match outcome {
            Outcome::Nil => Reply::NilArray,
            other => plain(spec, other),
        };
    };
    let mut parts = parts.into_iter();
    let body = plain(spec, parts.next().unwrap_or(Outcome::Nil));
    let values = match parts.next() {
        Some(Outcome::List(values)) => values,
        _ => Vec::new(),
    };
    Reply::Array(vec![body, meta(spec, values, parts.next())])
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::META_NAMES;

    use super::*;
    use crate::testing::{queue_op, refusal, reply_to};

    #[test]
    fn a_message_is_known_by_its_id() {
        assert_eq!(queue_op("qget q 3-9"), Op::Get { queue: b"q", part: 3, seq: 9 });
        let text = "QBADID not an id, it must be of the form partition-number";
        assert_eq!(refusal("qget q 3-9-1"), text);
    }

    #[test]
    fn its_state_is_told_with_what_is_known() {
        let values = META_NAMES.iter().map(|_| Outcome::Int(1)).collect();
        let body = Outcome::Bytes(b"b".to_vec());
        let outcome = Outcome::List(vec![body, Outcome::List(values), Outcome::Word("dead")]);
        let Reply::Array(parts) = reply_to("qget q 0-1", outcome) else { panic!("no array") };
        assert_eq!(parts[0], Reply::bulk("b"));
        let Reply::Map(pairs) = &parts[1] else { panic!("no map") };
        assert_eq!(pairs[0], (Reply::bulk("id"), Reply::Int(1)));
        assert_eq!(pairs.last(), Some(&(Reply::bulk("state"), Reply::bulk("dead"))));
        assert_eq!(reply_to("qget q 0-1", Outcome::Nil), Reply::NilArray);
    }
}
