//! QMOVE: messages go from one queue to another.

use lockstep_core::queues::{MOVE_MAX, Op, WHOLE, Which};

use super::qmpop::from;
use super::words::{name, number, state};
use crate::locks::words::once;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QMOVE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qmove",
    usage: "QMOVE source destination [COUNT count] [STATE <READY | DELAYED | DEAD>]",
    summary: "Moves messages that are ready, or in another state, to the end of another queue, at \
              most COUNT or 1,000, and tells how many. Within a slot that is one step; between \
              slots a message may be in both queues for a moment, and after a failure comes once \
              all the same.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M how many are moved",
    arity: -3,
    flags: &["write", "denyoom"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1), KeySpec::one(&["RW", "insert"], 2)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (source, destination) = (name(&mut args)?, name(&mut args)?);
    let (mut limit, mut which) = (None, None);
    while !args.is_empty() {
        if args.token("count") {
            once(&mut limit, number("COUNT", 1, MOVE_MAX, &mut args)?)?;
        } else if args.token("state") {
            once(&mut which, state(&mut args).ok_or(error::SYNTAX)?)?;
        } else {
            return Err(error::SYNTAX);
        }
    }
    let which = which.unwrap_or(Which::Ready {});
    // Whoever has a message in flight settles it where it was delivered.
    if which == (Which::Inflight {}) {
        return Err(error::SYNTAX);
    }
    if source == destination {
        return Err(error::SAME_OBJECT);
    }
    Ok(from(Op::Move { from: source, to: destination, part: WHOLE, count: limit, which }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Here;
    use crate::here::QueueCall;
    use crate::testing::{queue_op, refusal, request};

    #[test]
    fn queues_of_one_slot_are_for_one_shard() {
        let op = |count, which| Op::Move { from: b"{x}a", to: b"{x}b", part: WHOLE, count, which };
        assert_eq!(queue_op("qmove {x}a {x}b"), op(None, Which::Ready {}));
        assert_eq!(queue_op("QMOVE {x}a {x}b STATE dead COUNT 7"), op(Some(7), Which::Dead {}));
    }

    #[test]
    fn queues_of_two_slots_are_for_the_node() {
        let op =
            Op::Move { from: b"a", to: b"b", part: WHOLE, count: None, which: Which::Ready {} };
        assert_eq!(request("qmove a b"), Here::Queue(QueueCall::Several { op }).into());
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in [
            "qmove a b foo",
            "qmove a b state inflight",
            "qmove a b state all",
            "qmove a b count 1 count 1",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(refusal("qmove a b count 1001"), "ERR COUNT must be a number from 1 to 1000");
        assert_eq!(refusal("qmove a a"), "ERR source and destination objects are the same");
    }
}
