//! QSTAT: QINFO for clients of Disque.

use lockstep_core::queues::{INFO_NAMES, Op, WHOLE};
use lockstep_core::{Fault, Outcome};

use super::super::words::name;
use super::bytes;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec};

/// QSTAT.
pub(super) const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qstat",
    usage: "QSTAT queue",
    summary: "QINFO in the words of Disque, as far as they mean something here: the queue's name, \
              the jobs that are ready (len), the requests that wait (blocked), and how many jobs \
              came and went (jobs-in, jobs-out); nil when there is no such queue.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(P) where P is the number of partitions",
    arity: 2,
    flags: &["readonly"],
    acl: &["@queue", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

/// What Disque calls a number of QINFO.
const NAMES: [(&str, &str); 4] =
    [("len", "ready"), ("blocked", "waiting"), ("jobs-in", "pushed"), ("jobs-out", "delivered")];

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Info { queue: name(&mut args)?, part: WHOLE }.into())
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    let parts = match outcome {
        Outcome::List(parts) => parts,
        Outcome::Fault(Fault::NoSuchQueue) => return Reply::NilArray,
        other => return plain(spec, other),
    };
    let mut parts = parts.into_iter();
    let numbers = match parts.next() {
        Some(Outcome::List(numbers)) => numbers,
        _ => Vec::new(),
    };
    let queue = parts.find(|part| matches!(part, Outcome::Bytes(_)));
    let queue = bytes(queue).map(|queue| [Reply::bulk("name"), Reply::Bulk(queue)]);
    let pair = |(theirs, ours)| {
        let at = INFO_NAMES.iter().position(|name| *name == ours)?;
        Some([Reply::bulk(theirs), plain(spec, numbers.get(at)?.clone())])
    };
    Reply::Array(queue.into_iter().chain(NAMES.into_iter().filter_map(pair)).flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{queue_op, reply_to};

    #[test]
    fn numbers_have_the_names_of_disque() {
        assert_eq!(queue_op("qstat q"), Op::Info { queue: b"q", part: WHOLE });
        let numbers = (0..INFO_NAMES.len() as i64).map(Outcome::Int).collect();
        let name = Outcome::Bytes(b"q".to_vec());
        let parts = vec![Outcome::List(numbers), Outcome::List(vec![]), Outcome::Nil, name];
        let Reply::Array(flat) = reply_to("qstat q", Outcome::List(parts)) else {
            panic!("no array")
        };
        assert_eq!(flat.len(), 2 + 2 * NAMES.len());
        assert_eq!(
            flat[..4],
            [Reply::bulk("name"), Reply::bulk("q"), Reply::bulk("len"), Reply::Int(0)]
        );
        assert_eq!(reply_to("qstat q", Fault::NoSuchQueue.into()), Reply::NilArray);
    }
}
