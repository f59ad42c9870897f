//! HINCRBY, HINCRBYFLOAT: counting in a field.

use lockstep_core::keys::hashes::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// HINCRBY.
pub const HINCRBY: Command = Command { spec: &HINCRBY_SPEC, parse, reply: plain, subcommands: &[] };

/// HINCRBYFLOAT.
pub const HINCRBYFLOAT: Command =
    Command { spec: &HINCRBYFLOAT_SPEC, parse: parse_float, reply: plain, subcommands: &[] };

static HINCRBY_SPEC: Spec = Spec {
    name: "hincrby",
    usage: "HINCRBY key field increment",
    summary: "Adds an integer to the number in a field of the hash at a key, 0 if there is none, and returns the sum.",
    since: "2.0.0",
    group: Group::Hash,
    complexity: "O(1)",
    arity: 4,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@hash", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

static HINCRBYFLOAT_SPEC: Spec = Spec {
    name: "hincrbyfloat",
    usage: "HINCRBYFLOAT key field increment",
    summary: "Adds a floating-point number to the number in a field of the hash at a key, 0 if there is none, and returns the sum.",
    since: "2.6.0",
    group: Group::Hash,
    complexity: "O(1)",
    arity: 4,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@hash", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, field) = (args.word()?, args.word()?);
    let by = args.integer()?;
    Ok(on(ctx, key, Op::IncrBy { field, by }))
}

/// The increment goes on as the text it is, as that of INCRBYFLOAT does.
fn parse_float<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, field, by) = (args.word()?, args.word()?, args.word()?);
    let infinite = by.strip_prefix(b"-").or(by.strip_prefix(b"+")).unwrap_or(by);
    if infinite.eq_ignore_ascii_case(b"inf") || infinite.eq_ignore_ascii_case(b"infinity") {
        return Err(error::NAN_OR_INFINITY);
    }
    Ok(on(ctx, key, Op::IncrByFloat { field, by }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashes::tests::op;
    use crate::testing::refusal;

    #[test]
    fn an_increment_is_a_number() {
        assert_eq!(op("hincrby k f -3"), Op::IncrBy { field: b"f", by: -3 });
        assert_eq!(op("hincrbyfloat k f 1.5"), Op::IncrByFloat { field: b"f", by: b"1.5" });
        assert_eq!(refusal("hincrby k f 1.5"), "ERR value is not an integer or out of range");
        assert_eq!(refusal("hincrbyfloat k f -inf"), "ERR value is NaN or Infinity");
    }
}
