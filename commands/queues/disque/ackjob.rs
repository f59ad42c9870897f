//! ACKJOB and FASTACK: QACK for clients of Disque.

use lockstep_core::queues::Op;

use super::super::qdel::all;
use super::{Job, by_part, jobs};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Request, Road, Spec};

/// ACKJOB.
pub(super) const ACKJOB: Command = Command { spec: &ACK, parse, reply: plain, subcommands: &[] };
/// FASTACK.
pub(super) const FASTACK: Command = Command { spec: &FAST, parse, reply: plain, subcommands: &[] };

static ACK: Spec = Spec {
    name: "ackjob",
    usage: "ACKJOB job-id [job-id ...]",
    summary: "QACK in the words of Disque: settles jobs for good and tells how many there were. An \
              id of GETJOB settles that delivery; one of ADDJOB the job itself, whoever has it.",
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

static FAST: Spec = Spec {
    name: "fastack",
    usage: "FASTACK job-id [job-id ...]",
    summary: "ACKJOB, which is as fast.",
    ..ACK
};

fn parse<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let jobs = jobs(args, Job::parse)?;
    let (delivered, known): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| job.attempt > 0);
    let acks = by_part(delivered).into_iter().map(ack);
    let deletes = by_part(known).into_iter().map(delete);
    Ok(all(acks.chain(deletes).collect()))
}

/// Settles deliveries of one partition.
fn ack(jobs: Vec<Job<'_>>) -> Op<'_> {
    let (queue, part) = (jobs[0].queue, jobs[0].part);
    let receipts = jobs.iter().map(Job::receipt).collect();
    Op::Ack { queue, part, receipts, verbose: false, pop: None, wait: None }
}

/// Takes messages of one partition away, wherever they stand.
fn delete(jobs: Vec<Job<'_>>) -> Op<'_> {
    let (queue, part) = (jobs[0].queue, jobs[0].part);
    Op::Delete { queue, part, seqs: jobs.iter().map(|job| job.seq).collect(), force: true }
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::Receipt;

    use super::*;
    use crate::Here;
    use crate::here::QueueCall;
    use crate::testing::{queue_op, refusal, request};

    #[test]
    fn a_delivery_is_settled_by_its_id_alone() {
        let receipt = |seq| Receipt::Of { part: 0, seq, attempt: 2 };
        let op = Op::ack(b"q", vec![receipt(1), receipt(9)]);
        assert_eq!(queue_op("ackjob D-0-1-2-q D-0-9-2-q"), op);
        assert_eq!(queue_op("FASTACK D-0-1-2-q D-0-9-2-q"), op);
    }

    #[test]
    fn a_job_that_nobody_has_is_taken_away() {
        let op = Op::Delete { queue: b"q", part: 3, seqs: vec![1], force: true };
        assert_eq!(queue_op("ackjob D-3-1-0-q"), op);
    }

    #[test]
    fn jobs_of_several_queues_are_for_the_node() {
        let ack = |queue| Op::ack(queue, vec![Receipt::Of { part: 0, seq: 1, attempt: 1 }]);
        let delete = Op::Delete { queue: b"a", part: 0, seqs: vec![7], force: true };
        let call = QueueCall::Sum { ops: vec![ack(b"a"), ack(b"b"), delete] };
        let line = "ackjob D-0-1-1-a D-0-7-0-a D-0-1-1-b";
        assert_eq!(request(line), Here::Queue(call).into());
    }

    #[test]
    fn what_is_no_id_is_refused() {
        let text = "BADID not the id of a job, it must be as ADDJOB or GETJOB gave it";
        assert_eq!(refusal("ackjob foo"), text);
        assert_eq!(refusal("ackjob D-0-1-1-q 0-1-1"), text);
    }
}
