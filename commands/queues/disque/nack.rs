//! NACK: QNACK for clients of Disque.

use lockstep_core::queues::{Blame, Op};

use super::super::qdel::all;
use super::{Job, by_part, jobs};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Request, Road, Spec};

/// NACK.
pub(super) const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "nack",
    usage: "NACK job-id [job-id ...]",
    summary: "QNACK FAIL NOW in the words of Disque: gives jobs back, which counts a failure of \
              each and shows them at once, and tells how many there were.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M that of ids",
    arity: -2,
    flags: &["write"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(all(by_part(jobs(args, Job::delivered)?).into_iter().map(nack).collect()))
}

/// Gives deliveries of one partition back.
fn nack(jobs: Vec<Job<'_>>) -> Op<'_> {
    let (queue, part) = (jobs[0].queue, jobs[0].part);
    let (receipts, blame) = (jobs.iter().map(Job::receipt).collect(), Blame::Fail {});
    Op::Nack { queue, part, receipts, blame, delay_ms: Some(0), error: None, priority: None }
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::Receipt;

    use super::*;
    use crate::testing::{queue_op, refusal};

    #[test]
    fn a_job_that_failed_comes_back_at_once() {
        let receipts = vec![Receipt::Of { part: 0, seq: 1, attempt: 2 }];
        let op = Op::nack(b"q", receipts, Blame::Fail {}, Some(0));
        assert_eq!(queue_op("nack D-0-1-2-q"), op);
        assert_eq!(refusal("nack D-0-1-0-q"), "BADID the id must be the one that GETJOB gave");
    }
}
