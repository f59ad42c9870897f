//! Several sorted sets that become one.

use lockstep_core::keys::zsets::Fold;

use super::{numbered_keys, score};
use crate::{Args, BadArgs, error};

/// The sets, and how their scores become one.
pub(super) struct Merged<'a> {
    pub keys: Vec<&'a [u8]>,
    pub weights: Vec<f64>,
    pub fold: Fold,
    pub scores: bool,
}

impl<'a> Merged<'a> {
    /// For the command `name`, which may have weights and scores.
    pub(super) fn parse(
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
