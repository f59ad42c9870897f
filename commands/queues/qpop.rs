//! QPOP: the next messages of a queue.

use lockstep_core::queues::{COUNT_MAX, Op};
use lockstep_core::{Outcome, Wait};

use super::words::{name, visibility};
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec, error, waiting,
};

/// QPOP.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qpop",
    usage: "QPOP queue [COUNT count] [BLOCK milliseconds] [VT ms] [NOACK]",
    summary: "Delivers the first message that is ready, or up to COUNT of them, each with the \
              receipt to ack it by. What is not acked within the visibility timeout VT \
              (30 seconds unless given) is delivered again. NOACK settles the messages right away. \
              BLOCK waits for a message for at most so long, 0 without end.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M how many are delivered",
    arity: -2,
    flags: &["write", "blocking"],
    acl: &["@queue", "@write", "@blocking"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let (mut count, mut block_ms, mut lease_ms, mut settle) = (None, None, None, false);
    while !args.is_empty() {
        if count.is_none() && args.token("count") {
            count = Some(args.integer_in(1, COUNT_MAX as i64)? as u64);
        } else if block_ms.is_none() && args.token("block") {
            block_ms = Some(waiting::milliseconds(&mut args)?);
        } else if lease_ms.is_none() && args.token("vt") {
            lease_ms = Some(visibility("qpop", 1, &mut args)?);
        } else if !settle && args.token("noack") {
            settle = true;
        } else {
            return Err(error::SYNTAX);
        }
    }
    let (origin, request) = (ctx.origin, ctx.request);
    let wait = block_ms.map(|block_ms| Wait::For { origin, request, block_ms });
    Ok(Op::Pop { queue, count, lease_ms, settle, wait }.into())
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Nil => Reply::NilArray,
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Fault;

    use super::*;
    use crate::testing::{context, queue_op, refusal, reply_to};

    #[test]
    fn options_come_in_any_order_and_case() {
        let queue = b"q";
        let bare = Op::Pop { queue, count: None, lease_ms: None, settle: false, wait: None };
        assert_eq!(queue_op("qpop q"), bare);
        let (origin, request) = (context().origin, context().request);
        let wait = Some(Wait::For { origin, request, block_ms: 0 });
        let all = Op::Pop { queue, count: Some(3), lease_ms: Some(5), settle: true, wait };
        assert_eq!(queue_op("qpop q count 3 block 0 vt 5 noack"), all);
        assert_eq!(queue_op("QPOP q NoAck VT 5 Block 0 COUNT 3"), all);
    }

    #[test]
    fn words_that_repeat_each_other_are_a_syntax_error() {
        for line in [
            "qpop q foo",
            "qpop q count",
            "qpop q count 1 count 1",
            "qpop q noack noack",
            "qpop q vt 1 vt 1",
            "qpop q block 1 block 1",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        let count = "ERR value is out of range, value must between 1 and 10000";
        assert_eq!(refusal("qpop q count 0"), count);
        assert_eq!(refusal("qpop q count 10001"), count);
        let visibility = "ERR invalid visibility timeout in 'qpop' command, \
                          it must be between 1 and 43200000 milliseconds";
        assert_eq!(refusal("qpop q vt 0"), visibility);
        assert_eq!(refusal("qpop q vt 43200001"), visibility);
        assert_eq!(refusal("qpop q block -1"), "ERR timeout is negative");
    }

    #[test]
    fn nothing_is_a_null_array() {
        assert_eq!(reply_to("qpop q", Outcome::Nil), Reply::NilArray);
        let pair = vec![Outcome::Bytes(b"0-1-1".to_vec()), Outcome::Bytes(b"b".to_vec())];
        let shown = Reply::Array(vec![Reply::bulk("0-1-1"), Reply::bulk("b")]);
        assert_eq!(reply_to("qpop q", Outcome::List(pair)), shown);
    }

    #[test]
    fn a_full_line_is_an_error() {
        let full = reply_to("qpop q", Fault::Limit.into());
        assert_eq!(full, Reply::Error(error::CONSUMERS_FULL));
    }
}
