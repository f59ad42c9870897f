//! QMSGS: a walk over the messages of a queue.

use lockstep_core::Outcome;
use lockstep_core::queues::{Op, WHOLE};

use super::shown::walk;
use super::words::{count, cursor, group, name, reason, take_states};
use crate::locks::words::{each_named, once};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec, error};

/// QMSGS.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qmsgs",
    usage: "QMSGS queue cursor [COUNT count] [STATE <READY | DELAYED | INFLIGHT | DEAD> ...] \
            [GROUP group] [REASON <MAXDELIVER | TTL | FATAL | OVERFLOW>]",
    summary: "Tells of some messages and gives the cursor to go on with; cursor 0 starts and ends \
              the walk. Of each its id, state, deliveries, failures, when it was pushed, its \
              bytes, when it is due (-1: at no time), its group and why it is dead. STATE, GROUP \
              and REASON say which messages are meant.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(1) for every call, O(N) for the whole walk where N is the number of messages",
    arity: -3,
    flags: &["readonly"],
    acl: &["@queue", "@read", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

/// What is told of a message, in order.
const MESSAGE: [&str; 9] =
    ["id", "state", "attempts", "fails", "enq-ms", "bytes", "due-ms", "group", "reason"];

/// About how many messages are looked at for one reply.
const COUNT: u64 = 10;

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (queue, cursor) = (name(&mut args)?, cursor(&mut args)?);
    let (mut limit, mut which, mut of_group, mut died_of) = (None, Vec::new(), None, None);
    while !args.is_empty() {
        if args.token("count") {
            once(&mut limit, count(&mut args)?)?;
        } else if args.token("group") {
            once(&mut of_group, group(&mut args)?)?;
        } else if args.token("reason") {
            once(&mut died_of, reason(&mut args)?)?;
        } else if !take_states(&mut which, &mut args)? {
            return Err(error::SYNTAX);
        }
    }
    let (count, group, reason) = (limit.unwrap_or(COUNT), of_group, died_of);
    Ok(Op::Messages { queue, part: WHOLE, cursor, count, which, group, reason }.into())
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    walk(spec, outcome, |spec, list| each_named(spec, &MESSAGE, list))
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::{Reason, Which};

    use super::*;
    use crate::testing::{queue_op, refusal, reply_to};

    fn messages(cursor: u64, count: u64, which: Vec<Which>) -> Op<'static> {
        let (queue, group, reason) = (b"q", None, None);
        Op::Messages { queue, part: WHOLE, cursor, count, which, group, reason }
    }

    #[test]
    fn filters_come_in_any_order_and_case() {
        assert_eq!(queue_op("qmsgs q 0"), messages(0, 10, vec![]));
        let two = vec![Which::Dead {}, Which::Ready {}];
        assert_eq!(queue_op("qmsgs q 7 count 3 state dead ready"), messages(7, 3, two.clone()));
        assert_eq!(queue_op("QMSGS q 7 STATE Dead STATE READY COUNT 3"), messages(7, 3, two));
        let (group, reason) = (Some(&b"g"[..]), Some(Reason::MaxDeliver {}));
        let queue = b"q";
        let all =
            Op::Messages { queue, part: WHOLE, cursor: 0, count: 10, which: vec![], group, reason };
        assert_eq!(queue_op("qmsgs q 0 reason maxdeliver group g"), all);
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in [
            "qmsgs q 0 foo",
            "qmsgs q 0 state",
            "qmsgs q 0 state all",
            "qmsgs q 0 state dead dead",
            "qmsgs q 0 reason foo",
            "qmsgs q 0 group g group g",
            "qmsgs q 0 count 1 count 1",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(refusal("qmsgs q x"), "ERR invalid cursor");
        let count = "ERR value is out of range, value must between 1 and 10000";
        assert_eq!(refusal("qmsgs q 0 count 0"), count);
    }

    #[test]
    fn each_message_is_a_map() {
        let id = Outcome::Bytes(b"0-1".to_vec());
        let numbers = [1, 0, 5, 3, -1].map(Outcome::Int);
        let mut parts = vec![id, Outcome::Word("ready")];
        parts.extend(numbers);
        parts.extend([Outcome::Nil, Outcome::Nil]);
        let list = Outcome::List(vec![Outcome::List(parts)]);
        let reply = reply_to("qmsgs q 0", Outcome::List(vec![Outcome::Int(7), list]));
        let Reply::Array(two) = reply else { panic!("no array") };
        assert_eq!(two[0], Reply::bulk("7"));
        let Reply::Array(items) = &two[1] else { panic!("no list") };
        let Reply::Map(pairs) = &items[0] else { panic!("no map") };
        assert_eq!(pairs[1], (Reply::bulk("state"), Reply::bulk("ready")));
        assert_eq!(pairs[8], (Reply::bulk("reason"), Reply::Nil));
    }
}
