//! QNACK: messages are given back.

use lockstep_core::queues::{Blame, Op};

use super::words::{delay, name, receipt};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QNACK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qnack",
    usage: "QNACK queue receipt [receipt ...] [FAIL | SILENT | FATAL] [DELAY ms | NOW]",
    summary: "Gives messages back and tells how many of the receipts were valid. FAIL, which is \
              meant unless said otherwise, counts a failure: the message comes back after 1 to 60 \
              seconds, longer each time, and is dead after the twentieth. SILENT brings it back at \
              once and counts nothing. FATAL makes it dead now. DELAY and NOW say when it comes \
              back.",
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
    let mut receipts = vec![receipt(args.word()?)?];
    let (mut blame, mut delay_ms) = (None, None);
    while !args.is_empty() {
        if let Some(said) = take_blame(&mut args) {
            if blame.replace(said).is_some() {
                return Err(error::SYNTAX);
            }
        } else if let Some(said) = take_delay(&mut args)? {
            if delay_ms.replace(said).is_some() {
                return Err(error::SYNTAX);
            }
        } else if blame.is_none() && delay_ms.is_none() {
            receipts.push(receipt(args.word()?)?);
        } else {
            return Err(error::SYNTAX);
        }
    }
    let blame = blame.unwrap_or(Blame::Fail {});
    Ok(Op::nack(queue, receipts, blame, delay_ms).into())
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

#[cfg(test)]
mod tests {
    use lockstep_core::queues::Receipt;

    use super::*;
    use crate::testing::{queue_op, refusal};

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
    }

    #[test]
    fn words_that_contradict_each_other_are_a_syntax_error() {
        for line in [
            "qnack q 0-1-1 fail fatal",
            "qnack q 0-1-1 now delay 1",
            "qnack q 0-1-1 delay",
            "qnack q 0-1-1 fail 0-2-1",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let text = "QBADID not a receipt, it must be of the form partition-number-attempt";
        assert_eq!(refusal("qnack q fail"), text);
        assert_eq!(refusal("qnack q 0-1-1 foo"), text);
    }
}
