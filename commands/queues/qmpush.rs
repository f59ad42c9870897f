//! QMPUSH: several messages for a queue.

use lockstep_core::queues::{Form, Op, WHOLE};

use super::manner::{Asked, body};
use super::words::{count, name};
use crate::locks::words::{flag, once};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QMPUSH.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qmpush",
    usage: "QMPUSH queue [ATOMIC] [DELAY ms | AT unix-time-milliseconds] [TTL ms] [PRI priority] \
            [GROUP group] [VT ms] [MAXDELIVER count] [DEDUP dedup-id [WINDOW ms] [REPLACE]] \
            [HDR count <name value> [name value ...]] [MAXLEN count] [NOCREATE] [TIMEOUT ms] \
            MSGS count body [body ...]",
    summary: "Puts up to 10,000 messages at the end of a queue, in their order, and gives for each \
              its id or why it was refused. With ATOMIC all are pushed or none is. The other words \
              mean what they mean to QPUSH, for each message; DEDUP is for a single one.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M how many are pushed",
    arity: -5,
    flags: &["write", "denyoom"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let (mut asked, mut atomic, mut bodies) = (Asked::default(), false, None);
    while !args.is_empty() {
        if args.token("msgs") {
            once(&mut bodies, messages(ctx, &mut args)?)?;
        } else if !asked.take("qmpush", &mut args)? && !flag(&mut atomic, "atomic", &mut args)? {
            return Err(error::SYNTAX);
        }
    }
    let bodies = bodies.ok_or(error::SYNTAX)?;
    if asked.has_dedup() && bodies.len() > 1 {
        return Err(error::DEDUP_OF_SEVERAL);
    }
    let (length_max, create) = (asked.length_max(), asked.creates());
    let (manner, form) = (asked.manner()?, Form::List {});
    Ok(Op::Push { queue, part: WHOLE, bodies, manner, length_max, create, atomic, form }.into())
}

fn messages<'a>(ctx: &Context, args: &mut Args<'a>) -> Result<Vec<&'a [u8]>, BadArgs> {
    let count = count(args)?;
    if count > args.len() as u64 {
        return Err(error::SYNTAX);
    }
    (0..count).map(|_| body(ctx, args)).collect()
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::{Dedup, Manner};
    use lockstep_core::{Fault, Outcome};

    use super::*;
    use crate::Reply;
    use crate::testing::{queue_op, refusal, reply_to};

    fn push(bodies: Vec<&'static [u8]>, manner: Manner<'static>, atomic: bool) -> Op<'static> {
        let (queue, form) = (b"q", Form::List {});
        Op::Push {
            queue,
            part: WHOLE,
            bodies,
            manner,
            length_max: None,
            create: true,
            atomic,
            form,
        }
    }

    #[test]
    fn options_stand_before_the_messages_or_behind() {
        let two: Vec<&[u8]> = vec![b"a", b"atomic"];
        assert_eq!(queue_op("qmpush q msgs 2 a atomic"), push(two.clone(), Manner::PLAIN, false));
        assert_eq!(queue_op("qmpush q ATOMIC MSGS 2 a atomic"), push(two, Manner::PLAIN, true));
        let group = Manner::Of {
            visible: None,
            ttl_ms: Some(9),
            priority: None,
            group: Some(b"g"),
            lease_ms: None,
            fails_max: None,
            headers: vec![],
            dedup: None,
        };
        let one: Vec<&[u8]> = vec![b"a"];
        assert_eq!(queue_op("qmpush q ttl 9 msgs 1 a group g"), push(one.clone(), group, false));
        let Op::Push { manner: Manner::Of { dedup, .. }, .. } =
            queue_op("qmpush q dedup d msgs 1 a")
        else {
            panic!("no push")
        };
        assert_eq!(dedup, Some(Dedup::Of { id: b"d", window_ms: None, replace: false }));
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in [
            "qmpush q ttl 9 nocreate",
            "qmpush q msgs 2 a",
            "qmpush q msgs 1 a b",
            "qmpush q msgs 1 a msgs 1 a",
            "qmpush q atomic atomic msgs 1 a",
            "qmpush q withstatus msgs 1 a",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let count = "ERR value is out of range, value must between 1 and 10000";
        assert_eq!(refusal("qmpush q msgs 0 a"), count);
        assert_eq!(refusal("qmpush q msgs 10001 a"), count);
        let dedup = "ERR DEDUP is for one message";
        assert_eq!(refusal("qmpush q dedup d msgs 2 a b"), dedup);
    }

    #[test]
    fn each_message_has_its_id_or_its_refusal() {
        let full = Outcome::Refused { fault: Fault::QueueFull, text: b"len 0".to_vec() };
        let outcome = Outcome::List(vec![Outcome::Bytes(b"0-1".to_vec()), full]);
        let Reply::Array(items) = reply_to("qmpush q msgs 1 a", outcome) else {
            panic!("no array")
        };
        assert_eq!(items[0], Reply::bulk("0-1"));
        assert_eq!(items[1], Reply::Error(BadArgs("QFULL len 0".into())));
    }
}
