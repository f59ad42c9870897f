//! LPOS: where an element stands.

use lockstep_core::keys::lists::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// LPOS.
pub const LPOS: Command = Command { spec: &LPOS_SPEC, parse, reply: plain, subcommands: &[] };

static LPOS_SPEC: Spec = Spec {
    name: "lpos",
    usage: "LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]",
    summary: "Returns the index of the first element that equals a value, of a later one, or of several.",
    since: "6.0.6",
    group: Group::List,
    complexity: "O(N) where N is the number of elements",
    arity: -3,
    flags: &["readonly"],
    acl: &["@list", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, element) = (args.word()?, args.word()?);
    let (mut rank, mut count, mut max_len) = (1, None, 0);
    while !args.is_empty() {
        // Whatever the word is: one without a value is no option.
        if args.len() == 1 {
            return Err(error::SYNTAX);
        }
        if args.token("RANK") {
            rank = args.integer()?;
            if rank == 0 {
                return Err(error::RANK_ZERO);
            }
        } else if args.token("COUNT") {
            count = Some(natural(&mut args, error::NEGATIVE_COUNT)?);
        } else if args.token("MAXLEN") {
            max_len = natural(&mut args, error::NEGATIVE_MAX_LEN)?;
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(on(ctx, key, Op::Pos { element, rank, count, max_len }))
}

fn natural(args: &mut Args<'_>, refusal: BadArgs) -> Result<u64, BadArgs> {
    args.integer().ok().and_then(|number| u64::try_from(number).ok()).ok_or(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::tests::op;
    use crate::testing::refusal;

    #[test]
    fn a_search_may_be_narrowed() {
        let pos = |rank, count, max_len| Op::Pos { element: b"e", rank, count, max_len };
        assert_eq!(op("lpos k e"), pos(1, None, 0));
        assert_eq!(op("lpos k e maxlen 9 COUNT 0 rank -2"), pos(-2, Some(0), 9));
        assert_eq!(refusal("lpos k e count -1"), "ERR COUNT can't be negative");
        assert_eq!(refusal("lpos k e maxlen x"), "ERR MAXLEN can't be negative");
        assert_eq!(refusal("lpos k e rank"), "ERR syntax error");
        assert!(refusal("lpos k e rank 0").starts_with("ERR RANK can't be zero: use 1 to start"));
    }
}
