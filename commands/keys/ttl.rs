//! TTL, PTTL, EXPIRETIME, PEXPIRETIME: how long a key lives.

use lockstep_core::keys::{Op, TtlForm};

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// TTL.
pub const TTL: Command =
    Command { spec: &TTL_SPEC, parse: parse_ttl, reply: plain, subcommands: &[] };

/// PTTL.
pub const PTTL: Command =
    Command { spec: &PTTL_SPEC, parse: parse_pttl, reply: plain, subcommands: &[] };

/// EXPIRETIME.
pub const EXPIRETIME: Command =
    Command { spec: &EXPIRETIME_SPEC, parse: parse_expiretime, reply: plain, subcommands: &[] };

/// PEXPIRETIME.
pub const PEXPIRETIME: Command =
    Command { spec: &PEXPIRETIME_SPEC, parse: parse_pexpiretime, reply: plain, subcommands: &[] };

static TTL_SPEC: Spec = Spec {
    name: "ttl",
    usage: "TTL key",
    summary: "Returns the seconds a key has left; -1: without end, -2: no such key.",
    since: "1.0.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@keyspace", "@read", "@fast"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static PTTL_SPEC: Spec = Spec {
    name: "pttl",
    usage: "PTTL key",
    summary: "Returns the milliseconds a key has left; -1: without end, -2: no such key.",
    since: "2.6.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@keyspace", "@read", "@fast"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static EXPIRETIME_SPEC: Spec = Spec {
    name: "expiretime",
    usage: "EXPIRETIME key",
    summary: "Returns the Unix time in seconds a key ends at; -1: never, -2: no such key.",
    since: "7.0.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@keyspace", "@read", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static PEXPIRETIME_SPEC: Spec = Spec {
    name: "pexpiretime",
    usage: "PEXPIRETIME key",
    summary: "Returns the Unix time in milliseconds a key ends at; -1: never, -2: no such key.",
    since: "7.0.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@keyspace", "@read", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse_ttl<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, TtlForm::Seconds {})
}

fn parse_pttl<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, TtlForm::Millis {})
}

fn parse_expiretime<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, TtlForm::AtSeconds {})
}

fn parse_pexpiretime<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, TtlForm::AtMillis {})
}

fn parse<'a>(ctx: &Context, mut args: Args<'a>, form: TtlForm) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Ttl { db: ctx.db, key: args.word()?, form }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    #[test]
    fn each_has_its_form() {
        let op = |form| Op::Ttl { db: DB, key: b"k", form };
        assert_eq!(key_op("ttl k"), op(TtlForm::Seconds {}));
        assert_eq!(key_op("pttl k"), op(TtlForm::Millis {}));
        assert_eq!(key_op("expiretime k"), op(TtlForm::AtSeconds {}));
        assert_eq!(key_op("pexpiretime k"), op(TtlForm::AtMillis {}));
    }
}
