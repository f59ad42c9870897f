//! ZADD, ZINCRBY: members with scores.

use lockstep_core::keys::zsets::Op;

use super::{on, score};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// ZADD.
pub const ZADD: Command = Command { spec: &ZADD_SPEC, parse, reply: plain, subcommands: &[] };

/// ZINCRBY.
pub const ZINCRBY: Command =
    Command { spec: &ZINCRBY_SPEC, parse: parse_incr, reply: plain, subcommands: &[] };

static ZADD_SPEC: Spec = Spec {
    name: "zadd",
    usage: "ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
    summary: "Gives members of the sorted set at a key scores, and returns how many members are new; with INCR it adds to the score of one and returns that.",
    since: "1.2.0",
    group: Group::SortedSet,
    complexity: "O(log N) for each member, where N is the number of members",
    arity: -4,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

static ZINCRBY_SPEC: Spec = Spec {
    name: "zincrby",
    usage: "ZINCRBY key increment member",
    summary: "Adds to the score of a member of the sorted set at a key and returns the sum.",
    since: "1.2.0",
    group: Group::SortedSet,
    complexity: "O(log N) where N is the number of members",
    arity: 4,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    add(ctx, args, Rules::default())
}

/// ZADD with INCR, and in Redis with all that may stand before a score.
fn parse_incr<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    add(ctx, args, Rules { incr: true, ..Rules::default() })
}

fn add<'a>(ctx: &Context, mut args: Args<'a>, mut rules: Rules) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    while rules.take(&mut args) {}
    let (pairs, rest) = args.all().as_chunks();
    if pairs.is_empty() || !rest.is_empty() {
        return Err(error::SYNTAX);
    }
    rules.check(pairs.len())?;
    let pair = |[by, member]: &[&'a [u8]; 2]| Ok((score(by).ok_or(error::NOT_FLOAT)?, *member));
    let pairs = pairs.iter().map(pair).collect::<Result<_, BadArgs>>()?;
    Ok(on(ctx, key, rules.of(pairs)))
}

/// The words before the first score.
#[derive(Default)]
struct Rules {
    absent: bool,
    present: bool,
    greater: bool,
    less: bool,
    changed: bool,
    incr: bool,
}

impl Rules {
    /// Whether there was a word.
    fn take(&mut self, args: &mut Args<'_>) -> bool {
        let words = [
            ("NX", &mut self.absent),
            ("XX", &mut self.present),
            ("GT", &mut self.greater),
            ("LT", &mut self.less),
            ("CH", &mut self.changed),
            ("INCR", &mut self.incr),
        ];
        let found = words.into_iter().find(|(word, _)| args.token(word));
        found.map(|(_, rule)| *rule = true).is_some()
    }

    fn check(&self, pairs: usize) -> Result<(), BadArgs> {
        if self.absent && self.present {
            return Err(error::XX_AND_NX);
        }
        if [self.absent, self.greater, self.less].iter().filter(|rule| **rule).count() > 1 {
            return Err(error::GT_LT_AND_NX);
        }
        if self.incr && pairs > 1 { Err(error::INCR_OF_SEVERAL) } else { Ok(()) }
    }

    fn of(self, pairs: Vec<(f64, &[u8])>) -> Op<'_> {
        let Rules { absent, present, greater, less, changed, incr } = self;
        Op::Add { pairs, absent, present, greater, less, changed, incr }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::refusal;
    use crate::zsets::tests::op;

    #[test]
    fn rules_stand_before_scores() {
        let pairs: Vec<(f64, &[u8])> = vec![(1.0, b"a"), (-2.5, b"b")];
        assert_eq!(op("zadd k 1 a -2.5 b"), Rules::default().of(pairs.clone()));
        let rules = Rules { present: true, greater: true, changed: true, ..Rules::default() };
        assert_eq!(op("zadd k gt XX ch 1 a -2.5 b"), rules.of(pairs));
        let rules = Rules { incr: true, ..Rules::default() };
        assert_eq!(op("zincrby k 3 a"), rules.of(vec![(3.0, b"a")]));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        assert_eq!(refusal("zadd k 1 a 2"), "ERR syntax error");
        assert_eq!(refusal("zadd k nx 1"), "ERR syntax error");
        assert_eq!(refusal("zadd k x a"), "ERR value is not a valid float");
        assert_eq!(refusal("zincrby k nan a"), "ERR value is not a valid float");
        assert_eq!(refusal("zincrby k gt a"), "ERR syntax error");
        let text = "ERR XX and NX options at the same time are not compatible";
        assert_eq!(refusal("zadd k nx xx 1 a"), text);
        let text = "ERR GT, LT, and/or NX options at the same time are not compatible";
        assert_eq!(refusal("zadd k gt lt 1 a"), text);
        assert_eq!(refusal("zadd k nx gt 1 a"), text);
        let text = "ERR INCR option supports a single increment-element pair";
        assert_eq!(refusal("zadd k incr 1 a 2 b"), text);
    }
}
