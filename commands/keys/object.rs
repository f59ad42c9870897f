//! OBJECT: how a value is kept.

use lockstep_core::Outcome;
use lockstep_core::keys::{About, Op};

use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, KeySpec, Reply, Request, Road, Spec, error, help,
};

/// OBJECT.
pub const COMMAND: Command = Command::container(&SPEC, SUBCOMMANDS);

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &ENCODING, parse: parse_encoding, reply, subcommands: &[] },
    Command { spec: &FREQ, parse: parse_freq, reply: reply_freq, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &IDLETIME, parse: parse_idletime, reply: reply_idletime, subcommands: &[] },
    Command { spec: &REFCOUNT, parse: parse_refcount, reply, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "object",
    usage: "OBJECT",
    summary: "Holds the subcommands that look at how a value is kept.",
    since: "2.2.3",
    group: Group::Generic,
    complexity: "Depends on the subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Cache,
};

static ENCODING: Spec = Spec {
    name: "object|encoding",
    usage: "OBJECT ENCODING key",
    summary: "Returns how the value at a key is stored.",
    since: "2.2.3",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 3,
    flags: &["readonly"],
    acl: &["@keyspace", "@read", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO"], 2)],
    road: Road::Cache,
};

static FREQ: Spec = Spec {
    name: "object|freq",
    usage: "OBJECT FREQ key",
    summary: "Returns how often a key is used, as the logarithmic counter of the LFU policies.",
    since: "4.0.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 3,
    flags: &["readonly"],
    acl: &["@keyspace", "@read", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO"], 2)],
    road: Road::Cache,
};

static HELP: Spec = Spec {
    name: "object|help",
    usage: "OBJECT HELP",
    summary: "Lists the subcommands.",
    since: "6.2.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@keyspace", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static IDLETIME: Spec = Spec {
    name: "object|idletime",
    usage: "OBJECT IDLETIME key",
    summary: "Returns the seconds since a key was last used.",
    since: "2.2.3",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 3,
    flags: &["readonly"],
    acl: &["@keyspace", "@read", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO"], 2)],
    road: Road::Cache,
};

static REFCOUNT: Spec = Spec {
    name: "object|refcount",
    usage: "OBJECT REFCOUNT key",
    summary: "Returns how many references the value at a key has, which is always 1.",
    since: "2.2.3",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 3,
    flags: &["readonly"],
    acl: &["@keyspace", "@read", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO"], 2)],
    road: Road::Cache,
};

fn parse_encoding<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Object { db: ctx.db, key: args.word()?, about: About::Encoding {} }.into())
}

fn parse_refcount<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Object { db: ctx.db, key: args.word()?, about: About::References {} }.into())
}

fn parse_freq<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse_kept(ctx, args, ctx.lfu, About::Frequency {})
}

fn parse_idletime<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse_kept(ctx, args, !ctx.lfu, About::Idle {})
}

/// Where the eviction policy does not keep the number, a missing key is still
/// nil and only a key that is there gives an error: its type is asked for instead.
fn parse_kept<'a>(
    ctx: &Context,
    mut args: Args<'a>,
    kept: bool,
    about: About,
) -> Result<Request<'a>, BadArgs> {
    let (db, key) = (ctx.db, args.word()?);
    Ok(if kept { Op::Object { db, key, about } } else { Op::Type { db, key } }.into())
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("object", SUBCOMMANDS)).into())
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Word(word) => Reply::bulk(word),
        other => plain(spec, other),
    }
}

fn reply_freq(spec: &Spec, outcome: Outcome) -> Reply {
    reply_kept(spec, outcome, error::NO_FREQUENCY)
}

fn reply_idletime(spec: &Spec, outcome: Outcome) -> Reply {
    reply_kept(spec, outcome, error::NO_IDLE_TIME)
}

fn reply_kept(spec: &Spec, outcome: Outcome, not_kept: BadArgs) -> Reply {
    match outcome {
        Outcome::Word("none") => Reply::Nil,
        Outcome::Word(_) => Reply::Error(not_kept),
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, context, key_op, parse_as, refusal, reply_to};

    #[test]
    fn the_encoding_is_a_bulk_string() {
        let op = Op::Object { db: DB, key: b"k", about: About::Encoding {} };
        assert_eq!(key_op("object encoding k"), op);
        assert_eq!(reply_to("object encoding k", Outcome::Word("int")), Reply::bulk("int"));
    }

    #[test]
    fn the_frequency_is_known_under_an_lfu_policy_only() {
        let lfu = Context { lfu: true, ..context() };
        let op = Op::Object { db: DB, key: b"k", about: About::Frequency {} };
        assert_eq!(parse_as(&lfu, "object freq k"), Ok(op.into()));
        assert_eq!(key_op("object freq k"), Op::Type { db: DB, key: b"k" });
        let refused = Reply::Error(error::NO_FREQUENCY);
        assert_eq!(reply_to("object freq k", Outcome::Word("string")), refused);
        assert_eq!(reply_to("object freq k", Outcome::Word("none")), Reply::Nil);
        assert_eq!(reply_to("object freq k", Outcome::Int(5)), Reply::Int(5));
    }

    #[test]
    fn the_idle_time_is_known_under_all_other_policies() {
        let op = Op::Object { db: DB, key: b"k", about: About::Idle {} };
        assert_eq!(key_op("object idletime k"), op);
        let refused = Reply::Error(error::NO_IDLE_TIME);
        assert_eq!(reply_to("object idletime k", Outcome::Word("string")), refused);
    }

    #[test]
    fn a_wrong_subcommand_names_the_help() {
        assert_eq!(refusal("object foo k"), "ERR unknown subcommand 'foo'. Try OBJECT HELP.");
        assert_eq!(refusal("object"), "ERR wrong number of arguments for 'object' command");
        assert_eq!(
            refusal("object freq"),
            "ERR wrong number of arguments for 'object|freq' command"
        );
    }
}
