//! ZPOPMIN, ZPOPMAX: members from the ends.

use lockstep_core::keys::zsets::Op;

use super::on;
use crate::reply::pairs;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// ZPOPMIN.
pub const ZPOPMIN: Command =
    Command { spec: &ZPOPMIN_SPEC, parse: parse_min, reply: pairs, subcommands: &[] };

/// ZPOPMAX.
pub const ZPOPMAX: Command =
    Command { spec: &ZPOPMAX_SPEC, parse: parse_max, reply: pairs, subcommands: &[] };

static ZPOPMIN_SPEC: Spec = Spec {
    name: "zpopmin",
    usage: "ZPOPMIN key [count]",
    summary: "Removes the member of the sorted set at a key with the least score and returns it with that, or several.",
    since: "5.0.0",
    group: Group::SortedSet,
    complexity: "O(M * log N) where N is the number of members and M how many are returned",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@fast", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

static ZPOPMAX_SPEC: Spec = Spec {
    name: "zpopmax",
    usage: "ZPOPMAX key [count]",
    summary: "Removes the member of the sorted set at a key with the greatest score and returns it with that, or several.",
    since: "5.0.0",
    group: Group::SortedSet,
    complexity: "O(M * log N) where N is the number of members and M how many are returned",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@fast", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

fn parse_min<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    pop(ctx, args, false)
}

fn parse_max<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    pop(ctx, args, true)
}

fn pop<'a>(ctx: &Context, mut args: Args<'a>, max: bool) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    if args.len() > 1 {
        return Err(error::SYNTAX);
    }
    let count = if args.is_empty() { None } else { Some(args.positive()?) };
    Ok(on(ctx, key, Op::Pop { max, count }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::refusal;
    use crate::zsets::tests::op;

    #[test]
    fn a_count_may_be_given() {
        assert_eq!(op("zpopmin k"), Op::Pop { max: false, count: None });
        assert_eq!(op("zpopmax k 3"), Op::Pop { max: true, count: Some(3) });
        assert_eq!(refusal("zpopmin k -1"), "ERR value is out of range, must be positive");
        assert_eq!(refusal("zpopmin k 1 2"), "ERR syntax error");
    }
}
