//! QMPOP: the next messages of the first of several queues that has any.

use lockstep_core::queues::{Op, QUEUES_PER_POP, WHOLE};

use super::shown::named_deliveries;
use super::wanted::Wanted;
use super::words::{name, same_home};
use crate::here::QueueCall;
use crate::locks::words::flag;
use crate::{Args, BadArgs, Command, Context, Group, Here, KeySpec, Request, Road, Spec, error};

/// QMPOP.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse, reply: named_deliveries, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qmpop",
    usage: "QMPOP numkeys queue [queue ...] [FAIR] [COUNT count] [MAXBYTES bytes] \
            [BLOCK milliseconds] [VT ms] [CONSUMER consumer | SESSION session] \
            [REQID request-id] [NOACK] [WITHMETA] [GROUP group] [MINPRI priority]",
    summary: "Delivers messages of the first queue that has any, together with its name. The \
              queues are looked at from left to right; with FAIR each comes first in turn. The \
              other words mean what they mean to QPOP.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(K+M*log(N)) where K is the number of queues, N that of messages and M how many \
                 are delivered",
    arity: -3,
    flags: &["write", "blocking", "movablekeys"],
    acl: &["@queue", "@write", "@blocking"],
    tips: &[],
    keys: &[KeySpec::counted(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queues = names(&mut args)?;
    let (mut wanted, mut fair) = (Wanted::default(), false);
    while !args.is_empty() {
        if !wanted.take("qmpop", "count", &mut args)? && !flag(&mut fair, "fair", &mut args)? {
            return Err(error::SYNTAX);
        }
    }
    let (want, wait) = (wanted.want(), wanted.wait(ctx));
    Ok(from(Op::Pop { queues, part: WHOLE, want, named: true, fair, wait }))
}

/// `numkeys` and so many names of queues.
fn names<'a>(args: &mut Args<'a>) -> Result<Vec<&'a [u8]>, BadArgs> {
    let count = usize::try_from(args.integer()?).unwrap_or(0);
    if count == 0 {
        return Err(error::NUMKEYS_NOT_POSITIVE);
    }
    if count > args.len() {
        return Err(error::SYNTAX);
    }
    if count > QUEUES_PER_POP {
        return Err(error::TOO_MANY_QUEUES);
    }
    (0..count).map(|_| name(args)).collect()
}

/// An operation that names several queues: for their shard, if they have just one.
pub(super) fn from(op: Op<'_>) -> Request<'_> {
    let first = op.name();
    let together = op.names().all(|name| same_home(first, name));
    if together { op.into() } else { Here::Queue(QueueCall::Several { op }).into() }
}

#[cfg(test)]
mod tests {
    use lockstep_core::queues::Want;
    use lockstep_core::{Outcome, Wait};

    use super::*;
    use crate::Reply;
    use crate::testing::{context, queue_op, refusal, reply_to, request};

    fn pop(queues: Vec<&'static [u8]>, want: Want<'static>, fair: bool) -> Op<'static> {
        Op::Pop { queues, part: WHOLE, want, named: true, fair, wait: None }
    }

    #[test]
    fn queues_of_one_slot_are_for_one_shard() {
        assert_eq!(queue_op("qmpop 1 a"), pop(vec![b"a"], Want::ONE, false));
        let two: Vec<&[u8]> = vec![b"{x}a", b"{x}b"];
        let three = Want::some(Some(3), None, false);
        assert_eq!(queue_op("qmpop 2 {x}a {x}b fair count 3"), pop(two.clone(), three, true));
        assert_eq!(queue_op("QMPOP 2 {x}a {x}b Count 3 FAIR"), pop(two, three, true));
    }

    #[test]
    fn queues_of_several_slots_are_for_the_node() {
        let (origin, request_number) = (context().origin, context().request);
        let wait = Some(Wait::For { origin, request: request_number, block_ms: 7 });
        let (queues, want): (Vec<&[u8]>, _) = (vec![b"a", b"b"], Want::ONE);
        let op = Op::Pop { queues, part: WHOLE, want, named: true, fair: false, wait };
        assert_eq!(request("qmpop 2 a b block 7"), Here::Queue(QueueCall::Several { op }).into());
    }

    #[test]
    fn the_number_of_queues_is_checked() {
        assert_eq!(refusal("qmpop 0 a"), "ERR numkeys should be greater than 0");
        assert_eq!(refusal("qmpop x a"), "ERR value is not an integer or out of range");
        for line in ["qmpop 2 a", "qmpop 1 a b", "qmpop 1 a fair fair"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let many: &'static str = format!("qmpop 1025{}", " q".repeat(1025)).leak();
        assert_eq!(refusal(many), "QLIMIT at most 1024 queues in one command");
    }

    #[test]
    fn the_reply_says_which_queue_it_was() {
        let bytes = |text: &str| Outcome::Bytes(text.as_bytes().to_vec());
        let delivery = Outcome::List(vec![bytes("0-1-1"), bytes("b")]);
        let outcome = Outcome::List(vec![bytes("a"), Outcome::List(vec![delivery])]);
        let shown = Reply::Array(vec![Reply::bulk("0-1-1"), Reply::bulk("b")]);
        let reply = Reply::Array(vec![Reply::bulk("a"), Reply::Array(vec![shown])]);
        assert_eq!(reply_to("qmpop 1 a", outcome), reply);
        assert_eq!(reply_to("qmpop 1 a", Outcome::Nil), Reply::NilArray);
    }
}
