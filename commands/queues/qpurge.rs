//! QPURGE: a queue is emptied.

use lockstep_core::queues::{Op, WHOLE};

use super::words::{NUMBER_MAX, group, name, take_number, take_states};
use crate::locks::words::once;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QPURGE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qpurge",
    usage: "QPURGE queue [STATE <READY | DELAYED | INFLIGHT | DEAD> ...] [GROUP group] [OLDER ms]",
    summary: "Takes all messages out of a queue, those in flight and the dead as well, or only \
              those in some states, of a group, or pushed so long ago; and tells how many there \
              were.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M) where M is how many messages of the shard are in flight or delayed; with \
                 STATE, GROUP or OLDER O(N) where N is the number of messages",
    arity: -2,
    flags: &["write"],
    acl: &["@queue", "@write", "@slow", "@dangerous"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let (mut which, mut of_group, mut older_ms) = (Vec::new(), None, None);
    while !args.is_empty() {
        if args.token("group") {
            once(&mut of_group, group(&mut args)?)?;
        } else if !take_states(&mut which, &mut args)?
            && !take_number(&mut older_ms, "OLDER", 0, NUMBER_MAX, &mut args)?
        {
            return Err(error::SYNTAX);
        }
    }
    Ok(Op::Purge { queue, part: WHOLE, which, group: of_group, older_ms }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::Which;

    use super::*;
    use crate::testing::{queue_op, refusal};

    #[test]
    fn all_or_some_are_taken_away() {
        let (which, group, older_ms) = (vec![], None, None);
        let all = Op::Purge { queue: b"q", part: WHOLE, which, group, older_ms };
        assert_eq!(queue_op("qpurge q"), all);
        let which = vec![Which::Ready {}, Which::Dead {}];
        let (group, older_ms) = (Some(&b"g"[..]), Some(7));
        let some = Op::Purge { queue: b"q", part: WHOLE, which, group, older_ms };
        assert_eq!(queue_op("qpurge q state ready dead group g older 7"), some);
        assert_eq!(queue_op("QPURGE q OLDER 7 GROUP g State ready STATE dead"), some);
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in [
            "qpurge q foo",
            "qpurge q state",
            "qpurge q state all",
            "qpurge q group g group g",
            "qpurge q older 1 older 1",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let text = "ERR OLDER must be a number from 0 to 9007199254740991";
        assert_eq!(refusal("qpurge q older x"), text);
    }
}
