//! QPOP: the next messages of a queue.

use lockstep_core::queues::{Op, WHOLE};

use super::shown::deliveries;
use super::wanted::Wanted;
use super::words::name;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// QPOP.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: deliveries, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qpop",
    usage: "QPOP queue [COUNT count] [MAXBYTES bytes] [BLOCK milliseconds] [VT ms] \
            [CONSUMER consumer | SESSION session] [REQID request-id] [NOACK] [WITHMETA] \
            [GROUP group] [MINPRI priority]",
    summary: "Delivers the next message, or up to COUNT of them and no more bytes than MAXBYTES \
              (but one message at least), each with the receipt to ack it by. What is not acked \
              within the visibility timeout VT (that of the message, else of the queue) is \
              delivered again. NOACK settles the messages right away. BLOCK waits for a message \
              for at most so long, 0 without end. CONSUMER is a name for QPENDING; with SESSION \
              the messages come back when that session ends. REQID makes it safe to ask again: \
              the same id gets the same deliveries as long as they last. GROUP and MINPRI want \
              messages of one group, or of at least that priority. WITHMETA tells what is known \
              about each message.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(M*log(N)) where N is the number of messages and M how many are delivered",
    arity: -2,
    flags: &["write", "blocking"],
    acl: &["@queue", "@write", "@blocking"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let mut wanted = Wanted::default();
    while !args.is_empty() {
        if !wanted.take("qpop", "count", &mut args)? {
            return Err(error::SYNTAX);
        }
    }
    let (queues, want, wait) = (vec![queue], wanted.want(), wanted.wait(ctx));
    Ok(Op::Pop { queues, part: WHOLE, want, named: false, fair: false, wait }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::Want;
    use lockstep_core::{Fault, Outcome, Wait};

    use super::*;
    use crate::Reply;
    use crate::testing::{context, queue_op, refusal, reply_to};

    fn pop(want: Want<'static>, wait: Option<Wait>) -> Op<'static> {
        Op::Pop { queues: vec![b"q"], part: WHOLE, want, named: false, fair: false, wait }
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        assert_eq!(queue_op("qpop q"), pop(Want::ONE, None));
        let (origin, request) = (context().origin, context().request);
        let wait = Some(Wait::For { origin, request, block_ms: 0 });
        let want = Want::Of {
            count: Some(3),
            bytes_max: Some(9),
            lease_ms: Some(5),
            settle: true,
            meta: true,
            group: Some(b"g"),
            priority_min: Some(4),
            consumer: Some(b"c"),
            session: None,
            request: Some(b"r"),
        };
        let all = pop(want, wait);
        let line = "qpop q count 3 maxbytes 9 block 0 vt 5 consumer c reqid r noack withmeta \
                    group g minpri 4";
        assert_eq!(queue_op(line), all);
        let line = "QPOP q MinPri 4 GROUP g WithMeta NOACK REQID r CONSUMER c VT 5 BLOCK 0 \
                    MAXBYTES 9 COUNT 3";
        assert_eq!(queue_op(line), all);
        let Op::Pop { want: Want::Of { session, consumer, .. }, .. } =
            queue_op("qpop q session s1")
        else {
            panic!("no pop")
        };
        assert_eq!((session, consumer), (Some(&b"s1"[..]), None));
    }

    #[test]
    fn words_that_contradict_or_repeat_each_other_are_a_syntax_error() {
        for line in [
            "qpop q foo",
            "qpop q count",
            "qpop q count 1 count 1",
            "qpop q maxbytes 1 maxbytes 1",
            "qpop q noack noack",
            "qpop q vt 1 vt 1",
            "qpop q block 1 block 1",
            "qpop q consumer c session s",
            "qpop q session s consumer c",
            "qpop q consumer c consumer c",
            "qpop q reqid r reqid r",
            "qpop q withmeta withmeta",
            "qpop q group g group g",
            "qpop q minpri 1 minpri 1",
            "qpop q pop 1",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn numbers_and_names_have_bounds() {
        let count = "ERR value is out of range, value must between 1 and 10000";
        assert_eq!(refusal("qpop q count 0"), count);
        assert_eq!(refusal("qpop q count 10001"), count);
        let visibility = "ERR invalid visibility timeout in 'qpop' command, \
                          it must be between 1 and 43200000 milliseconds";
        assert_eq!(refusal("qpop q vt 0"), visibility);
        assert_eq!(refusal("qpop q vt 43200001"), visibility);
        assert_eq!(refusal("qpop q block -1"), "ERR timeout is negative");
        let bytes = "ERR MAXBYTES must be a number from 1 to 9007199254740991";
        assert_eq!(refusal("qpop q maxbytes 0"), bytes);
        assert_eq!(refusal("qpop q minpri 32"), "ERR MINPRI must be a number from 0 to 31");
        assert_eq!(
            refusal("qpop q consumer \"\""),
            "ERR the name of a consumer has 1 to 256 bytes"
        );
        assert_eq!(refusal("qpop q reqid \"\""), "ERR the id of a request has 1 to 64 bytes");
        assert!(refusal("qpop q session \"\"").starts_with("NOSESSION "));
    }

    #[test]
    fn nothing_is_a_null_array() {
        assert_eq!(reply_to("qpop q", Outcome::Nil), Reply::NilArray);
        let pair = vec![Outcome::Bytes(b"0-1-1".to_vec()), Outcome::Bytes(b"b".to_vec())];
        let shown = Reply::Array(vec![Reply::bulk("0-1-1"), Reply::bulk("b")]);
        assert_eq!(reply_to("qpop q", Outcome::List(pair)), shown);
    }

    #[test]
    fn a_full_line_is_an_error() {
        let full = reply_to("qpop q", Fault::Limit.into());
        assert_eq!(full, Reply::Error(error::CONSUMERS_FULL));
    }
}
