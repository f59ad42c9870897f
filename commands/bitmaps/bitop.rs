//! BITOP: the bits of several strings as one.

use lockstep_core::keys::Op;
use lockstep_core::keys::bitmaps::Merge;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// BITOP.
pub const BITOP: Command = Command { spec: &BITOP_SPEC, parse, reply: plain, subcommands: &[] };

static BITOP_SPEC: Spec = Spec {
    name: "bitop",
    usage: "BITOP <AND | OR | XOR | NOT> destkey key [key ...]",
    summary: "Stores the bits that are set in all of several strings, in any, in an odd number of them, or not in the only one, and returns how many bytes that are. Shorter ones go on with zeros.",
    since: "2.6.0",
    group: Group::Bitmap,
    complexity: "O(N) where N is the length of all strings",
    arity: -4,
    flags: &["write", "denyoom"],
    acl: &["@bitmap", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["OW", "update"], 2), KeySpec::range(&["RO", "access"], 3, -1, 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let hows = [
        ("AND", Merge::And {}),
        ("OR", Merge::Or {}),
        ("XOR", Merge::Xor {}),
        ("NOT", Merge::Not {}),
    ];
    let how = hows.into_iter().find(|(word, _)| args.token(word)).ok_or(error::SYNTAX)?.1;
    let (to, keys) = (args.word()?, args.all().to_vec());
    if how == (Merge::Not {}) && keys.len() != 1 {
        return Err(error::NOT_OF_SEVERAL);
    }
    Ok(Op::BitMerge { db: ctx.db, how, to, keys }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn one_string_is_inverted_several_are_joined() {
        let merge = |how, keys| Op::BitMerge { db: DB, how, to: b"to", keys };
        assert_eq!(key_op("bitop xor to a b"), merge(Merge::Xor {}, vec![b"a", b"b"]));
        assert_eq!(key_op("bitop NOT to a"), merge(Merge::Not {}, vec![b"a"]));
        let text = "ERR BITOP NOT must be called with a single source key.";
        assert_eq!(refusal("bitop not to a b"), text);
        assert_eq!(refusal("bitop nand to a b"), "ERR syntax error");
    }
}
