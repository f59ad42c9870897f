//! FLUSHALL, FLUSHDB: the end of all keys.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Request, Road, Spec, error};

/// FLUSHALL.
pub const FLUSHALL: Command =
    Command { spec: &FLUSHALL_SPEC, parse: parse_flushall, reply: plain, subcommands: &[] };

/// FLUSHDB.
pub const FLUSHDB: Command =
    Command { spec: &FLUSHDB_SPEC, parse: parse_flushdb, reply: plain, subcommands: &[] };

static FLUSHALL_SPEC: Spec = Spec {
    name: "flushall",
    usage: "FLUSHALL [ASYNC | SYNC]",
    summary: "Deletes all keys of all databases.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "O(N) where N is the number of keys",
    arity: -1,
    flags: &["write"],
    acl: &["@keyspace", "@write", "@slow", "@dangerous"],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    keys: &[],
    road: Road::Log,
};

static FLUSHDB_SPEC: Spec = Spec {
    name: "flushdb",
    usage: "FLUSHDB [ASYNC | SYNC]",
    summary: "Deletes all keys of the selected database.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "O(N) where N is the number of keys in the database",
    arity: -1,
    flags: &["write"],
    acl: &["@keyspace", "@write", "@slow", "@dangerous"],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    keys: &[],
    road: Road::Log,
};

fn parse_flushall<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    manner(args)?;
    Ok(Op::FlushAll {}.into())
}

fn parse_flushdb<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    manner(args)?;
    Ok(Op::FlushDb { db: ctx.db }.into())
}

/// ASYNC and SYNC mean the same here: the keys are gone at once, their memory soon.
fn manner(mut args: Args<'_>) -> Result<(), BadArgs> {
    if args.len() > 1 || !(args.is_empty() || args.token("ASYNC") || args.token("SYNC")) {
        return Err(error::SYNTAX);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn the_manner_changes_nothing() {
        assert_eq!(key_op("flushall"), Op::FlushAll {});
        assert_eq!(key_op("flushall async"), Op::FlushAll {});
        assert_eq!(key_op("flushdb sync"), Op::FlushDb { db: DB });
        assert_eq!(refusal("flushall foo"), "ERR syntax error");
        assert_eq!(refusal("flushdb sync async"), "ERR syntax error");
    }
}
