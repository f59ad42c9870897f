//! QDEL: single messages are taken away.

use lockstep_core::queues::{COUNT_MAX, Op};

use super::words::{by_part, id, name};
use crate::here::QueueCall;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, KeySpec, Request, Road, Spec, error};

/// QDEL.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qdel",
    usage: "QDEL queue id [id ...] [FORCE]",
    summary: "Takes messages out of a queue and tells how many there were. Those in flight stay, \
              unless FORCE: then nobody knows their receipts any more.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M that of ids",
    arity: -3,
    flags: &["write"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let (mut ids, mut force) = (vec![id(args.word()?)?], false);
    while !args.is_empty() && !force {
        force = args.token("force");
        if !force {
            ids.push(id(args.word()?)?);
        }
    }
    args.end()?;
    if ids.len() as u64 > COUNT_MAX {
        return Err(error::TOO_MANY_MESSAGES);
    }
    Ok(sum(by_part(ids.into_iter()), |part, seqs| Op::Delete { queue, part, seqs, force }))
}

/// One operation for each partition: for its shard, if there is just one.
pub(super) fn sum<'a>(
    parts: Vec<(u32, Vec<u64>)>,
    op: impl Fn(u32, Vec<u64>) -> Op<'a>,
) -> Request<'a> {
    all(parts.into_iter().map(|(part, seqs)| op(part, seqs)).collect())
}

/// Operations whose numbers are added up: the only one for its shard.
pub(super) fn all(mut ops: Vec<Op<'_>>) -> Request<'_> {
    match ops.len() {
        1 => ops.remove(0).into(),
        _ => Here::Queue(QueueCall::Sum { ops }).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{queue_op, refusal, request};

    fn delete(part: u32, seqs: Vec<u64>, force: bool) -> Op<'static> {
        Op::Delete { queue: b"q", part, seqs, force }
    }

    #[test]
    fn ids_of_one_partition_are_for_one_shard() {
        assert_eq!(queue_op("qdel q 0-1"), delete(0, vec![1], false));
        assert_eq!(queue_op("QDEL q 2-1 2-9 FORCE"), delete(2, vec![1, 9], true));
    }

    #[test]
    fn ids_of_several_partitions_are_for_the_node() {
        let ops = vec![delete(0, vec![1, 2], true), delete(3, vec![7], true)];
        let call = Here::Queue(QueueCall::Sum { ops });
        assert_eq!(request("qdel q 0-1 3-7 0-2 force"), call.into());
    }

    #[test]
    fn what_is_no_id_is_refused() {
        let text = "QBADID not an id, it must be of the form partition-number";
        for line in ["qdel q force", "qdel q 0-1 foo", "qdel q 0-1-1"] {
            assert_eq!(refusal(line), text, "{line}");
        }
        assert_eq!(refusal("qdel q 0-1 force 0-2"), "ERR syntax error");
        let many: &'static str = format!("qdel q{}", " 0-1".repeat(10_001)).leak();
        assert_eq!(refusal(many), "QLIMIT at most 10000 messages in one command");
    }
}
