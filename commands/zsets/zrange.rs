//! ZRANGE and its older relatives, ZRANGESTORE: members in their order.

use lockstep_core::keys::{self, zsets::Op};

use super::on;
use super::range::{Asked, By, Range};
use crate::reply::{pairs, plain};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// ZRANGE.
pub const ZRANGE: Command = Command { spec: &ZRANGE_SPEC, parse, reply: pairs, subcommands: &[] };

/// ZRANGESTORE.
pub const ZRANGESTORE: Command =
    Command { spec: &ZRANGESTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

/// ZREVRANGE.
pub const ZREVRANGE: Command =
    Command { spec: &ZREVRANGE_SPEC, parse: parse_back, reply: pairs, subcommands: &[] };

/// ZRANGEBYSCORE.
pub const ZRANGEBYSCORE: Command =
    Command { spec: &ZRANGEBYSCORE_SPEC, parse: parse_score, reply: pairs, subcommands: &[] };

/// ZREVRANGEBYSCORE.
pub const ZREVRANGEBYSCORE: Command = Command {
    spec: &ZREVRANGEBYSCORE_SPEC,
    parse: parse_score_back,
    reply: pairs,
    subcommands: &[],
};

/// ZRANGEBYLEX.
pub const ZRANGEBYLEX: Command =
    Command { spec: &ZRANGEBYLEX_SPEC, parse: parse_lex, reply: pairs, subcommands: &[] };

/// ZREVRANGEBYLEX.
pub const ZREVRANGEBYLEX: Command =
    Command { spec: &ZREVRANGEBYLEX_SPEC, parse: parse_lex_back, reply: pairs, subcommands: &[] };

const ZRANGE_SPEC: Spec = Spec {
    name: "zrange",
    usage: "ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
    summary: "Returns the members of the sorted set at a key from one rank, score or member to another, the least first or with REV the greatest.",
    since: "1.2.0",
    group: Group::SortedSet,
    complexity: "O(log N + M) where N is the number of members and M how many are returned",
    arity: -4,
    flags: &["readonly"],
    acl: &["@read", "@slow", "@sortedset"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static ZRANGESTORE_SPEC: Spec = Spec {
    name: "zrangestore",
    usage: "ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]",
    summary: "Stores what ZRANGE gives as a sorted set at a key and returns how many members it has.",
    since: "6.2.0",
    group: Group::SortedSet,
    complexity: "O(log N + M) where N is the number of members and M how many are stored",
    arity: -5,
    flags: &["write", "denyoom"],
    acl: &["@slow", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["OW", "update"], 1), KeySpec::one(&["RO", "access"], 2)],
    road: Road::Log,
};

static ZREVRANGE_SPEC: Spec = Spec {
    name: "zrevrange",
    usage: "ZREVRANGE key start stop [WITHSCORES]",
    summary: "Does the same as ZRANGE with REV.",
    ..ZRANGE_SPEC
};

static ZRANGEBYSCORE_SPEC: Spec = Spec {
    name: "zrangebyscore",
    usage: "ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]",
    summary: "Does the same as ZRANGE with BYSCORE.",
    since: "1.0.5",
    ..ZRANGE_SPEC
};

static ZREVRANGEBYSCORE_SPEC: Spec = Spec {
    name: "zrevrangebyscore",
    usage: "ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]",
    summary: "Does the same as ZRANGE with BYSCORE and REV.",
    since: "2.2.0",
    ..ZRANGE_SPEC
};

static ZRANGEBYLEX_SPEC: Spec = Spec {
    name: "zrangebylex",
    usage: "ZRANGEBYLEX key min max [LIMIT offset count]",
    summary: "Does the same as ZRANGE with BYLEX.",
    since: "2.8.9",
    ..ZRANGE_SPEC
};

static ZREVRANGEBYLEX_SPEC: Spec = Spec {
    name: "zrevrangebylex",
    usage: "ZREVRANGEBYLEX key max min [LIMIT offset count]",
    summary: "Does the same as ZRANGE with BYLEX and REV.",
    since: "2.8.9",
    ..ZRANGE_SPEC
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    range(ctx, args, Range::open())
}

fn parse_back<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    range(ctx, args, Range::fixed(By::Rank, true))
}

fn parse_score<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    range(ctx, args, Range::fixed(By::Score, false))
}

fn parse_score_back<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    range(ctx, args, Range::fixed(By::Score, true))
}

fn parse_lex<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    range(ctx, args, Range::fixed(By::Lex, false))
}

fn parse_lex_back<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    range(ctx, args, Range::fixed(By::Lex, true))
}

fn range<'a>(ctx: &Context, mut args: Args<'a>, range: Range) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let Asked { span, reverse, offset, limit, scores } = range.parse(&mut args, true)?;
    Ok(on(ctx, key, Op::Range { span, reverse, offset, limit, scores }))
}

fn parse_store<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (to, from) = (args.word()?, args.word()?);
    let Asked { span, reverse, offset, limit, .. } = Range::open().parse(&mut args, false)?;
    let db = ctx.db;
    Ok(keys::Op::ScoredRangeStore { db, to, from, span, reverse, offset, limit }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::keys::zsets::{LexBound, ScoreBound, Span};

    use crate::testing::{DB, key_op, refusal};
    use crate::zsets::tests::op;

    fn asked(span: Span<'static>, reverse: bool, scores: bool) -> Op<'static> {
        Op::Range { span, reverse, offset: 0, limit: -1, scores }
    }

    #[test]
    fn a_range_is_of_ranks_scores_or_members() {
        let ranks = Span::Ranks { start: 0, end: -1 };
        assert_eq!(op("zrange k 0 -1"), asked(ranks, false, false));
        assert_eq!(op("zrange k 0 -1 rev withscores"), asked(ranks, true, true));
        assert_eq!(op("zrevrange k 0 -1 withscores"), asked(ranks, true, true));
        let (min, max) =
            (ScoreBound::Without { score: 1.0 }, ScoreBound::With { score: f64::INFINITY });
        let scores = Span::Scores { min, max };
        assert_eq!(op("zrange k (1 +inf byscore"), asked(scores, false, false));
        assert_eq!(op("zrange k +inf (1 byscore rev"), asked(scores, true, false));
        assert_eq!(op("zrangebyscore k (1 +inf"), asked(scores, false, false));
        assert_eq!(op("zrevrangebyscore k +inf (1"), asked(scores, true, false));
        let (min, max) = (LexBound::First {}, LexBound::Without { member: b"m" });
        let members = Span::Members { min, max };
        assert_eq!(op("zrange k - (m bylex"), asked(members, false, false));
        assert_eq!(op("zrangebylex k - (m"), asked(members, false, false));
        assert_eq!(op("zrevrangebylex k (m -"), asked(members, true, false));
    }

    #[test]
    fn a_range_may_be_limited_and_stored() {
        let span = Span::Members { min: LexBound::First {}, max: LexBound::Last {} };
        let (reverse, offset, limit) = (false, 2, 5);
        let range = Op::Range { span, reverse, offset, limit, scores: false };
        assert_eq!(op("zrangebylex k - + limit 2 5"), range);
        let (db, to, from) = (DB, b"to", b"k");
        let store = keys::Op::ScoredRangeStore { db, to, from, span, reverse, offset, limit };
        assert_eq!(key_op("zrangestore to k - + bylex limit 2 5"), store);
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let limit = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE \
                     or BYLEX";
        assert_eq!(refusal("zrange k 0 1 limit 0 1"), limit);
        let scores = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
        assert_eq!(refusal("zrange k - + bylex withscores"), scores);
        for line in [
            "zrange k 0 1 byscore bylex",
            "zrange k 0 1 foo",
            "zrevrange k 0 1 rev",
            "zrangebyscore k 0 1 bylex",
            "zrangebyscore k 0 1 limit 0",
            "zrangestore k a 0 1 withscores",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(refusal("zrange k a 1"), "ERR value is not an integer or out of range");
        assert_eq!(refusal("zrangebyscore k a 1"), "ERR min or max is not a float");
        let text = "ERR min or max not valid string range item";
        assert_eq!(refusal("zrangebylex k a +"), text);
    }
}
