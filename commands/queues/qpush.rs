//! QPUSH: a message for a queue.

use lockstep_core::queues::{BODY_BYTES_MAX, Op, Visible};

use super::words::{delay, name};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QPUSH.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qpush",
    usage: "QPUSH queue body [DELAY ms | AT unix-time-milliseconds]",
    summary: "Puts a message at the end of a queue and gives its id. The queue is made if it is \
              not there. DELAY and AT hide the message for so long, or until then.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(log(N)) where N is the number of messages",
    arity: -3,
    flags: &["write", "denyoom", "fast"],
    acl: &["@queue", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let body = args.word()?;
    if body.len() > BODY_BYTES_MAX {
        return Err(error::BODY_TOO_BIG);
    }
    let visible = if args.token("delay") {
        Visible::In { ms: delay(&mut args)? }
    } else if args.token("at") {
        Visible::At { ms: delay(&mut args)? }
    } else {
        Visible::Now {}
    };
    args.end()?;
    Ok(Op::Push { queue, body, visible }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, queue_op, refusal};

    #[test]
    fn a_message_may_be_hidden_for_a_while() {
        let push = |visible| Op::Push { queue: b"q", body: b"b", visible };
        assert_eq!(queue_op("qpush q b"), push(Visible::Now {}));
        assert_eq!(queue_op("QPUSH q b DELAY 5"), push(Visible::In { ms: 5 }));
        assert_eq!(queue_op("qpush q b at 5"), push(Visible::At { ms: 5 }));
    }

    #[test]
    fn only_one_time_can_be_given() {
        for line in ["qpush q b foo", "qpush q b delay", "qpush q b delay 1 at 1"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let text = "ERR delay is not a positive integer or out of range";
        assert_eq!(refusal("qpush q b delay -1"), text);
        assert_eq!(refusal("qpush q b at x"), text);
    }

    #[test]
    fn a_body_that_is_too_large_is_refused() {
        let body = vec![0; BODY_BYTES_MAX + 1];
        let words: [&[u8]; 3] = [b"qpush", b"q", &body];
        assert_eq!(parse(&context(), Args::new(&words, 1)), Err(error::BODY_TOO_BIG));
        let words: [&[u8]; 3] = [b"qpush", &body[..4097], b"b"];
        assert_eq!(parse(&context(), Args::new(&words, 1)), Err(error::QUEUE_NAME_TOO_LONG));
    }
}
