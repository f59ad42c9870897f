//! HSET, HMSET: values for fields.

use lockstep_core::Outcome;
use lockstep_core::keys::hashes::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec, error};

/// HSET.
pub const HSET: Command = Command { spec: &HSET_SPEC, parse, reply: plain, subcommands: &[] };

/// HMSET.
pub const HMSET: Command =
    Command { spec: &HMSET_SPEC, parse: parse_old, reply: ok, subcommands: &[] };

static HSET_SPEC: Spec = Spec {
    name: "hset",
    usage: "HSET key field value [field value ...]",
    summary: "Sets fields of the hash at a key to values and returns how many of the fields are new.",
    since: "2.0.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -4,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@hash", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

static HMSET_SPEC: Spec = Spec {
    name: "hmset",
    usage: "HMSET key field value [field value ...]",
    summary: "Does the same as HSET and returns OK.",
    since: "2.0.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -4,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@hash", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    set(ctx, args, "hset")
}

fn parse_old<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    set(ctx, args, "hmset")
}

fn set<'a>(ctx: &Context, mut args: Args<'a>, name: &str) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let (pairs, rest) = args.all().as_chunks();
    if !rest.is_empty() {
        return Err(error::wrong_arity(name));
    }
    let pairs = pairs.iter().map(|[field, value]| (*field, *value)).collect();
    Ok(on(ctx, key, Op::Set { pairs }))
}

fn ok(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Int(_) => Reply::Ok,
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashes::tests::op;
    use crate::testing::{refusal, reply_to};

    #[test]
    fn fields_and_values_come_in_pairs() {
        let set = Op::Set { pairs: vec![(b"a", b"1"), (b"b", b"2")] };
        assert_eq!(op("hset k a 1 b 2"), set);
        assert_eq!(op("hmset k a 1 b 2"), set);
        let text = "ERR wrong number of arguments for 'hset' command";
        assert_eq!(refusal("hset k a 1 b"), text);
        assert_eq!(refusal("hmset k a 1 b"), text.replace("hset", "hmset"));
    }

    #[test]
    fn the_older_one_only_says_that_it_is_done() {
        assert_eq!(reply_to("hset k a 1", Outcome::Int(1)), Reply::Int(1));
        assert_eq!(reply_to("hmset k a 1", Outcome::Int(1)), Reply::Ok);
    }
}
