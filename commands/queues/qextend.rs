//! QEXTEND, also called QTOUCH: more time for messages in flight.

use lockstep_core::queues::{COUNT_MAX, Op};

use super::qack::in_part;
use super::words::{name, part_of, receipt, visibility_of};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QEXTEND.
pub const QEXTEND: Command =
    Command { spec: &EXTEND, parse: parse_extend, reply: plain, subcommands: &[] };
/// QTOUCH.
pub const QTOUCH: Command =
    Command { spec: &TOUCH, parse: parse_touch, reply: plain, subcommands: &[] };

static EXTEND: Spec = Spec {
    name: "qextend",
    usage: "QEXTEND queue receipt [receipt ...] ms",
    summary: "Sets the visibility timeout of deliveries, counted from now, 0 for that of the \
              queue, at most until MAXVT after the delivery. Gives the new deadlines in \
              milliseconds since the Unix epoch, 0 where the timeout is over; of a single receipt \
              that is QSTALE.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M that of receipts",
    arity: -4,
    flags: &["write", "fast"],
    acl: &["@queue", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

static TOUCH: Spec = Spec {
    name: "qtouch",
    usage: "QTOUCH queue receipt [receipt ...] ms",
    summary: "Another name of QEXTEND.",
    ..EXTEND
};

fn parse_extend<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse("qextend", args)
}

fn parse_touch<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse("qtouch", args)
}

fn parse<'a>(called: &str, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let Some((last, receipts)) = args.all().split_last() else { return Err(error::SYNTAX) };
    if receipts.len() as u64 > COUNT_MAX {
        return Err(error::TOO_MANY_MESSAGES);
    }
    let receipts: Vec<_> =
        receipts.iter().map(|word| receipt(word)).collect::<Result<_, BadArgs>>()?;
    let lease_ms = visibility_of(called, 0, last)?;
    let part = part_of(&receipts);
    Ok(in_part(part, |part| Op::Extend { queue, part, receipts, lease_ms }))
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::{Receipt, WHOLE};
    use lockstep_core::{Fault, Outcome};

    use super::*;
    use crate::here::QueueCall;
    use crate::testing::{queue_op, refusal, reply_to, request};
    use crate::{Here, Reply};

    fn extend(part: u32, lease_ms: u64) -> Op<'static> {
        let receipt = |seq| Receipt::Of { part, seq, attempt: 1 };
        Op::Extend { queue: b"q", part, receipts: vec![receipt(1), receipt(2)], lease_ms }
    }

    #[test]
    fn the_last_word_is_the_time() {
        assert_eq!(queue_op("qextend q 0-1-1 0-2-1 500"), extend(0, 500));
        assert_eq!(queue_op("QTOUCH q 4-1-1 4-2-1 0"), extend(4, 0));
        assert_eq!(refusal("qextend q 0-1-1 0-2-1"), "ERR value is not an integer or out of range");
        assert!(refusal("qextend q 0-1-1 -1").starts_with("ERR invalid visibility timeout"));
        let text = "ERR invalid visibility timeout in 'qtouch' command, \
                    it must be between 1 and 43200000 milliseconds";
        assert_eq!(refusal("qtouch q 0-1-1 43200001"), text);
        let text = "QBADID not a receipt, it must be of the form partition-number-attempt";
        assert_eq!(refusal("qextend q 0-1 500"), text);
    }

    #[test]
    fn receipts_of_several_partitions_are_for_the_node() {
        let receipt = |part| Receipt::Of { part, seq: 1, attempt: 1 };
        let receipts = vec![receipt(1), receipt(2)];
        let op = Op::Extend { queue: b"q", part: WHOLE, receipts, lease_ms: 7 };
        assert_eq!(
            request("qextend q 1-1-1 2-1-1 7"),
            Here::Queue(QueueCall::Parted { op }).into()
        );
    }

    #[test]
    fn deadlines_are_numbers() {
        let outcome = Outcome::List(vec![Outcome::Int(1_000), Outcome::Int(0)]);
        let reply = Reply::Array(vec![Reply::Int(1_000), Reply::Int(0)]);
        assert_eq!(reply_to("qextend q 0-1-1 0-2-1 5", outcome), reply);
        let stale = reply_to("qtouch q 0-1-1 5", Fault::StaleReceipt.into());
        assert_eq!(stale, Reply::Error(error::STALE_RECEIPT));
    }
}
