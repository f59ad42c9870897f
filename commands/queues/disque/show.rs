//! SHOW: QGET for clients of Disque.

use lockstep_core::Outcome;
use lockstep_core::queues::Op;

use super::getjob::number;
use super::{Job, bytes, id};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Reply, Request, Road, Spec};

/// SHOW.
pub(super) const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "show",
    usage: "SHOW job-id",
    summary: "QGET in the words of Disque, as far as they mean something here: the id, queue and \
              state of a job, when it was added (in nanoseconds), how often it was given back and \
              delivered again, and its body; nil when there is no such job.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(log(N)) where N is the number of messages",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@queue", "@read", "@fast"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let Job { queue, part, seq, .. } = Job::parse(args.word()?)?;
    Ok(Op::Get { queue, part, seq }.into())
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    let parts = match outcome {
        Outcome::List(parts) => parts,
        Outcome::Nil => return Reply::NilArray,
        other => return plain(spec, other),
    };
    let mut parts = parts.into_iter();
    let body = plain(spec, parts.next().unwrap_or(Outcome::Nil));
    let known = match parts.next() {
        Some(Outcome::List(known)) => known,
        _ => Vec::new(),
    };
    let state = match parts.next() {
        Some(Outcome::Word(state)) => state,
        _ => "",
    };
    let queue = bytes(parts.next()).unwrap_or_default();
    let message = bytes(known.first().cloned()).unwrap_or_default();
    let attempts = number(&known, "attempts");
    let created_ns = number(&known, "enq-ms").saturating_mul(1_000_000);
    let pairs = [
        ("id", Reply::Bulk(id(&queue, &message))),
        ("queue", Reply::Bulk(queue)),
        ("state", Reply::bulk(state_of(state))),
        ("ctime", Reply::Int(created_ns)),
        ("nacks", Reply::Int(number(&known, "fails"))),
        ("additional-deliveries", Reply::Int(attempts.saturating_sub(1).max(0))),
        ("body", body),
    ];
    Reply::Array(pairs.into_iter().flat_map(|(name, value)| [Reply::bulk(name), value]).collect())
}

/// What Disque calls a state.
fn state_of(state: &str) -> &str {
    match state {
        "ready" => "queued",
        "delayed" | "inflight" => "active",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::META_NAMES;

    use super::*;
    use crate::testing::{queue_op, refusal, reply_to};

    #[test]
    fn a_job_is_found_by_either_of_its_ids() {
        let op = Op::Get { queue: b"q", part: 3, seq: 17 };
        assert_eq!(queue_op("show D-3-17-0-q"), op);
        assert_eq!(queue_op("SHOW D-3-17-5-q"), op);
        assert!(refusal("show 3-17").starts_with("BADID "));
    }

    #[test]
    fn what_is_known_has_the_names_of_disque() {
        let mut known: Vec<_> = META_NAMES.iter().map(|_| Outcome::Int(3)).collect();
        known[0] = Outcome::Bytes(b"3-17".to_vec());
        let body = Outcome::Bytes(b"b".to_vec());
        let queue = Outcome::Bytes(b"q".to_vec());
        let parts = vec![body, Outcome::List(known), Outcome::Word("ready"), queue];
        let Reply::Array(flat) = reply_to("show D-3-17-0-q", Outcome::List(parts)) else {
            panic!("no array")
        };
        assert_eq!(flat[1], Reply::bulk("D-3-17-0-q"));
        assert_eq!(flat[5], Reply::bulk("queued"));
        assert_eq!(flat[7], Reply::Int(3_000_000));
        assert_eq!(flat[13], Reply::bulk("b"));
        assert_eq!(reply_to("show D-3-17-0-q", Outcome::Nil), Reply::NilArray);
    }
}
