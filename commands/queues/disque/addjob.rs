//! ADDJOB: QPUSH for clients of Disque.

use lockstep_core::Outcome;
use lockstep_core::queues::{Form, LEASE_MS_MAX, Manner, Op, Visible, WHOLE};

use super::super::manner::body;
use super::super::words::{NUMBER_MAX, TIME_MS_MAX, name, number, take_number};
use super::{bytes, id, seconds};
use crate::locks::words::{flag, once};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec, error};

/// ADDJOB.
pub(super) const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "addjob",
    usage: "ADDJOB queue job ms-timeout [REPLICATE count] [DELAY seconds] [RETRY seconds] \
            [TTL seconds] [MAXLEN count] [ASYNC]",
    summary: "QPUSH in the words of Disque: gives the id of the job. RETRY is the visibility \
              timeout; with RETRY 0 the job is dead after its first failure. TTL and MAXLEN mean \
              what they mean to QPUSH. The time-out, REPLICATE and ASYNC change nothing: a job is \
              kept by a majority of the replicas before the answer.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(log(N)) where N is the number of messages",
    arity: -4,
    flags: &["write", "denyoom", "fast"],
    acl: &["@queue", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (queue, body) = (name(&mut args)?, body(ctx, &mut args)?);
    number("the time-out", 0, TIME_MS_MAX, &mut args)?;
    let (mut delay_ms, mut retry_ms, mut ttl_ms) = (None, None, None);
    let (mut replicas, mut length_max, mut asynchronous) = (None, None, false);
    while !args.is_empty() {
        if args.token("delay") {
            once(&mut delay_ms, seconds("DELAY", 0, &mut args)?)?;
        } else if args.token("retry") {
            once(&mut retry_ms, seconds("RETRY", 0, &mut args)?)?;
        } else if args.token("ttl") {
            once(&mut ttl_ms, seconds("TTL", 1, &mut args)?)?;
        } else if !take_number(&mut replicas, "REPLICATE", 1, u16::MAX.into(), &mut args)?
            && !take_number(&mut length_max, "MAXLEN", 1, NUMBER_MAX, &mut args)?
            && !flag(&mut asynchronous, "async", &mut args)?
        {
            return Err(error::SYNTAX);
        }
    }
    let manner = Manner::Of {
        visible: delay_ms.map(|ms| Visible::In { ms }),
        ttl_ms,
        priority: None,
        group: None,
        lease_ms: retry_ms.filter(|ms| *ms > 0).map(|ms| ms.min(LEASE_MS_MAX)),
        fails_max: (retry_ms == Some(0)).then_some(1),
        headers: Vec::new(),
        dedup: None,
    };
    let (bodies, form) = (vec![body], Form::Named {});
    let (part, create, atomic) = (WHOLE, true, false);
    Ok(Op::Push { queue, part, bodies, manner, length_max, create, atomic, form }.into())
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(parts) = outcome else { return plain(spec, outcome) };
    let mut parts = parts.into_iter();
    match (bytes(parts.next()), bytes(parts.next())) {
        (Some(queue), Some(message)) => Reply::Bulk(id(&queue, &message)),
        _ => Reply::Nil,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{queue_op, refusal, reply_to};

    fn add(
        visible: Option<Visible>,
        times: [Option<u64>; 2],
        fails_max: Option<u32>,
    ) -> Op<'static> {
        let [ttl_ms, lease_ms] = times;
        let (priority, group, headers, dedup) = (None, None, vec![], None);
        let manner =
            Manner::Of { visible, ttl_ms, priority, group, lease_ms, fails_max, headers, dedup };
        let (queue, bodies, form) = (b"q", vec![&b"b"[..]], Form::Named {});
        let (length_max, create, atomic) = (None, true, false);
        Op::Push { queue, part: WHOLE, bodies, manner, length_max, create, atomic, form }
    }

    #[test]
    fn times_are_seconds() {
        assert_eq!(queue_op("addjob q b 0"), add(None, [None, None], None));
        let later = Some(Visible::In { ms: 5000 });
        let all = add(later, [Some(60_000), Some(7000)], None);
        let line = "addjob q b 100 replicate 3 delay 5 retry 7 ttl 60 async";
        assert_eq!(queue_op(line), all);
        assert_eq!(queue_op("ADDJOB q b 100 Ttl 60 RETRY 7 DELAY 5"), all);
        assert_eq!(queue_op("addjob q b 0 retry 0"), add(None, [None, None], Some(1)));
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in [
            "addjob q b 0 foo",
            "addjob q b 0 delay 1 delay 1",
            "addjob q b 0 async async",
            "addjob q b 0 ttl",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let text = "ERR the time-out must be a number from 0 to 315360000000";
        assert_eq!(refusal("addjob q b x"), text);
        assert_eq!(refusal("addjob q b 0 ttl 0"), "ERR TTL must be a number from 1 to 315360000");
        assert_eq!(
            refusal("addjob q b 0 replicate 0"),
            "ERR REPLICATE must be a number from 1 to 65535"
        );
    }

    #[test]
    fn the_id_of_the_job_names_its_queue() {
        let bytes = |text: &str| Outcome::Bytes(text.as_bytes().to_vec());
        let reply = reply_to("addjob q b 0", Outcome::List(vec![bytes("q"), bytes("0-17")]));
        assert_eq!(reply, Reply::bulk("D-0-17-0-q"));
    }
}
