//! QRESCHEDULE: another time for a message that nobody has.

use lockstep_core::queues::{Op, Visible};

use super::words::{id, name, visible};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QRESCHEDULE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qreschedule",
    usage: "QRESCHEDULE queue id <DELAY ms | AT unix-time-milliseconds | NOW>",
    summary: "Hides a message that is ready or delayed from now for so long, or until then, or \
              shows it at once. 1, or 0 when there is no such message.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(log(N)) where N is the number of messages",
    arity: -4,
    flags: &["write", "fast"],
    acl: &["@queue", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let (part, seq) = id(args.word()?)?;
    let visible = match args.token("now") {
        true => Visible::Now {},
        false => visible(&mut args)?.ok_or(error::SYNTAX)?,
    };
    args.end()?;
    Ok(Op::Reschedule { queue, part, seq, visible }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{queue_op, refusal};

    #[test]
    fn a_message_gets_another_time() {
        let op = |visible| Op::Reschedule { queue: b"q", part: 3, seq: 9, visible };
        assert_eq!(queue_op("qreschedule q 3-9 now"), op(Visible::Now {}));
        assert_eq!(queue_op("QRESCHEDULE q 3-9 DELAY 5"), op(Visible::In { ms: 5 }));
        assert_eq!(queue_op("qreschedule q 3-9 at 5"), op(Visible::At { ms: 5 }));
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in ["qreschedule q 0-1 foo", "qreschedule q 0-1 now now", "qreschedule q 0-1 at"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let text = "QBADID not an id, it must be of the form partition-number";
        assert_eq!(refusal("qreschedule q 9 now"), text);
    }
}
