//! HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME: how long fields live.

use lockstep_core::keys::TtlForm;
use lockstep_core::keys::hashes::Op;

use super::{counted_fields, on};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// HTTL.
pub const HTTL: Command =
    Command { spec: &HTTL_SPEC, parse: parse_httl, reply: plain, subcommands: &[] };

/// HPTTL.
pub const HPTTL: Command =
    Command { spec: &HPTTL_SPEC, parse: parse_hpttl, reply: plain, subcommands: &[] };

/// HEXPIRETIME.
pub const HEXPIRETIME: Command =
    Command { spec: &HEXPIRETIME_SPEC, parse: parse_hexpiretime, reply: plain, subcommands: &[] };

/// HPEXPIRETIME.
pub const HPEXPIRETIME: Command =
    Command { spec: &HPEXPIRETIME_SPEC, parse: parse_hpexpiretime, reply: plain, subcommands: &[] };

static HTTL_SPEC: Spec = Spec {
    name: "httl",
    usage: "HTTL key FIELDS numfields field [field ...]",
    summary: "Returns the seconds that fields of a hash have left; -1: never, -2: no such field.",
    since: "7.4.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -5,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@hash", "@read"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static HPTTL_SPEC: Spec = Spec {
    name: "hpttl",
    usage: "HPTTL key FIELDS numfields field [field ...]",
    summary: "Returns the milliseconds that fields of a hash have left; -1: never, -2: no such field.",
    since: "7.4.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -5,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@hash", "@read"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static HEXPIRETIME_SPEC: Spec = Spec {
    name: "hexpiretime",
    usage: "HEXPIRETIME key FIELDS numfields field [field ...]",
    summary: "Returns the Unix times in seconds that fields of a hash end at; -1: never, -2: no such field.",
    since: "7.4.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -5,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@hash", "@read"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static HPEXPIRETIME_SPEC: Spec = Spec {
    name: "hpexpiretime",
    usage: "HPEXPIRETIME key FIELDS numfields field [field ...]",
    summary: "Returns the Unix times in milliseconds that fields of a hash end at; -1: never, -2: no such field.",
    since: "7.4.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -5,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@hash", "@read"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse_httl<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, TtlForm::Seconds {})
}

fn parse_hpttl<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, TtlForm::Millis {})
}

fn parse_hexpiretime<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, TtlForm::AtSeconds {})
}

fn parse_hpexpiretime<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, TtlForm::AtMillis {})
}

fn parse<'a>(ctx: &Context, mut args: Args<'a>, form: TtlForm) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::Ttl { fields: counted_fields(args, error::NUMFIELDS_NOT_POSITIVE)?, form }))
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;
    use crate::testing::refusal;

    #[test]
    fn each_has_its_form() {
        let ttl = |form| Op::Ttl { fields: vec![b"f"], form };
        assert_eq!(op("httl k FIELDS 1 f"), ttl(TtlForm::Seconds {}));
        assert_eq!(op("hpttl k fields 1 f"), ttl(TtlForm::Millis {}));
        assert_eq!(op("hexpiretime k FIELDS 1 f"), ttl(TtlForm::AtSeconds {}));
        assert_eq!(op("hpexpiretime k FIELDS 1 f"), ttl(TtlForm::AtMillis {}));
        let none = "ERR Number of fields must be a positive integer";
        assert_eq!(refusal("httl k FIELDS 0 f"), none);
    }
}
