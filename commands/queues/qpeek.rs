//! QPEEK: looks at messages without taking them.

use lockstep_core::queues::{COUNT_MAX, Op, Which};

use super::words::name;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// QPEEK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qpeek",
    usage: "QPEEK queue count",
    summary: "Shows the id and the body of the next messages that are ready, or of the newest ones \
              when the count is negative, and delivers nothing.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M how many are shown",
    arity: 3,
    flags: &["readonly"],
    acl: &["@queue", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let count = args.integer_in(-(COUNT_MAX as i64), COUNT_MAX as i64)?;
    Ok(peek(queue, count.unsigned_abs(), count < 0).into())
}

fn peek(queue: &[u8], count: u64, newest: bool) -> Op<'_> {
    let (part, which, from, meta) = (0, Which::Ready {}, None, false);
    Op::Peek { queue, part, which, count, newest, from, meta }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{queue_op, refusal};

    #[test]
    fn a_negative_count_shows_the_newest() {
        let peek = |count, newest| peek(b"q", count, newest);
        assert_eq!(queue_op("qpeek q 5"), peek(5, false));
        assert_eq!(queue_op("qpeek q -5"), peek(5, true));
        assert_eq!(queue_op("qpeek q 0"), peek(0, false));
        let text = "ERR value is out of range, value must between -10000 and 10000";
        assert_eq!(refusal("qpeek q -10001"), text);
    }
}
