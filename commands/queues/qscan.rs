//! QSCAN: all queues, some at a time.

use super::words::{NUMBER_MAX, count, cursor, take_number};
use crate::here::QueueCall;
use crate::locks::words::{flag, once};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

/// QSCAN.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qscan",
    usage: "QSCAN cursor [MATCH pattern] [COUNT count] [MINLEN count] [DEAD]",
    summary: "Returns the names of some queues and the cursor to go on with; cursor 0 starts and \
              ends a scan. One loop walks all shards. MATCH, MINLEN and DEAD want those whose \
              names fit, with so many messages, or with dead ones.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(1) for every call, O(N) for a whole scan where N is the number of queues",
    arity: -2,
    flags: &["readonly"],
    acl: &["@queue", "@read", "@slow"],
    tips: &["nondeterministic_output", "request_policy:special"],
    keys: &[],
    road: Road::Here,
};

const COUNT: u64 = 10;

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let cursor = cursor(&mut args)?;
    let (mut pattern, mut limit, mut length_min, mut dead) = (None, None, None, false);
    while !args.is_empty() {
        if args.token("match") {
            once(&mut pattern, args.word()?)?;
        } else if args.token("count") {
            once(&mut limit, count(&mut args)?)?;
        } else if !take_number(&mut length_min, "MINLEN", 0, NUMBER_MAX, &mut args)?
            && !flag(&mut dead, "dead", &mut args)?
        {
            return Err(error::SYNTAX);
        }
    }
    let count = limit.unwrap_or(COUNT);
    Ok(Here::Queue(QueueCall::Scan { cursor, count, pattern, length_min, dead }).into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Outcome;

    use super::*;
    use crate::Reply;
    use crate::testing::{refusal, reply_to, request};

    #[test]
    fn filters_come_in_any_order_and_case() {
        let (pattern, length_min) = (None, None);
        let bare = QueueCall::Scan { cursor: 0, count: 10, pattern, length_min, dead: false };
        assert_eq!(request("qscan 0"), Here::Queue(bare).into());
        let (pattern, length_min) = (Some(&b"a*"[..]), Some(7));
        let all = QueueCall::Scan { cursor: u64::MAX, count: 3, pattern, length_min, dead: true };
        let line = "qscan 18446744073709551615 match a* count 3 minlen 7 dead";
        assert_eq!(request(line), Here::Queue(all.clone()).into());
        let line = "QSCAN 18446744073709551615 Dead MINLEN 7 COUNT 3 MATCH a*";
        assert_eq!(request(line), Here::Queue(all).into());
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in
            ["qscan 0 foo", "qscan 0 dead dead", "qscan 0 match", "qscan 0 minlen 1 minlen 1"]
        {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        for line in ["qscan x", "qscan -1", "qscan +1"] {
            assert_eq!(refusal(line), "ERR invalid cursor", "{line}");
        }
    }

    #[test]
    fn the_reply_is_a_cursor_and_names() {
        let names = Outcome::List(vec![Outcome::Bytes(b"a".to_vec())]);
        let outcome = Outcome::List(vec![Outcome::Bytes(b"5".to_vec()), names]);
        let shown = Reply::Array(vec![Reply::bulk("5"), Reply::Array(vec![Reply::bulk("a")])]);
        assert_eq!(reply_to("qscan 0", outcome), shown);
    }
}
