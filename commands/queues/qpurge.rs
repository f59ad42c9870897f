//! QPURGE and QDESTROY: a queue is emptied, or ends.

use lockstep_core::queues::Op;

use super::words::name;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// QPURGE.
pub const QPURGE: Command =
    Command { spec: &PURGE, parse: parse_purge, reply: plain, subcommands: &[] };

/// QDESTROY.
pub const QDESTROY: Command =
    Command { spec: &DESTROY, parse: parse_destroy, reply: plain, subcommands: &[] };

static PURGE: Spec = Spec {
    name: "qpurge",
    usage: "QPURGE queue",
    summary: "Takes all messages out of a queue, those in flight and the dead as well, and tells \
              how many there were.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(N) where N is the number of messages",
    arity: 2,
    flags: &["write"],
    acl: &["@queue", "@write", "@slow", "@dangerous"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

static DESTROY: Spec = Spec {
    name: "qdestroy",
    usage: "QDESTROY queue",
    summary: "Ends a queue with all its messages. 1, or 0 when there is none. Consumers that wait \
              go on waiting.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(N) where N is the number of messages",
    arity: 2,
    flags: &["write"],
    acl: &["@queue", "@write", "@slow", "@dangerous"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse_purge<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::purge(name(&mut args)?).into())
}

fn parse_destroy<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Destroy { queue: name(&mut args)?, part: 0, if_empty: false }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::queue_op;

    #[test]
    fn each_asks_for_its_own() {
        assert_eq!(queue_op("qpurge q"), Op::purge(b"q"));
        assert_eq!(queue_op("qdestroy q"), Op::Destroy { queue: b"q", part: 0, if_empty: false });
    }
}
