//! QACK: messages are settled, and the next may be delivered with it.

use lockstep_core::Outcome;
use lockstep_core::queues::{Op, WHOLE};

use super::shown::deliveries;
use super::wanted::Wanted;
use super::words::{name, part_of, receipts, stray};
use crate::here::QueueCall;
use crate::locks::words::flag;
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, KeySpec, Reply, Request, Road, Spec, error,
};

/// QACK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qack",
    usage: "QACK queue receipt [receipt ...] [VERBOSE] [POP count [MAXBYTES bytes] \
            [BLOCK milliseconds] [VT ms] [CONSUMER consumer | SESSION session] \
            [REQID request-id] [NOACK] [WITHMETA] [GROUP group] [MINPRI priority]]",
    summary: "Settles messages for good and tells how many of the receipts were valid. An ack \
              that comes after the visibility timeout counts until the message is delivered \
              again. VERBOSE tells for each receipt 1 for settled, 0 for not known, which \
              includes settled before, and -1 for delivered again since. POP delivers up to so \
              many messages in the same step, and the reply is what was settled and what QPOP \
              would give; the words behind it mean what they mean to QPOP.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M that of receipts",
    arity: -3,
    flags: &["write", "blocking"],
    acl: &["@queue", "@write", "@blocking"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let receipts = receipts(&mut args)?;
    let (mut wanted, mut verbose, mut first) = (Wanted::default(), false, true);
    let mut about_pop = false;
    while !args.is_empty() {
        if !flag(&mut verbose, "verbose", &mut args)? {
            if !wanted.take("qack", "pop", &mut args)? {
                return Err(stray(first));
            }
            about_pop = true;
        }
        first = false;
    }
    if about_pop && !wanted.is_counted() {
        return Err(error::SYNTAX);
    }
    let (pop, wait) = (about_pop.then(|| wanted.want()), wanted.wait(ctx));
    let part = part_of(&receipts);
    Ok(in_part(part, |part| Op::Ack { queue, part, receipts, verbose, pop, wait }))
}

/// The operation for the partition of its receipts, or for the node if there is none
/// that all are of.
pub(super) fn in_part<'a>(part: Option<u32>, op: impl FnOnce(u32) -> Op<'a>) -> Request<'a> {
    match part {
        Some(part) => op(part).into(),
        None => Here::Queue(QueueCall::Parted { op: op(WHOLE) }).into(),
    }
}

/// What was settled, and with POP what was delivered. The latter is a list or nothing,
/// while what VERBOSE tells are numbers.
fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::List(mut parts) if parts.len() == 2 && !matches!(parts[1], Outcome::Int(_)) => {
            let popped = parts.pop().unwrap_or(Outcome::Nil);
            let acked = parts.pop().unwrap_or(Outcome::Nil);
            Reply::Array(vec![plain(spec, acked), deliveries(spec, popped)])
        }
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Wait;
    use lockstep_core::queues::{Receipt, Want};

    use super::*;
    use crate::testing::{context, queue_op, refusal, reply_to, request};

    fn receipt(part: u32, seq: u64) -> Receipt {
        Receipt::Of { part, seq, attempt: 2 }
    }

    #[test]
    fn all_words_behind_the_queue_are_receipts() {
        let op = Op::ack(b"q", vec![receipt(0, 1), receipt(0, 9)]);
        assert_eq!(queue_op("qack q 0-1-2 0-9-2"), op);
        let text = "QBADID not a receipt, it must be of the form partition-number-attempt";
        assert_eq!(refusal("qack q 0-1-2 0-9"), text);
        assert_eq!(refusal("qack q pop 1"), text);
        assert_eq!(refusal("qack q 0-1-2 foo"), text);
    }

    #[test]
    fn the_next_messages_may_come_with_it() {
        let (origin, number) = (context().origin, context().request);
        let wait = Some(Wait::For { origin, request: number, block_ms: 5 });
        let pop = Some(Want::some(Some(3), Some(7), false));
        let receipts = vec![receipt(2, 1)];
        let op = Op::Ack { queue: b"q", part: 2, receipts, verbose: true, pop, wait };
        assert_eq!(queue_op("qack q 2-1-2 pop 3 block 5 vt 7 verbose"), op);
        assert_eq!(queue_op("QACK q 2-1-2 VERBOSE VT 7 BLOCK 5 POP 3"), op);
    }

    #[test]
    fn words_about_a_pop_need_one() {
        for line in [
            "qack q 0-1-2 vt 7",
            "qack q 0-1-2 block 0",
            "qack q 0-1-2 verbose verbose",
            "qack q 0-1-2 verbose 0-2-2",
            "qack q 0-1-2 pop 1 pop 1",
            "qack q 0-1-2 pop 1 count 1",
        ] {
            let text = refusal(line);
            assert!(text == "ERR syntax error", "{line}: {text}");
        }
        let count = "ERR value is out of range, value must between 1 and 10000";
        assert_eq!(refusal("qack q 0-1-2 pop 0"), count);
    }

    #[test]
    fn receipts_of_several_partitions_are_for_the_node() {
        let receipts = vec![receipt(0, 1), receipt(3, 1)];
        let (queue, verbose, pop, wait) = (b"q", false, None, None);
        let op = Op::Ack { queue, part: WHOLE, receipts, verbose, pop, wait };
        assert_eq!(request("qack q 0-1-2 3-1-2"), Here::Queue(QueueCall::Parted { op }).into());
    }

    #[test]
    fn there_are_limits_to_one_command() {
        let line: &'static str = format!("qack q{}", " 0-1-1".repeat(10_001)).leak();
        assert_eq!(refusal(line), "QLIMIT at most 10000 messages in one command");
    }

    #[test]
    fn numbers_and_deliveries_are_told_apart() {
        let line = "qack q 0-1-2";
        assert_eq!(reply_to(line, Outcome::Int(1)), Reply::Int(1));
        let numbers = || Outcome::List(vec![Outcome::Int(1), Outcome::Int(-1)]);
        let shown = || Reply::Array(vec![Reply::Int(1), Reply::Int(-1)]);
        assert_eq!(reply_to(line, numbers()), shown());
        let nothing = Outcome::List(vec![numbers(), Outcome::Nil]);
        assert_eq!(reply_to(line, nothing), Reply::Array(vec![shown(), Reply::NilArray]));
        let bytes = |text: &str| Outcome::Bytes(text.as_bytes().to_vec());
        let delivery = Outcome::List(vec![bytes("0-2-1"), bytes("b")]);
        let outcome = Outcome::List(vec![Outcome::Int(1), Outcome::List(vec![delivery])]);
        let next = Reply::Array(vec![Reply::bulk("0-2-1"), Reply::bulk("b")]);
        let reply = Reply::Array(vec![Reply::Int(1), Reply::Array(vec![next])]);
        assert_eq!(reply_to(line, outcome), reply);
    }
}
