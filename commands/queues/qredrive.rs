//! QREDRIVE: dead messages come back.

use lockstep_core::Outcome;
use lockstep_core::queues::{COUNT_MAX, Op, Reason, WHOLE};

use super::qdel::sum;
use super::words::{NUMBER_MAX, TIME_MS_MAX, by_part, id, name, reason, same_home, take_number};
use crate::locks::words::{flag, named, once};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec, error};

/// QREDRIVE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

/// The most messages that come back in a second.
const RATE_MAX: u64 = 1_000_000;

static SPEC: Spec = Spec {
    name: "qredrive",
    usage: "QREDRIVE queue <START [COUNT count] [IDS count id [id ...]] \
            [REASON <MAXDELIVER | TTL | FATAL | OVERFLOW>] [TO destination] [RATE per-second] \
            [DELAY ms] [RESET] [HEAD] | STATUS | CANCEL>",
    summary: "START brings dead messages back and tells how many were chosen: all, or at most \
              COUNT, the oldest first, those with these ids, or those that died of REASON. They \
              come to the end of the queue, or of another one in the same slot, RATE of them in a \
              second, hidden for DELAY; RESET forgets their failures. With HEAD they come to where \
              they were, only while the queue is paused OUT. The work is done step by step and \
              goes on by itself: STATUS tells how far it is, nil when there never was any; CANCEL \
              ends it, 1, or 0 when there is nothing to end.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(N) where N is the number of dead messages",
    arity: -3,
    flags: &["write"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

/// What is told of a redrive, in order.
const STATUS: [&str; 5] = ["state", "moved", "left", "rate", "begun-ms"];

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    if args.token("start") {
        return start(queue, args);
    }
    let op = if args.token("status") {
        Op::RedriveStatus { queue, part: WHOLE }
    } else if args.token("cancel") {
        Op::CancelRedrive { queue, part: WHOLE }
    } else {
        return Err(error::SYNTAX);
    };
    args.end()?;
    Ok(op.into())
}

/// The words behind START, each at most once.
#[derive(Default)]
struct Asked<'a> {
    count: Option<u64>,
    ids: Option<Vec<(u32, u64)>>,
    reason: Option<Reason>,
    to: Option<&'a [u8]>,
    rate: Option<u64>,
    delay_ms: Option<u64>,
    reset: bool,
    head: bool,
}

impl<'a> Asked<'a> {
    fn take(&mut self, args: &mut Args<'a>) -> Result<bool, BadArgs> {
        if args.token("ids") {
            return once(&mut self.ids, ids(args)?);
        }
        if args.token("reason") {
            return once(&mut self.reason, reason(args)?);
        }
        if args.token("to") {
            return once(&mut self.to, name(args)?);
        }
        Ok(take_number(&mut self.count, "COUNT", 1, NUMBER_MAX, args)?
            || take_number(&mut self.rate, "RATE", 1, RATE_MAX, args)?
            || take_number(&mut self.delay_ms, "DELAY", 0, TIME_MS_MAX, args)?
            || flag(&mut self.reset, "reset", args)?
            || flag(&mut self.head, "head", args)?)
    }
}

fn start<'a>(queue: &'a [u8], mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let mut asked = Asked::default();
    while !args.is_empty() {
        if !asked.take(&mut args)? {
            return Err(error::SYNTAX);
        }
    }
    let Asked { count, ids, reason, to, rate, delay_ms, reset, head } = asked;
    if to.is_some_and(|to| !same_home(queue, to)) {
        return Err(error::OTHER_SLOT);
    }
    if head && to.is_some_and(|to| to != queue) {
        return Err(error::HEAD_ELSEWHERE);
    }
    let parts = match ids {
        Some(ids) => by_part(ids.into_iter()),
        None => vec![(WHOLE, Vec::new())],
    };
    Ok(sum(parts, |part, seqs| Op::Redrive {
        queue,
        part,
        count,
        seqs,
        reason,
        to,
        rate,
        delay_ms,
        reset,
        head,
    }))
}

/// `count id [id ...]`.
fn ids(args: &mut Args<'_>) -> Result<Vec<(u32, u64)>, BadArgs> {
    let count = args.integer_in(1, COUNT_MAX as i64)?;
    (0..count).map(|_| id(args.word()?)).collect()
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    status(spec, outcome)
}

/// How far a redrive is, as a map.
pub(super) fn status(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::List(_) => named(spec, &STATUS, outcome),
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Here;
    use crate::here::QueueCall;
    use crate::testing::{queue_op, refusal, reply_to, request};

    fn redrive(part: u32, seqs: Vec<u64>) -> Op<'static> {
        let (queue, count, reason, to) = (b"q", None, None, None);
        let (rate, delay_ms, reset, head) = (None, None, false, false);
        Op::Redrive { queue, part, count, seqs, reason, to, rate, delay_ms, reset, head }
    }

    #[test]
    fn each_word_asks_for_its_own() {
        assert_eq!(queue_op("qredrive q start"), redrive(WHOLE, vec![]));
        assert_eq!(queue_op("QREDRIVE q STATUS"), Op::RedriveStatus { queue: b"q", part: WHOLE });
        assert_eq!(queue_op("qredrive q cancel"), Op::CancelRedrive { queue: b"q", part: WHOLE });
        for line in ["qredrive q foo", "qredrive q status foo", "qredrive q cancel start"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        let all = Op::Redrive {
            queue: b"{q}",
            part: WHOLE,
            count: Some(5),
            seqs: vec![],
            reason: Some(Reason::Fatal {}),
            to: Some(b"{q}2"),
            rate: Some(100),
            delay_ms: Some(7),
            reset: true,
            head: false,
        };
        let line = "qredrive {q} start count 5 reason fatal to {q}2 rate 100 delay 7 reset";
        assert_eq!(queue_op(line), all);
        let line = "QREDRIVE {q} START Reset DELAY 7 RATE 100 TO {q}2 REASON Fatal COUNT 5";
        assert_eq!(queue_op(line), all);
    }

    #[test]
    fn ids_may_be_of_several_partitions() {
        assert_eq!(queue_op("qredrive q start ids 2 3-1 3-2"), redrive(3, vec![1, 2]));
        let ops = vec![redrive(3, vec![1]), redrive(0, vec![2])];
        let call = Here::Queue(QueueCall::Sum { ops });
        assert_eq!(request("qredrive q start ids 2 3-1 0-2"), call.into());
        assert_eq!(refusal("qredrive q start ids 2 3-1"), "ERR syntax error");
        let text = "QBADID not an id, it must be of the form partition-number";
        assert_eq!(refusal("qredrive q start ids 1 head"), text);
    }

    #[test]
    fn words_and_numbers_have_bounds() {
        for line in [
            "qredrive q start foo",
            "qredrive q start reset reset",
            "qredrive q start head head",
            "qredrive q start count 1 count 1",
            "qredrive q start reason foo",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let text = "ERR RATE must be a number from 1 to 1000000";
        assert_eq!(refusal("qredrive q start rate 0"), text);
        let text = "ERR COUNT must be a number from 1 to 9007199254740991";
        assert_eq!(refusal("qredrive q start count 0"), text);
        assert!(refusal("qredrive q start to other").starts_with("CROSSSLOT "));
        let text = "ERR HEAD is for the queue the messages died in";
        assert_eq!(refusal("qredrive {q} start head to {q}2"), text);
    }

    #[test]
    fn how_far_it_is_is_a_map() {
        let numbers = [3, 7, 0, 1000].map(Outcome::Int);
        let list = [Outcome::Word("running")].into_iter().chain(numbers).collect();
        let Reply::Map(pairs) = reply_to("qredrive q status", Outcome::List(list)) else {
            panic!("no map")
        };
        assert_eq!(pairs[0], (Reply::bulk("state"), Reply::bulk("running")));
        assert_eq!(pairs[2], (Reply::bulk("left"), Reply::Int(7)));
        assert_eq!(reply_to("qredrive q status", Outcome::Nil), Reply::Nil);
        assert_eq!(reply_to("qredrive q start", Outcome::Int(3)), Reply::Int(3));
    }
}
