//! QLIST: the names of all queues at once.

use crate::here::QueueCall;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec};

/// QLIST.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qlist",
    usage: "QLIST [pattern]",
    summary: "Returns the names of all queues of all shards, or of those that fit. With many \
              queues use QSCAN.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(N) where N is the number of queues",
    arity: -1,
    flags: &["readonly"],
    acl: &["@queue", "@read", "@slow", "@dangerous"],
    tips: &["request_policy:all_shards", "nondeterministic_output_order"],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let pattern = args.next();
    args.end()?;
    Ok(Here::Queue(QueueCall::List { pattern }).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn all_or_those_that_fit_are_listed() {
        let list = |pattern| Request::from(Here::Queue(QueueCall::List { pattern }));
        assert_eq!(request("qlist"), list(None));
        assert_eq!(request("QLIST a*"), list(Some(b"a*")));
        assert_eq!(refusal("qlist a b"), "ERR syntax error");
    }
}
