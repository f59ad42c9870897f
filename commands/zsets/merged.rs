//! Several sorted sets that become one.

use lockstep_core::keys::Op;
use lockstep_core::keys::sets::Merge;
use lockstep_core::keys::zsets::Fold;

use super::{numbered_keys, score};
use crate::{Args, BadArgs, Context, Group, KeySpec, Request, Road, Spec, error};

/// What the merging commands have in common, but for their names.
pub(super) const MERGE: Spec = Spec {
    name: "",
    usage: "",
    summary: "",
    since: "6.2.0",
    group: Group::SortedSet,
    complexity: "O(N*K + M*log M) where N is the number of members of a set, K the number of sets and M the number of members of the result",
    arity: -3,
    flags: &["readonly", "movablekeys"],
    acl: &["@read", "@slow", "@sortedset"],
    tips: &[],
    keys: &[KeySpec::counted(&["RO", "access"], 1)],
    road: Road::Cache,
};

/// The same of those that store the result.
pub(super) const STORE: Spec = Spec {
    name: "",
    usage: "",
    summary: "",
    since: "2.0.0",
    group: Group::SortedSet,
    complexity: "O(N*K + M*log M) where N is the number of members of a set, K the number of sets and M the number of members of the result",
    arity: -4,
    flags: &["write", "denyoom", "movablekeys"],
    acl: &["@slow", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["OW", "update"], 1), KeySpec::counted(&["RO", "access"], 2)],
    road: Road::Log,
};

/// The sets that the words of the command `name` tell, merged.
pub(super) fn merge<'a>(
    (name, how): (&str, Merge),
    ctx: &Context,
    mut args: Args<'a>,
) -> Result<Request<'a>, BadArgs> {
    let merged = Merged::parse(&mut args, name, weighted(how), true)?;
    let Merged { keys, weights, fold, scores } = merged;
    Ok(Op::ScoredMerge { db: ctx.db, how, keys, weights, fold, scores }.into())
}

/// The sets that the words of the command `name` tell behind the first, merged and stored there.
pub(super) fn store<'a>(
    (name, how): (&str, Merge),
    ctx: &Context,
    mut args: Args<'a>,
) -> Result<Request<'a>, BadArgs> {
    let to = args.word()?;
    let merged = Merged::parse(&mut args, name, weighted(how), false)?;
    let Merged { keys, weights, fold, .. } = merged;
    Ok(Op::ScoredMergeStore { db: ctx.db, how, to, keys, weights, fold }.into())
}

/// A difference keeps the scores of the first set.
fn weighted(how: Merge) -> bool {
    how != Merge::Difference {}
}

/// The sets, and how their scores become one.
struct Merged<'a> {
    keys: Vec<&'a [u8]>,
    weights: Vec<f64>,
    fold: Fold,
    scores: bool,
}

impl<'a> Merged<'a> {
    /// For the command `name`, which may have weights and scores.
    fn parse(
        args: &mut Args<'a>,
        name: &str,
        weighted: bool,
        may_have_scores: bool,
    ) -> Result<Self, BadArgs> {
        let keys = numbered_keys(args, name)?;
        let mut merged = Merged { keys, weights: Vec::new(), fold: Fold::Sum {}, scores: false };
        while !args.is_empty() {
            if weighted && args.len() > merged.keys.len() && args.token("WEIGHTS") {
                merged.weights = merged
                    .keys
                    .iter()
                    .map(|_| score(args.word()?).ok_or(error::BAD_WEIGHT))
                    .collect::<Result<_, _>>()?;
            } else if weighted && args.len() > 1 && args.token("AGGREGATE") {
                merged.fold = fold(args)?;
            } else if may_have_scores && args.token("WITHSCORES") {
                merged.scores = true;
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(merged)
    }
}

fn fold(args: &mut Args<'_>) -> Result<Fold, BadArgs> {
    let folds = [("SUM", Fold::Sum {}), ("MIN", Fold::Min {}), ("MAX", Fold::Max {})];
    let found = folds.into_iter().find(|(word, _)| args.token(word));
    found.map(|(_, fold)| fold).ok_or(error::SYNTAX)
}
