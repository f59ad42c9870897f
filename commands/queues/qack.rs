//! QACK: messages are settled.

use lockstep_core::queues::Op;

use super::words::{name, receipt};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// QACK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qack",
    usage: "QACK queue receipt [receipt ...]",
    summary: "Settles messages for good and tells how many of the receipts were valid. An ack \
              that comes after the visibility timeout counts until the message is delivered again.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M that of receipts",
    arity: -3,
    flags: &["write", "fast"],
    acl: &["@queue", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let receipts = args.map(receipt).collect::<Result<_, _>>()?;
    Ok(Op::Ack { queue, receipts }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::Receipt;

    use super::*;
    use crate::testing::{queue_op, refusal};

    #[test]
    fn all_words_behind_the_queue_are_receipts() {
        let receipt = |seq| Receipt::Of { part: 0, seq, attempt: 2 };
        let op = Op::Ack { queue: b"q", receipts: vec![receipt(1), receipt(9)] };
        assert_eq!(queue_op("qack q 0-1-2 0-9-2"), op);
        let text = "QBADID not a receipt, it must be of the form partition-number-attempt";
        assert_eq!(refusal("qack q 0-1-2 0-9"), text);
    }
}
