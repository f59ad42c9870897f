//! QDESTROY: a queue ends.

use lockstep_core::queues::{Op, WHOLE};

use super::words::name;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// QDESTROY.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qdestroy",
    usage: "QDESTROY queue [IFEMPTY]",
    summary: "Ends a queue with all its messages and settings; with IFEMPTY only if it has no \
              messages. 1, or 0 when there is none. Consumers that wait go on waiting.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M) where M is how many messages of the shard are in flight or delayed",
    arity: -2,
    flags: &["write"],
    acl: &["@queue", "@write", "@slow", "@dangerous"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let if_empty = args.token("ifempty");
    args.end()?;
    Ok(Op::Destroy { queue, part: WHOLE, if_empty }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Fault;

    use super::*;
    use crate::testing::{queue_op, refusal, reply_to};
    use crate::{Reply, error};

    #[test]
    fn a_queue_may_be_spared_if_it_has_messages() {
        let destroy = |if_empty| Op::Destroy { queue: b"q", part: WHOLE, if_empty };
        assert_eq!(queue_op("qdestroy q"), destroy(false));
        assert_eq!(queue_op("QDESTROY q IfEmpty"), destroy(true));
        assert_eq!(refusal("qdestroy q foo"), "ERR syntax error");
        let reply = reply_to("qdestroy q ifempty", Fault::QueueNotEmpty.into());
        assert_eq!(reply, Reply::Error(error::QUEUE_NOT_EMPTY));
    }
}
