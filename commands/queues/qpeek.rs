//! QPEEK: looks at messages without taking them.

use lockstep_core::queues::{COUNT_MAX, Op, WHOLE, Which};

use super::shown::messages;
use super::words::{id, name, state};
use crate::locks::words::{flag, once};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QPEEK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: messages, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qpeek",
    usage: "QPEEK queue count [STATE <READY | DELAYED | INFLIGHT | DEAD>] [FROM id] [WITHMETA]",
    summary: "Shows the id and the body of the next messages that are ready, or of those in another \
              state, the newest first when the count is negative, from an id on if one is given, \
              and delivers nothing. WITHMETA tells what is known about each.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M how many are shown",
    arity: -3,
    flags: &["readonly"],
    acl: &["@queue", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let count = args.integer_in(-(COUNT_MAX as i64), COUNT_MAX as i64)?;
    let (mut which, mut start, mut meta) = (None, None, false);
    while !args.is_empty() {
        if args.token("state") {
            once(&mut which, state(&mut args).ok_or(error::SYNTAX)?)?;
        } else if args.token("from") {
            once(&mut start, id(args.word()?)?)?;
        } else if !flag(&mut meta, "withmeta", &mut args)? {
            return Err(error::SYNTAX);
        }
    }
    let (part, from) = (start.map_or(WHOLE, |(part, _)| part), start.map(|(_, seq)| seq));
    let (which, newest) = (which.unwrap_or(Which::Ready {}), count < 0);
    Ok(Op::Peek { queue, part, which, count: count.unsigned_abs(), newest, from, meta }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{queue_op, refusal};

    fn peek(count: u64, newest: bool) -> Op<'static> {
        let (queue, which) = (b"q", Which::Ready {});
        Op::Peek { queue, part: WHOLE, which, count, newest, from: None, meta: false }
    }

    #[test]
    fn a_negative_count_shows_the_newest() {
        assert_eq!(queue_op("qpeek q 5"), peek(5, false));
        assert_eq!(queue_op("qpeek q -5"), peek(5, true));
        assert_eq!(queue_op("qpeek q 0"), peek(0, false));
        let text = "ERR value is out of range, value must between -10000 and 10000";
        assert_eq!(refusal("qpeek q -10001"), text);
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        let all = Op::Peek {
            queue: b"q",
            part: 3,
            which: Which::Dead {},
            count: 5,
            newest: false,
            from: Some(9),
            meta: true,
        };
        assert_eq!(queue_op("qpeek q 5 state dead from 3-9 withmeta"), all);
        assert_eq!(queue_op("QPEEK q 5 WithMeta FROM 3-9 STATE Dead"), all);
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in [
            "qpeek q 5 foo",
            "qpeek q 5 state",
            "qpeek q 5 state all",
            "qpeek q 5 state dead state dead",
            "qpeek q 5 from 0-1 from 0-1",
            "qpeek q 5 withmeta withmeta",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let text = "QBADID not an id, it must be of the form partition-number";
        assert_eq!(refusal("qpeek q 5 from 9"), text);
    }
}
