//! QINFO: all numbers of a queue, how it is set, and what is done with its dead.

use lockstep_core::Outcome;
use lockstep_core::queues::{INFO_NAMES, Op, WHOLE};

use super::words::name;
use super::{qredrive, settings};
use crate::locks::words::{each_named, named};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec};

/// QINFO.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qinfo",
    usage: "QINFO queue [FULL]",
    summary: "Tells how many messages of a queue are in which state, how many consumers wait, what \
              happened since the queue began, how old the oldest messages are (-1: there is \
              none), how it is set, and which QREDRIVE is going on. FULL tells of its partitions \
              as well, if there are several.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(P) where P is the number of partitions",
    arity: -2,
    flags: &["readonly"],
    acl: &["@queue", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

/// What is told of a partition.
const PARTITION: [&str; 4] = ["id", "shard", "leader", "ready"];

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    args.token("full");
    args.end()?;
    Ok(Op::Info { queue, part: WHOLE }.into())
}

/// The numbers by their names, and behind them what is no number.
fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(parts) = outcome else { return plain(spec, outcome) };
    let mut parts = parts.into_iter();
    let mut pairs = match named(spec, &INFO_NAMES, parts.next().unwrap_or(Outcome::Nil)) {
        Reply::Map(pairs) => pairs,
        other => return other,
    };
    if let Some(Outcome::List(set)) = parts.next() {
        pairs.push((Reply::bulk("config"), settings::shown(spec, set)));
    }
    if let Some(redrive) = parts.next() {
        pairs.push((Reply::bulk("redrive"), qredrive::status(spec, redrive)));
    }
    if let Some(list @ Outcome::List(_)) = parts.find(|part| matches!(part, Outcome::List(_))) {
        pairs.push((Reply::bulk("partitions"), each_named(spec, &PARTITION, list)));
    }
    Reply::Map(pairs)
}

#[cfg(test)]
mod tests {
    use lockstep_core::Fault;

    use super::*;
    use crate::error;
    use crate::testing::{queue_op, refusal, reply_to};

    fn numbers() -> Outcome {
        Outcome::List((0..INFO_NAMES.len() as i64).map(Outcome::Int).collect())
    }

    #[test]
    fn numbers_are_shown_with_their_names() {
        let info = Op::Info { queue: b"q", part: WHOLE };
        assert_eq!(queue_op("qinfo q"), info);
        assert_eq!(queue_op("qinfo q FULL"), info);
        assert_eq!(refusal("qinfo q full foo"), "ERR syntax error");
        let outcome = Outcome::List(vec![numbers(), Outcome::List(vec![]), Outcome::Nil]);
        let Reply::Map(pairs) = reply_to("qinfo q", outcome) else { panic!("no map") };
        assert_eq!(pairs.len(), INFO_NAMES.len() + 2);
        assert_eq!(pairs[1], (Reply::bulk("delayed"), Reply::Int(1)));
        assert_eq!(pairs[pairs.len() - 1], (Reply::bulk("redrive"), Reply::Nil));
    }

    #[test]
    fn settings_and_partitions_stand_behind_the_numbers() {
        let setting = Outcome::List(vec![Outcome::Word("vt"), Outcome::Int(30_000)]);
        let words = [Outcome::Bytes(b"10.0.0.1:6379".to_vec()), Outcome::Int(7)];
        let partition: Vec<_> =
            [Outcome::Int(1), Outcome::Int(4)].into_iter().chain(words).collect();
        let outcome = Outcome::List(vec![
            numbers(),
            Outcome::List(vec![setting]),
            Outcome::Nil,
            Outcome::Bytes(b"q".to_vec()),
            Outcome::List(vec![Outcome::List(partition)]),
        ]);
        let Reply::Map(pairs) = reply_to("qinfo q", outcome) else { panic!("no map") };
        let config = Reply::Map(vec![(Reply::bulk("vt"), Reply::Int(30_000))]);
        assert_eq!(pairs[INFO_NAMES.len()], (Reply::bulk("config"), config));
        let Reply::Array(list) = &pairs[INFO_NAMES.len() + 2].1 else { panic!("no list") };
        let Reply::Map(first) = &list[0] else { panic!("no map") };
        assert_eq!(first[2], (Reply::bulk("leader"), Reply::bulk("10.0.0.1:6379")));
    }

    #[test]
    fn a_queue_that_is_not_there_is_an_error() {
        let reply = reply_to("qinfo q", Fault::NoSuchQueue.into());
        assert_eq!(reply, Reply::Error(error::NO_SUCH_QUEUE));
    }
}
