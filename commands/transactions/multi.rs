//! MULTI, EXEC, DISCARD: several commands as one.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec};

/// MULTI.
pub const MULTI: Command =
    Command { spec: &MULTI_SPEC, parse: parse_multi, reply: plain, subcommands: &[] };

/// EXEC.
pub const EXEC: Command =
    Command { spec: &EXEC_SPEC, parse: parse_exec, reply: plain, subcommands: &[] };

/// DISCARD.
pub const DISCARD: Command =
    Command { spec: &DISCARD_SPEC, parse: parse_discard, reply: plain, subcommands: &[] };

static MULTI_SPEC: Spec = Spec {
    name: "multi",
    usage: "MULTI",
    summary: "Starts a transaction: the commands that follow are kept until EXEC.",
    since: "1.2.0",
    group: Group::Transactions,
    complexity: "O(1)",
    arity: 1,
    flags: &["noscript", "loading", "stale", "fast", "allow_busy"],
    acl: &["@fast", "@transaction"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static EXEC_SPEC: Spec = Spec {
    name: "exec",
    usage: "EXEC",
    summary: "Runs the kept commands as one, all or, if a watched key has changed, none.",
    since: "1.2.0",
    group: Group::Transactions,
    complexity: "Depends on the commands",
    arity: 1,
    flags: &["noscript", "loading", "stale", "skip_slowlog"],
    acl: &["@slow", "@transaction"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static DISCARD_SPEC: Spec = Spec {
    name: "discard",
    usage: "DISCARD",
    summary: "Forgets the kept commands and the watched keys.",
    since: "2.0.0",
    group: Group::Transactions,
    complexity: "O(N) where N is the number of kept commands",
    arity: 1,
    flags: &["noscript", "loading", "stale", "fast", "allow_busy"],
    acl: &["@fast", "@transaction"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_multi<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Multi.into())
}

fn parse_exec<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Exec.into())
}

fn parse_discard<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Discard.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn they_take_no_arguments() {
        assert_eq!(request("MULTI"), Here::Multi.into());
        assert_eq!(request("exec"), Here::Exec.into());
        assert_eq!(request("discard"), Here::Discard.into());
        assert_eq!(refusal("exec x"), "ERR wrong number of arguments for 'exec' command");
    }
}
