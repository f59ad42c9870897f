//! LATCHSET, LATCHDOWN, LATCHWAIT, LATCHGET: waiting until so many are done.

use lockstep_core::Wait;
use lockstep_core::locks::{LEASE_MS_MAX, Op};

use super::words::{name, positive, ttl};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, waiting};

/// LATCHSET.
pub const SET: Command =
    Command { spec: &SET_SPEC, parse: parse_set, reply: plain, subcommands: &[] };
/// LATCHDOWN.
pub const DOWN: Command =
    Command { spec: &DOWN_SPEC, parse: parse_down, reply: plain, subcommands: &[] };
/// LATCHWAIT.
pub const WAIT: Command =
    Command { spec: &WAIT_SPEC, parse: parse_wait, reply: plain, subcommands: &[] };
/// LATCHGET.
pub const GET: Command =
    Command { spec: &GET_SPEC, parse: parse_get, reply: plain, subcommands: &[] };

static SET_SPEC: Spec = Spec {
    name: "latchset",
    usage: "LATCHSET key count [PX milliseconds | EX seconds]",
    summary: "Sets a latch that opens when it was counted down so often; 0 opens it. Tells the \
              count. It is forgotten, and whoever waits goes on, after a day unless another time \
              to live is given.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(1)",
    arity: -3,
    flags: &["write", "denyoom", "fast"],
    acl: &["@lock", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 1)],
    road: Road::Log,
};

static DOWN_SPEC: Spec = Spec {
    name: "latchdown",
    usage: "LATCHDOWN key [count]",
    summary: "Counts a latch down by one, or by more, and tells what is left. At 0 it opens: all \
              who wait go on.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(N) where N is the number of those who wait and go on",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@lock", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

static WAIT_SPEC: Spec = Spec {
    name: "latchwait",
    usage: "LATCHWAIT key [BLOCK milliseconds]",
    summary: "Waits until a latch is open: 0, or nil when it was not open in time. BLOCK says \
              for how long, 0 without end; without it what is left is told at once.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of those who wait",
    arity: -2,
    flags: &["write", "blocking"],
    acl: &["@lock", "@write", "@blocking"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access"], 1)],
    road: Road::Log,
};

static GET_SPEC: Spec = Spec {
    name: "latchget",
    usage: "LATCHGET key",
    summary: "Tells what is left of a latch, 0 when it is open, nil when there is none.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@lock", "@read", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse_set<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (name, count) = (name(&mut args)?, args.integer_in(0, u32::MAX.into())? as u64);
    let ttl_ms = ttl("latchset", &mut args)?.unwrap_or(LEASE_MS_MAX);
    args.end()?;
    Ok(Op::LatchSet { name, count, ttl_ms }.into())
}

fn parse_down<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let by = if args.is_empty() { 1 } else { positive(&mut args)? };
    args.end()?;
    Ok(Op::LatchDown { name, by: by.into() }.into())
}

fn parse_wait<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let (origin, request) = (ctx.origin, ctx.request);
    let wait = match args.token("block") {
        true => Some(Wait::For { origin, request, block_ms: waiting::milliseconds(&mut args)? }),
        false => None,
    };
    args.end()?;
    Ok(Op::LatchWait { name, wait, client: origin }.into())
}

fn parse_get<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::LatchGet { name: name(&mut args)? }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, lock_op, refusal};

    #[test]
    fn each_command_asks_for_its_own() {
        let name = b"l";
        let set = |ttl_ms| Op::LatchSet { name, count: 3, ttl_ms };
        assert_eq!(lock_op("latchset l 3"), set(86_400_000));
        assert_eq!(lock_op("LATCHSET l 3 EX 5"), set(5000));
        assert_eq!(lock_op("latchdown l"), Op::LatchDown { name, by: 1 });
        assert_eq!(lock_op("latchdown l 2"), Op::LatchDown { name, by: 2 });
        let client = context().origin;
        assert_eq!(lock_op("latchwait l"), Op::LatchWait { name, wait: None, client });
        let wait = Some(Wait::For { origin: client, request: context().request, block_ms: 5 });
        assert_eq!(lock_op("LATCHWAIT l Block 5"), Op::LatchWait { name, wait, client });
        assert_eq!(lock_op("latchget l"), Op::LatchGet { name });
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in ["latchset l 3 foo", "latchdown l 1 1", "latchwait l foo", "latchwait l block"]
        {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let bounds = "ERR value is out of range, value must between 1 and 4294967295";
        let count = "ERR value is out of range, value must between 0 and 4294967295";
        assert_eq!(refusal("latchset l -1"), count);
        assert_eq!(refusal("latchdown l 0"), bounds);
        assert_eq!(refusal("latchset l 1 px 0"), "ERR invalid expire time in 'latchset' command");
        assert_eq!(refusal("latchwait l block -1"), "ERR timeout is negative");
    }
}
