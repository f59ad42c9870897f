//! XRANGE, XREVRANGE: entries from one id to another.

use lockstep_core::keys::streams::Op;

use super::{count, id, on};
use crate::reply::or_nil_array;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// XRANGE.
pub const XRANGE: Command =
    Command { spec: &XRANGE_SPEC, parse, reply: or_nil_array, subcommands: &[] };

/// XREVRANGE.
pub const XREVRANGE: Command =
    Command { spec: &XREVRANGE_SPEC, parse: parse_back, reply: or_nil_array, subcommands: &[] };

const XRANGE_SPEC: Spec = Spec {
    name: "xrange",
    usage: "XRANGE key start end [COUNT count]",
    summary: "Returns the entries of the stream at a key from one id to another.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(log N + M) where N is the number of entries and M how many are returned",
    arity: -4,
    flags: &["readonly"],
    acl: &["@read", "@slow", "@stream"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static XREVRANGE_SPEC: Spec = Spec {
    name: "xrevrange",
    usage: "XREVRANGE key end start [COUNT count]",
    summary: "Returns the entries of the stream at a key from one id back to another.",
    ..XRANGE_SPEC
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    range(ctx, args, false)
}

fn parse_back<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    range(ctx, args, true)
}

fn range<'a>(ctx: &Context, mut args: Args<'a>, reverse: bool) -> Result<Request<'a>, BadArgs> {
    let (key, first, second) = (args.word()?, args.word()?, args.word()?);
    let (start, end) = if reverse { (second, first) } else { (first, second) };
    let (start, end) = (id::start(start)?, id::end(end)?);
    let mut limit = None;
    while !args.is_empty() {
        if args.len() < 2 || !args.token("COUNT") {
            return Err(error::SYNTAX);
        }
        limit = Some(count(&mut args)?);
    }
    Ok(on(ctx, key, Op::Range { start, end, reverse, count: limit }))
}

#[cfg(test)]
mod tests {
    use lockstep_core::keys::streams::Id;

    use super::*;
    use crate::streams::tests::op;
    use crate::testing::refusal;

    #[test]
    fn ends_stand_in_their_order() {
        let range = |reverse, count| Op::Range {
            start: Id { ms: 5, seq: 1 },
            end: Id { ms: 7, seq: u64::MAX },
            reverse,
            count,
        };
        assert_eq!(op("xrange k (5 7"), range(false, None));
        assert_eq!(op("xrevrange k 7 (5 COUNT 3"), range(true, Some(3)));
        assert_eq!(op("xrange k 5-1 7 count -1"), range(false, Some(0)));
        assert_eq!(refusal("xrange k - + count"), "ERR syntax error");
        assert_eq!(refusal("xrange k ( +"), refusal("xadd k x f v"));
    }
}
