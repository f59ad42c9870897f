//! GETJOB: QMPOP for clients of Disque.

use lockstep_core::queues::{META_NAMES, Op, QUEUES_PER_POP, WHOLE, Want};
use lockstep_core::{Outcome, Wait};

use super::super::qmpop::from;
use super::super::words::{count, name};
use super::{bytes, id};
use crate::locks::words::{flag, once};
use crate::reply::plain;
use crate::{
    Args, BadArgs, Begin, Command, Context, Find, Group, KeySpec, Reply, Request, Road, Spec,
    error, waiting,
};

/// GETJOB.
pub(super) const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "getjob",
    usage: "GETJOB [NOHANG] [TIMEOUT milliseconds] [COUNT count] [WITHCOUNTERS] \
            FROM queue [queue ...]",
    summary: "QMPOP in the words of Disque: gives jobs of the first queue that has any, each as \
              queue, id and body. It waits for one without end, or for TIMEOUT, or with NOHANG \
              not at all. WITHCOUNTERS adds how often each was given back (nacks) and delivered \
              beside the first time (additional-deliveries).",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(K+M*log(N)) where K is the number of queues, N that of messages and M how many \
                 are delivered",
    arity: -3,
    flags: &["write", "blocking", "movablekeys"],
    acl: &["@queue", "@write", "@blocking"],
    tips: &[],
    keys: &[KeySpec {
        flags: &["RW", "access", "delete"],
        begin: Begin::Keyword { word: "FROM", from: 1 },
        find: Find::Range { last: -1, step: 1, limit: 0 },
        notes: "",
        hidden: false,
    }],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (mut no_hang, mut block_ms, mut limit, mut meta) = (false, None, None, false);
    while !args.token("from") {
        if args.token("timeout") {
            once(&mut block_ms, waiting::milliseconds(&mut args)?)?;
        } else if args.token("count") {
            once(&mut limit, count(&mut args)?)?;
        } else if !flag(&mut no_hang, "nohang", &mut args)?
            && !flag(&mut meta, "withcounters", &mut args)?
        {
            return Err(error::SYNTAX);
        }
    }
    if args.is_empty() {
        return Err(error::SYNTAX);
    }
    if args.len() > QUEUES_PER_POP {
        return Err(error::TOO_MANY_QUEUES);
    }
    let mut queues = Vec::with_capacity(args.len());
    while !args.is_empty() {
        queues.push(name(&mut args)?);
    }
    let (origin, request, block_ms) = (ctx.origin, ctx.request, block_ms.unwrap_or(0));
    let wait = (!no_hang).then_some(Wait::For { origin, request, block_ms });
    let want = want(limit.unwrap_or(1), meta);
    Ok(from(Op::Pop { queues, part: WHOLE, want, named: true, fair: false, wait }))
}

fn want(count: u64, meta: bool) -> Want<'static> {
    let (bytes_max, lease_ms, settle) = (None, None, false);
    let (group, priority_min, consumer, session, request) = (None, None, None, None, None);
    Want::Of {
        count: Some(count),
        bytes_max,
        lease_ms,
        settle,
        meta,
        group,
        priority_min,
        consumer,
        session,
        request,
    }
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    let parts = match outcome {
        Outcome::Nil => return Reply::NilArray,
        Outcome::List(parts) => parts,
        other => return plain(spec, other),
    };
    let mut parts = parts.into_iter();
    let queue = bytes(parts.next()).unwrap_or_default();
    let list = match parts.next() {
        Some(Outcome::List(list)) => list,
        _ => Vec::new(),
    };
    Reply::Array(list.into_iter().map(|delivery| job(spec, &queue, delivery)).collect())
}

/// A delivery as queue, id and body, and the counters if what is known was asked for.
fn job(spec: &Spec, queue: &[u8], delivery: Outcome) -> Reply {
    let Outcome::List(parts) = delivery else { return plain(spec, delivery) };
    let mut parts = parts.into_iter();
    let receipt = bytes(parts.next()).unwrap_or_default();
    let body = plain(spec, parts.next().unwrap_or(Outcome::Nil));
    let mut job = vec![Reply::bulk(queue), Reply::Bulk(id(queue, &receipt)), body];
    if let Some(Outcome::List(known)) = parts.next() {
        let before = number(&known, "attempts").saturating_sub(1).max(0);
        job.extend([Reply::bulk("nacks"), Reply::Int(number(&known, "fails"))]);
        job.extend([Reply::bulk("additional-deliveries"), Reply::Int(before)]);
    }
    Reply::Array(job)
}

/// A number of what is known about a message.
pub(super) fn number(known: &[Outcome], name: &str) -> i64 {
    let at = META_NAMES.iter().position(|there| *there == name);
    match at.and_then(|at| known.get(at)) {
        Some(Outcome::Int(number)) => *number,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Here;
    use crate::here::QueueCall;
    use crate::introspect;
    use crate::table::by_name;
    use crate::testing::{context, queue_op, refusal, reply_to, request, words};

    fn get(queues: Vec<&'static [u8]>, want: Want<'static>, block_ms: Option<u64>) -> Op<'static> {
        let (origin, request) = (context().origin, context().request);
        let wait = block_ms.map(|block_ms| Wait::For { origin, request, block_ms });
        Op::Pop { queues, part: WHOLE, want, named: true, fair: false, wait }
    }

    #[test]
    fn whoever_does_not_say_otherwise_waits_without_end() {
        assert_eq!(queue_op("getjob from q"), get(vec![b"q"], want(1, false), Some(0)));
        assert_eq!(queue_op("getjob nohang from q"), get(vec![b"q"], want(1, false), None));
        let all = get(vec![b"{q}", b"{q}2"], want(3, true), Some(7));
        assert_eq!(queue_op("GETJOB TIMEOUT 7 COUNT 3 WithCounters FROM {q} {q}2"), all);
        let op = get(vec![b"a", b"b"], want(1, false), Some(0));
        assert_eq!(request("getjob from a b"), Here::Queue(QueueCall::Several { op }).into());
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in [
            "getjob nohang nohang",
            "getjob foo from q",
            "getjob count 1 from",
            "getjob count 1 count 1 from q",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(refusal("getjob timeout -1 from q"), "ERR timeout is negative");
    }

    #[test]
    fn the_queues_are_keys() {
        let spec = by_name(b"getjob").map(|command| command.spec).expect("it is in the table");
        let keys = introspect::keys::of(spec, &words("getjob count 2 from a b"));
        let found: Vec<_> =
            keys.map(|keys| keys.iter().map(|key| key.word).collect()).unwrap_or_default();
        assert_eq!(found, [4, 5]);
    }

    #[test]
    fn a_job_is_shown_with_its_queue_and_an_id_to_ack_it_by() {
        let bytes = |text: &str| Outcome::Bytes(text.as_bytes().to_vec());
        let known: Vec<_> = META_NAMES.iter().map(|_| Outcome::Int(3)).collect();
        let bare = Outcome::List(vec![bytes("0-17-1"), bytes("b")]);
        let counted = Outcome::List(vec![bytes("0-18-3"), bytes("c"), Outcome::List(known)]);
        let outcome = Outcome::List(vec![bytes("q"), Outcome::List(vec![bare, counted])]);
        let first = ["q", "D-0-17-1-q", "b"].map(Reply::bulk).to_vec();
        let mut second = ["q", "D-0-18-3-q", "c", "nacks"].map(Reply::bulk).to_vec();
        second.extend([Reply::Int(3), Reply::bulk("additional-deliveries"), Reply::Int(2)]);
        let reply = Reply::Array(vec![Reply::Array(first), Reply::Array(second)]);
        assert_eq!(reply_to("getjob from q", outcome), reply);
        assert_eq!(reply_to("getjob from q", Outcome::Nil), Reply::NilArray);
    }
}
