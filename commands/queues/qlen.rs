//! QLEN: how many messages a queue has.

use lockstep_core::queues::{Op, WHOLE, Which};

use super::words::{name, state};
use crate::locks::words::{flag, once};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QLEN.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qlen",
    usage: "QLEN queue [READY | DELAYED | INFLIGHT | DEAD | ALL] [APPROX]",
    summary: "Counts the messages of a queue that are ready, or those in another state, or all. \
              A queue that is not there has none. With APPROX the count may be a little old where \
              the queue has partitions.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(P) where P is the number of partitions",
    arity: -2,
    flags: &["readonly", "fast"],
    acl: &["@queue", "@read", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let (mut which, mut approximate) = (None, false);
    while !args.is_empty() {
        if args.token("all") {
            once(&mut which, None)?;
        } else if let Some(state) = state(&mut args) {
            once(&mut which, Some(state))?;
        } else if !flag(&mut approximate, "approx", &mut args)? {
            return Err(error::SYNTAX);
        }
    }
    let which = which.unwrap_or(Some(Which::Ready {}));
    Ok(Op::Len { queue, part: WHOLE, which }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{queue_op, refusal};

    #[test]
    fn what_is_ready_is_counted_unless_said_otherwise() {
        let len = |which| Op::Len { queue: b"q", part: WHOLE, which };
        assert_eq!(queue_op("qlen q"), len(Some(Which::Ready {})));
        assert_eq!(queue_op("qlen q READY"), len(Some(Which::Ready {})));
        assert_eq!(queue_op("qlen q Delayed"), len(Some(Which::Delayed {})));
        assert_eq!(queue_op("qlen q inflight"), len(Some(Which::Inflight {})));
        assert_eq!(queue_op("qlen q dead approx"), len(Some(Which::Dead {})));
        assert_eq!(queue_op("qlen q APPROX all"), len(None));
        for line in ["qlen q foo", "qlen q dead all", "qlen q approx approx"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }
}
