//! WORKING: QEXTEND for clients of Disque.

use std::time::{SystemTime, UNIX_EPOCH};

use lockstep_core::queues::Op;
use lockstep_core::{Fault, Outcome};

use super::Job;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Reply, Request, Road, Spec};

/// WORKING.
pub(super) const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "working",
    usage: "WORKING job-id",
    summary: "QEXTEND in the words of Disque: gives whoever has a job its queue's visibility \
              timeout anew and tells how many seconds that are, 0 when it is too late.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(log(N)) where N is the number of messages",
    arity: 2,
    flags: &["write", "fast"],
    acl: &["@queue", "@write", "@fast"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let job = Job::delivered(args.word()?)?;
    let receipts = vec![job.receipt()];
    Ok(Op::Extend { queue: job.queue, part: job.part, receipts, lease_ms: 0 }.into())
}

/// The machine tells a deadline, clients of Disque expect the time until then.
fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    shown(spec, outcome, now_ms)
}

fn shown(spec: &Spec, outcome: Outcome, now_ms: i64) -> Reply {
    match outcome {
        Outcome::Fault(Fault::StaleReceipt) => Reply::Int(0),
        Outcome::List(deadlines) => match deadlines.first() {
            Some(Outcome::Int(deadline_ms @ 1..)) => {
                let left_ms = deadline_ms.saturating_sub(now_ms);
                // The clock of the shard may be a little behind this one.
                Reply::Int(left_ms.saturating_add(500).div_euclid(1000).max(1))
            }
            _ => Reply::Int(0),
        },
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::Receipt;

    use super::*;
    use crate::testing::{queue_op, refusal};

    #[test]
    fn the_timeout_of_the_queue_begins_anew() {
        let receipts = vec![Receipt::Of { part: 3, seq: 1, attempt: 2 }];
        let op = Op::Extend { queue: b"q", part: 3, receipts, lease_ms: 0 };
        assert_eq!(queue_op("working D-3-1-2-q"), op);
        assert_eq!(refusal("working D-0-1-0-q"), "BADID the id must be the one that GETJOB gave");
    }

    #[test]
    fn the_deadline_is_told_as_seconds_from_now() {
        let told = |outcome| shown(&SPEC, outcome, 1_000_000);
        let at = |ms| Outcome::List(vec![Outcome::Int(ms)]);
        assert_eq!(told(at(1_030_000)), Reply::Int(30));
        assert_eq!(told(at(1_029_700)), Reply::Int(30));
        assert_eq!(told(at(1_000_001)), Reply::Int(1));
        assert_eq!(told(at(0)), Reply::Int(0));
        assert_eq!(told(Fault::StaleReceipt.into()), Reply::Int(0));
    }
}
