//! QINFO: all numbers of a queue.

use lockstep_core::Outcome;
use lockstep_core::queues::{INFO_NAMES, Op};

use super::words::name;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec};

/// QINFO.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qinfo",
    usage: "QINFO queue",
    summary: "Tells how many messages of a queue are in which state, how many consumers wait, what \
              happened since the queue began, and how old the oldest message is (-1: there is \
              none).",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly"],
    acl: &["@queue", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Info { queue: name(&mut args)?, part: 0 }.into())
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(parts) = outcome else { return plain(spec, outcome) };
    let Some(Outcome::List(numbers)) = parts.into_iter().next() else { return Reply::Nil };
    let pairs = INFO_NAMES.into_iter().zip(numbers);
    Reply::Map(pairs.map(|(name, number)| (Reply::bulk(name), plain(spec, number))).collect())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Fault;

    use super::*;
    use crate::error;
    use crate::testing::{queue_op, reply_to};

    #[test]
    fn numbers_are_shown_with_their_names() {
        assert_eq!(queue_op("qinfo q"), Op::Info { queue: b"q", part: 0 });
        let numbers = (0..INFO_NAMES.len() as i64).map(Outcome::Int).collect();
        let Reply::Map(pairs) = reply_to("qinfo q", Outcome::List(vec![Outcome::List(numbers)]))
        else {
            panic!("no map")
        };
        assert_eq!(pairs.len(), INFO_NAMES.len());
        assert_eq!(pairs[1], (Reply::bulk("delayed"), Reply::Int(1)));
    }

    #[test]
    fn a_queue_that_is_not_there_is_an_error() {
        let reply = reply_to("qinfo q", Fault::NoSuchQueue.into());
        assert_eq!(reply, Reply::Error(error::NO_SUCH_QUEUE));
    }
}
