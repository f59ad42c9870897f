//! QLEN: how many messages a queue has.

use lockstep_core::queues::{Op, Which};

use super::words::name;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// QLEN.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qlen",
    usage: "QLEN queue [READY | DELAYED | INFLIGHT | DEAD | ALL]",
    summary: "Counts the messages of a queue that are ready, or those in another state, or all. \
              A queue that is not there has none.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(1)",
    arity: -2,
    flags: &["readonly", "fast"],
    acl: &["@queue", "@read", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let states = [
        ("ready", Some(Which::Ready {})),
        ("delayed", Some(Which::Delayed {})),
        ("inflight", Some(Which::Inflight {})),
        ("dead", Some(Which::Dead {})),
        ("all", None),
    ];
    let which = states.into_iter().find_map(|(word, which)| args.token(word).then_some(which));
    args.end()?;
    Ok(Op::Len { queue, part: 0, which: which.unwrap_or(Some(Which::Ready {})) }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{queue_op, refusal};

    #[test]
    fn what_is_ready_is_counted_unless_said_otherwise() {
        let len = |which| Op::Len { queue: b"q", part: 0, which };
        assert_eq!(queue_op("qlen q"), len(Some(Which::Ready {})));
        assert_eq!(queue_op("qlen q READY"), len(Some(Which::Ready {})));
        assert_eq!(queue_op("qlen q Delayed"), len(Some(Which::Delayed {})));
        assert_eq!(queue_op("qlen q inflight"), len(Some(Which::Inflight {})));
        assert_eq!(queue_op("qlen q dead"), len(Some(Which::Dead {})));
        assert_eq!(queue_op("qlen q all"), len(None));
        assert_eq!(refusal("qlen q foo"), "ERR syntax error");
        assert_eq!(refusal("qlen q dead all"), "ERR syntax error");
    }
}
