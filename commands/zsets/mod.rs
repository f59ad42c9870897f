//! Sorted sets.

pub mod bzmpop;
pub mod bzpop;
mod merged;
mod range;
pub mod zadd;
pub mod zcard;
pub mod zcount;
pub mod zdiff;
pub mod zinter;
pub mod zintercard;
pub mod zmpop;
pub mod zpop;
pub mod zrandmember;
pub mod zrange;
pub mod zrank;
pub mod zrem;
pub mod zremrange;
pub mod zscan;
pub mod zscore;
pub mod zunion;

use lockstep_core::float::score;
use lockstep_core::keys::{self, zsets};

use crate::{Args, BadArgs, Command, Context, Request, error};

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    bzmpop::BZMPOP,
    bzpop::BZPOPMAX,
    bzpop::BZPOPMIN,
    zadd::ZADD,
    zadd::ZINCRBY,
    zcard::ZCARD,
    zcount::ZCOUNT,
    zcount::ZLEXCOUNT,
    zdiff::ZDIFF,
    zdiff::ZDIFFSTORE,
    zinter::ZINTER,
    zinter::ZINTERSTORE,
    zintercard::ZINTERCARD,
    zmpop::ZMPOP,
    zpop::ZPOPMAX,
    zpop::ZPOPMIN,
    zrandmember::ZRANDMEMBER,
    zrange::ZRANGE,
    zrange::ZRANGEBYLEX,
    zrange::ZRANGEBYSCORE,
    zrange::ZRANGESTORE,
    zrange::ZREVRANGE,
    zrange::ZREVRANGEBYLEX,
    zrange::ZREVRANGEBYSCORE,
    zrank::ZRANK,
    zrank::ZREVRANK,
    zrem::ZREM,
    zremrange::ZREMRANGEBYLEX,
    zremrange::ZREMRANGEBYRANK,
    zremrange::ZREMRANGEBYSCORE,
    zscan::ZSCAN,
    zscore::ZMSCORE,
    zscore::ZSCORE,
    zunion::ZUNION,
    zunion::ZUNIONSTORE,
];

/// An operation on the sorted set at a key.
fn on<'a>(ctx: &Context, key: &'a [u8], op: zsets::Op<'a>) -> Request<'a> {
    keys::Op::Scored { db: ctx.db, key, op }.into()
}

/// A number and so many keys.
fn numbered_keys<'a>(args: &mut Args<'a>, name: &str) -> Result<Vec<&'a [u8]>, BadArgs> {
    let number = args.integer()?;
    if number < 1 {
        return Err(error::no_input_key(name));
    }
    if number > args.len() as i64 {
        return Err(error::SYNTAX);
    }
    (0..number).map(|_| args.word()).collect()
}

/// MIN or MAX: whether it is the greatest.
fn greatest(args: &mut Args<'_>) -> Result<bool, BadArgs> {
    let max = args.token("MAX");
    if max || args.token("MIN") { Ok(max) } else { Err(error::SYNTAX) }
}

#[cfg(test)]
mod tests {
    use lockstep_core::keys::sets::Merge;
    use lockstep_core::keys::zsets::Fold;

    use super::*;
    use crate::testing::{DB, key_op, refusal};

    /// The operation on the sorted set at `k` that a line asks for.
    pub(super) fn op(line: &'static str) -> zsets::Op<'static> {
        match key_op(line) {
            keys::Op::Scored { db: DB, key: b"k", op } => op,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn members_are_asked_for_and_removed() {
        let members: Vec<&[u8]> = vec![b"a", b"b"];
        assert_eq!(op("zrem k a b"), zsets::Op::Remove { members: members.clone() });
        assert_eq!(op("zmscore k a b"), zsets::Op::MScore { members });
        assert_eq!(op("zscore k a"), zsets::Op::Score { member: b"a" });
        assert_eq!(op("zcard k"), zsets::Op::Len {});
        assert_eq!(op("zrevrank k a"), zsets::Op::Rank { member: b"a", reverse: true });
    }

    #[test]
    fn several_are_merged_with_weights_and_a_fold() {
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        let (db, how, weights) = (DB, Merge::Union {}, vec![2.0, -1.0]);
        let merge = keys::Op::ScoredMerge {
            db,
            how,
            keys: keys.clone(),
            weights: weights.clone(),
            fold: Fold::Max {},
            scores: true,
        };
        assert_eq!(key_op("zunion 2 a b withscores weights 2 -1 aggregate max"), merge);
        let (to, fold) = (&b"to"[..], Fold::Sum {});
        let store = keys::Op::ScoredMergeStore { db, how, to, keys: keys.clone(), weights, fold };
        assert_eq!(key_op("zunionstore to 2 a b weights 2 -1"), store);
        let common = keys::Op::ScoredCommon { db, keys, limit: 4 };
        assert_eq!(key_op("zintercard 2 a b limit 4"), common);
    }

    #[test]
    fn bad_merges_are_refused() {
        let text = "ERR at least 1 input key is needed for 'zunionstore' command";
        assert_eq!(refusal("zunionstore to 0 a"), text);
        assert_eq!(refusal("zunion x a"), "ERR value is not an integer or out of range");
        assert_eq!(refusal("zinter 1 a weights x"), "ERR weight value is not a float");
        for line in [
            "zunion 2 a",
            "zunion 2 a b weights 1",
            "zunion 1 a aggregate foo",
            "zdiff 1 a weights 1",
            "zunionstore to 1 a withscores",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }
}
