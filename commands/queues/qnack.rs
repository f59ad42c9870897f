//! QNACK: messages are given back.

use lockstep_core::queues::{Blame, ERROR_BYTES_MAX, Op};

use super::qack::in_part;
use super::words::{delay, name, part_of, priority, receipts, stray};
use crate::locks::words::once;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QNACK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qnack",
    usage: "QNACK queue receipt [receipt ...] [FAIL | SILENT | FATAL] [DELAY ms | NOW] \
            [ERR error] [PRI priority]",
    summary: "Gives messages back and tells how many of the receipts were valid; a single one \
              that was not is QSTALE. FAIL, which is meant unless said otherwise, counts a \
              failure: the message comes back after the queue's BACKOFF, and is dead after \
              MAXDELIVER of them. SILENT brings it back at once and counts nothing. FATAL makes it \
              dead now. DELAY and NOW say when it comes back, PRI with which priority; ERR is kept \
              with it for whoever looks at it.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M that of receipts",
    arity: -3,
    flags: &["write", "fast"],
    acl: &["@queue", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let receipts = receipts(&mut args)?;
    let (mut blame, mut delay_ms, mut error, mut pri) = (None, None, None, None);
    let mut first = true;
    while !args.is_empty() {
        if let Some(said) = take_blame(&mut args) {
            once(&mut blame, said)?;
        } else if let Some(said) = take_delay(&mut args)? {
            once(&mut delay_ms, said)?;
        } else if args.token("err") {
            once(&mut error, words(&mut args)?)?;
        } else if args.token("pri") {
            once(&mut pri, priority("PRI", &mut args)?)?;
        } else {
            return Err(stray(first));
        }
        first = false;
    }
    let blame = blame.unwrap_or(Blame::Fail {});
    let (part, priority) = (part_of(&receipts), pri);
    Ok(in_part(part, |part| Op::Nack { queue, part, receipts, blame, delay_ms, error, priority }))
}

fn take_blame(args: &mut Args<'_>) -> Option<Blame> {
    let blames =
        [("fail", Blame::Fail {}), ("silent", Blame::Silent {}), ("fatal", Blame::Fatal {})];
    blames.into_iter().find_map(|(word, blame)| args.token(word).then_some(blame))
}

fn take_delay(args: &mut Args<'_>) -> Result<Option<u64>, BadArgs> {
    if args.token("now") {
        Ok(Some(0))
    } else if args.token("delay") {
        delay(args).map(Some)
    } else {
        Ok(None)
    }
}

fn words<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    let words = args.word()?;
    if words.len() > ERROR_BYTES_MAX { Err(error::ERROR_TOO_LONG) } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Fault;
    use lockstep_core::queues::{Receipt, WHOLE};

    use super::*;
    use crate::here::QueueCall;
    use crate::testing::{queue_op, refusal, reply_to, request};
    use crate::{Here, Reply};

    fn nack(count: u64, blame: Blame, delay_ms: Option<u64>) -> Op<'static> {
        let receipts = (1..=count).map(|seq| Receipt::Of { part: 0, seq, attempt: 1 }).collect();
        Op::nack(b"q", receipts, blame, delay_ms)
    }

    #[test]
    fn options_stand_behind_the_receipts_in_any_order() {
        assert_eq!(queue_op("qnack q 0-1-1"), nack(1, Blame::Fail {}, None));
        assert_eq!(queue_op("qnack q 0-1-1 0-2-1 fatal"), nack(2, Blame::Fatal {}, None));
        assert_eq!(queue_op("qnack q 0-1-1 NOW Silent"), nack(1, Blame::Silent {}, Some(0)));
        assert_eq!(queue_op("qnack q 0-1-1 FAIL delay 7"), nack(1, Blame::Fail {}, Some(7)));
        let receipts = vec![Receipt::Of { part: 3, seq: 1, attempt: 1 }];
        let told = Op::Nack {
            queue: b"q",
            part: 3,
            receipts,
            blame: Blame::Fail {},
            delay_ms: None,
            error: Some(b"oops"),
            priority: Some(9),
        };
        assert_eq!(queue_op("qnack q 3-1-1 err oops pri 9"), told);
    }

    #[test]
    fn words_that_contradict_each_other_are_a_syntax_error() {
        for line in [
            "qnack q 0-1-1 fail fatal",
            "qnack q 0-1-1 now delay 1",
            "qnack q 0-1-1 delay",
            "qnack q 0-1-1 fail 0-2-1",
            "qnack q 0-1-1 err a err b",
            "qnack q 0-1-1 pri 1 pri 1",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let text = "QBADID not a receipt, it must be of the form partition-number-attempt";
        assert_eq!(refusal("qnack q fail"), text);
        assert_eq!(refusal("qnack q 0-1-1 foo"), text);
    }

    #[test]
    fn words_and_numbers_have_bounds() {
        let delay = "ERR delay is not a positive integer or out of range";
        assert_eq!(refusal("qnack q 0-1-1 delay -1"), delay);
        assert_eq!(refusal("qnack q 0-1-1 pri 32"), "ERR PRI must be a number from 0 to 31");
        let long: &'static str = format!("qnack q 0-1-1 err {}", "x".repeat(1025)).leak();
        assert_eq!(refusal(long), "ERR the words about a failure have at most 1024 bytes");
    }

    #[test]
    fn receipts_of_several_partitions_are_for_the_node() {
        let receipt = |part| Receipt::Of { part, seq: 1, attempt: 1 };
        let op = Op::Nack {
            queue: b"q",
            part: WHOLE,
            receipts: vec![receipt(0), receipt(1)],
            blame: Blame::Fail {},
            delay_ms: None,
            error: None,
            priority: None,
        };
        assert_eq!(request("qnack q 0-1-1 1-1-1"), Here::Queue(QueueCall::Parted { op }).into());
    }

    #[test]
    fn a_single_receipt_that_is_stale_is_an_error() {
        let reply = reply_to("qnack q 0-1-1", Fault::StaleReceipt.into());
        assert_eq!(reply, Reply::Error(error::STALE_RECEIPT));
    }
}
