//! QEXTEND: more time for messages in flight.

use lockstep_core::queues::Op;

use super::words::{name, receipt, visibility_of};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QEXTEND.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qextend",
    usage: "QEXTEND queue receipt [receipt ...] ms",
    summary: "Sets the visibility timeout of deliveries, counted from now, 0 for that of the queue, \
              at most 12 hours from the delivery on. Gives the new deadlines in milliseconds since \
              the Unix epoch, 0 where the timeout is over.",
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

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let Some((last, receipts)) = args.all().split_last() else { return Err(error::SYNTAX) };
    let receipts = receipts.iter().map(|word| receipt(word)).collect::<Result<_, _>>()?;
    let lease_ms = visibility_of("qextend", 0, last)?;
    Ok(Op::Extend { queue, part: 0, receipts, lease_ms }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::Receipt;

    use super::*;
    use crate::testing::{queue_op, refusal};

    #[test]
    fn the_last_word_is_the_time() {
        let receipt = |seq| Receipt::Of { part: 0, seq, attempt: 1 };
        let receipts = vec![receipt(1), receipt(2)];
        let op = Op::Extend { queue: b"q", part: 0, receipts, lease_ms: 500 };
        assert_eq!(queue_op("qextend q 0-1-1 0-2-1 500"), op);
        assert_eq!(refusal("qextend q 0-1-1 0-2-1"), "ERR value is not an integer or out of range");
        assert!(refusal("qextend q 0-1-1 -1").starts_with("ERR invalid visibility timeout"));
    }
}
