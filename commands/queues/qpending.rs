//! QPENDING: what is in flight, and who has it.

use lockstep_core::queues::{Op, WHOLE};

use super::words::{NUMBER_MAX, consumer, count, name, take_number};
use crate::locks::words::once;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QPENDING.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qpending",
    usage: "QPENDING queue [CONSUMER consumer] [IDLE ms] [COUNT count]",
    summary: "Tells of messages in flight, 10 unless COUNT says how many: of each the receipt, the \
              consumer or session that has it (empty: it gave no name), how many milliseconds ago \
              it was delivered, and how often. CONSUMER and IDLE say whose, and for how long at \
              least.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(N) where N is the number of messages in flight",
    arity: -2,
    flags: &["readonly"],
    acl: &["@queue", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

const COUNT: u64 = 10;

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let (mut of, mut idle_ms, mut limit) = (None, None, None);
    while !args.is_empty() {
        if args.token("consumer") {
            once(&mut of, consumer(&mut args)?)?;
        } else if args.token("count") {
            once(&mut limit, count(&mut args)?)?;
        } else if !take_number(&mut idle_ms, "IDLE", 0, NUMBER_MAX, &mut args)? {
            return Err(error::SYNTAX);
        }
    }
    let (consumer, count) = (of, limit.unwrap_or(COUNT));
    Ok(Op::Pending { queue, part: WHOLE, consumer, idle_ms, count }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Outcome;

    use super::*;
    use crate::Reply;
    use crate::testing::{queue_op, refusal, reply_to};

    #[test]
    fn filters_come_in_any_order_and_case() {
        let queue = b"q";
        let bare = Op::Pending { queue, part: WHOLE, consumer: None, idle_ms: None, count: 10 };
        assert_eq!(queue_op("qpending q"), bare);
        let all =
            Op::Pending { queue, part: WHOLE, consumer: Some(b"c"), idle_ms: Some(500), count: 3 };
        assert_eq!(queue_op("qpending q consumer c idle 500 count 3"), all);
        assert_eq!(queue_op("QPENDING q COUNT 3 Idle 500 CONSUMER c"), all);
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in ["qpending q foo", "qpending q count 1 count 1", "qpending q idle 1 idle 1"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let text = "ERR IDLE must be a number from 0 to 9007199254740991";
        assert_eq!(refusal("qpending q idle -1"), text);
        let text = "ERR the name of a consumer has 1 to 256 bytes";
        assert_eq!(refusal("qpending q consumer \"\""), text);
    }

    #[test]
    fn each_delivery_is_a_row() {
        let bytes = |text: &str| Outcome::Bytes(text.as_bytes().to_vec());
        let row = vec![bytes("0-1-2"), bytes("c"), Outcome::Int(70), Outcome::Int(2)];
        let shown = [Reply::bulk("0-1-2"), Reply::bulk("c"), Reply::Int(70), Reply::Int(2)];
        let reply = Reply::Array(vec![Reply::Array(shown.to_vec())]);
        assert_eq!(reply_to("qpending q", Outcome::List(vec![Outcome::List(row)])), reply);
    }
}
