//! QPUSH: a message for a queue.

use lockstep_core::queues::{Form, Op, WHOLE};

use super::manner::{Asked, body};
use super::words::name;
use crate::locks::words::flag;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QPUSH.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qpush",
    usage: "QPUSH queue body [DELAY ms | AT unix-time-milliseconds] [TTL ms] [PRI priority] \
            [GROUP group] [VT ms] [MAXDELIVER count] [DEDUP dedup-id [WINDOW ms] [REPLACE]] \
            [HDR count <name value> [name value ...]] [MAXLEN count] [NOCREATE] [TIMEOUT ms] \
            [WITHSTATUS]",
    summary: "Puts a message at the end of a queue and gives its id. The queue is made if it is \
              not there, unless NOCREATE. DELAY and AT hide the message for so long, or until \
              then. TTL says how long it lives, PRI how urgent it is (0 to 31, if the queue's \
              order is PRI), GROUP which messages it has to come in order with, VT and MAXDELIVER \
              what is meant for it instead of what the queue says, HDR what else a consumer is to \
              know (WITHMETA). With DEDUP a message with the same id that was pushed less than \
              WINDOW ago, or with WINDOW 0 that is still there, is not pushed again: its id is \
              given; REPLACE puts the new one in its place as long as nobody has it. MAXLEN \
              refuses the message when there are so many. WITHSTATUS gives the id and new, dup or \
              replaced. TIMEOUT changes nothing: a push is answered or refused as soon as the \
              shard can say.",
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

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (queue, body) = (name(&mut args)?, body(ctx, &mut args)?);
    let (mut asked, mut with_status) = (Asked::default(), false);
    while !args.is_empty() {
        let known =
            asked.take("qpush", &mut args)? || flag(&mut with_status, "withstatus", &mut args)?;
        if !known {
            return Err(error::SYNTAX);
        }
    }
    let (length_max, create) = (asked.length_max(), asked.creates());
    let form = if with_status { Form::IdAndState {} } else { Form::Id {} };
    let (manner, bodies) = (asked.manner()?, vec![body]);
    Ok(Op::Push { queue, part: WHOLE, bodies, manner, length_max, create, atomic: false, form }
        .into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::{Dedup, Manner, Visible};
    use lockstep_core::{Fault, Outcome};

    use super::*;
    use crate::Reply;
    use crate::testing::{context, queue_op, refusal, reply_to};

    fn manner_of(line: &'static str) -> Manner<'static> {
        match queue_op(line) {
            Op::Push { manner, .. } => manner,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn dedup_of(line: &'static str) -> Option<Dedup<'static>> {
        let Manner::Of { dedup, .. } = manner_of(line);
        dedup
    }

    #[test]
    fn a_message_may_be_hidden_for_a_while() {
        let push = |manner| Op::Push {
            queue: b"q",
            part: WHOLE,
            bodies: vec![b"b"],
            manner,
            length_max: None,
            create: true,
            atomic: false,
            form: Form::Id {},
        };
        assert_eq!(queue_op("qpush q b"), push(Manner::PLAIN));
        let push = |visible| push(Manner::visible(visible));
        assert_eq!(queue_op("QPUSH q b DELAY 5"), push(Visible::In { ms: 5 }));
        assert_eq!(queue_op("qpush q b at 5"), push(Visible::At { ms: 5 }));
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        let all = Op::Push {
            queue: b"q",
            part: WHOLE,
            bodies: vec![b"b"],
            manner: Manner::Of {
                visible: Some(Visible::In { ms: 5 }),
                ttl_ms: Some(60_000),
                priority: Some(31),
                group: None,
                lease_ms: Some(7),
                fails_max: Some(0),
                headers: vec![(b"k", b"v"), (b"", b"w")],
                dedup: Some(Dedup::Of { id: b"d", window_ms: Some(0), replace: true }),
            },
            length_max: Some(9),
            create: false,
            atomic: false,
            form: Form::IdAndState {},
        };
        let line = "qpush q b delay 5 ttl 60000 pri 31 vt 7 maxdeliver 0 hdr 2 k v \"\" w dedup d \
                    window 0 replace maxlen 9 nocreate timeout 100 withstatus";
        assert_eq!(queue_op(line), all);
        let line = "QPUSH q b WithStatus TIMEOUT 100 NOCREATE MaxLen 9 DEDUP d REPLACE WINDOW 0 \
                    HDR 2 k v \"\" w MAXDELIVER 0 VT 7 PRI 31 TTL 60000 DELAY 5";
        assert_eq!(queue_op(line), all);
        let Manner::Of { group, .. } = manner_of("qpush q b group g");
        assert_eq!(group, Some(&b"g"[..]));
    }

    #[test]
    fn the_window_is_that_of_the_queue_unless_said() {
        let dedup = |window_ms, replace| Some(Dedup::Of { id: b"d", window_ms, replace });
        assert_eq!(dedup_of("qpush q b dedup d"), dedup(None, false));
        assert_eq!(dedup_of("qpush q b dedup d replace"), dedup(None, true));
        assert_eq!(dedup_of("qpush q b dedup d window 7"), dedup(Some(7), false));
    }

    #[test]
    fn words_that_contradict_or_repeat_each_other_are_a_syntax_error() {
        for line in [
            "qpush q b foo",
            "qpush q b delay",
            "qpush q b delay 1 at 1",
            "qpush q b delay 1 delay 1",
            "qpush q b ttl 1 ttl 1",
            "qpush q b pri 1 pri 1",
            "qpush q b group g group g",
            "qpush q b vt 1 vt 1",
            "qpush q b maxdeliver 1 maxdeliver 1",
            "qpush q b dedup d dedup d",
            "qpush q b dedup d replace replace",
            "qpush q b dedup d window 1 window 1",
            "qpush q b window 1",
            "qpush q b replace",
            "qpush q b hdr 1 k v hdr 1 k v",
            "qpush q b hdr 2 k v w",
            "qpush q b maxlen 1 maxlen 1",
            "qpush q b nocreate nocreate",
            "qpush q b timeout 1 timeout 1",
            "qpush q b withstatus withstatus",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        let delay = "ERR delay is not a positive integer or out of range";
        assert_eq!(refusal("qpush q b delay -1"), delay);
        assert_eq!(refusal("qpush q b at x"), delay);
        for (line, text) in [
            ("qpush q b ttl 0", "ERR TTL must be a number from 1 to 315360000000"),
            ("qpush q b ttl 315360000001", "ERR TTL must be a number from 1 to 315360000000"),
            ("qpush q b pri 32", "ERR PRI must be a number from 0 to 31"),
            ("qpush q b pri -1", "ERR PRI must be a number from 0 to 31"),
            ("qpush q b maxdeliver 1000001", "ERR MAXDELIVER must be a number from 0 to 1000000"),
            ("qpush q b maxlen 0", "ERR MAXLEN must be a number from 1 to 9007199254740991"),
            ("qpush q b dedup d window -1", "ERR WINDOW must be a number from 0 to 315360000000"),
            ("qpush q b timeout x", "ERR TIMEOUT must be a number from 0 to 315360000000"),
            (
                "qpush q b vt 0",
                "ERR invalid visibility timeout in 'qpush' command, \
                 it must be between 1 and 43200000 milliseconds",
            ),
        ] {
            assert_eq!(refusal(line), text, "{line}");
        }
    }

    #[test]
    fn names_have_bounds() {
        assert_eq!(refusal("qpush q b group \"\""), "ERR the name of a group has 1 to 256 bytes");
        assert_eq!(refusal("qpush q b dedup \"\""), "ERR the id behind DEDUP has 1 to 256 bytes");
        let long: &'static str = format!("qpush q b dedup {}", "x".repeat(257)).leak();
        assert_eq!(refusal(long), "ERR the id behind DEDUP has 1 to 256 bytes");
        let text = "ERR a message has at most 64 headers, \
                    and their names and values at most 65536 bytes";
        assert_eq!(refusal("qpush q b hdr 65 k v"), text);
        assert_eq!(refusal("qpush q b hdr 0"), text);
        let large: &'static str = format!("qpush q b hdr 1 k {}", "x".repeat(65_536)).leak();
        assert_eq!(refusal(large), text);
    }

    #[test]
    fn a_message_of_a_group_keeps_its_place() {
        let text = "QGROUP a message of a group keeps its place: no DELAY, no AT and no PRI";
        for line in
            ["qpush q b group g delay 1", "qpush q b at 1 group g", "qpush q b pri 1 group g"]
        {
            assert_eq!(refusal(line), text, "{line}");
        }
    }

    #[test]
    fn a_body_that_is_too_large_is_refused() {
        let body = vec![0; 1024 * 1024 + 1];
        let words: [&[u8]; 3] = [b"qpush", b"q", &body];
        let text = "QTOOBIG the body of a message has at most 1048576 bytes \
                    (queue-message-bytes-max)";
        assert_eq!(parse(&context(), Args::new(&words, 1)), Err(BadArgs(text.into())));
        let words: [&[u8]; 3] = [b"qpush", &body[..4097], b"b"];
        assert_eq!(parse(&context(), Args::new(&words, 1)), Err(error::QUEUE_NAME_TOO_LONG));
    }

    #[test]
    fn why_a_message_was_refused_is_told_with_a_code() {
        let text = |outcome| match reply_to("qpush q b", outcome) {
            Reply::Error(bad) => bad.0.into_owned(),
            other => panic!("{other:?}"),
        };
        let full = Outcome::Refused { fault: Fault::QueueFull, text: b"len 100".to_vec() };
        assert_eq!(text(full), "QFULL len 100");
        let paused = "QPAUSED IN the queue takes no messages at the moment";
        assert_eq!(text(Fault::QueuePaused.into()), paused);
        assert_eq!(text(Fault::NoSuchQueue.into()), "NOQUEUE no such queue");
        let group = "QGROUP the queue's setting GROUPS does not allow this message";
        assert_eq!(text(Fault::NeedsGroup.into()), group);
        assert!(text(Fault::WrongType.into()).starts_with("WRONGTYPE "));
    }

    #[test]
    fn the_status_stands_behind_the_id() {
        let id = Outcome::Bytes(b"0-1".to_vec());
        assert_eq!(reply_to("qpush q b", id.clone()), Reply::bulk("0-1"));
        let both = reply_to("qpush q b", Outcome::List(vec![id, Outcome::Word("dup")]));
        assert_eq!(both, Reply::Array(vec![Reply::bulk("0-1"), Reply::Simple("dup")]));
    }
}
