//! BITCOUNT: how many bits are set.

use lockstep_core::keys::bitmaps::{Op, Range};

use super::{on, unit};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// BITCOUNT.
pub const BITCOUNT: Command =
    Command { spec: &BITCOUNT_SPEC, parse, reply: plain, subcommands: &[] };

static BITCOUNT_SPEC: Spec = Spec {
    name: "bitcount",
    usage: "BITCOUNT key [start end [BYTE | BIT]]",
    summary: "Returns how many bits of the string at a key are set, or of a part of it in bytes or bits.",
    since: "2.6.0",
    group: Group::Bitmap,
    complexity: "O(N) where N is the length of the part",
    arity: -2,
    flags: &["readonly"],
    acl: &["@bitmap", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    if args.is_empty() {
        return Ok(on(ctx, key, Op::Count { range: None }));
    }
    if args.len() == 1 || args.len() > 3 {
        return Err(crate::error::SYNTAX);
    }
    let (start, end) = (args.integer()?, args.integer()?);
    let bits = unit(&mut args)?;
    Ok(on(ctx, key, Op::Count { range: Some(Range::Of { start, end, bits }) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitmaps::tests::op;
    use crate::testing::refusal;

    #[test]
    fn a_part_has_two_ends() {
        assert_eq!(op("bitcount k"), Op::Count { range: None });
        let part = |bits| Op::Count { range: Some(Range::Of { start: 1, end: -1, bits }) };
        assert_eq!(op("bitcount k 1 -1"), part(false));
        assert_eq!(op("bitcount k 1 -1 byte"), part(false));
        assert_eq!(op("bitcount k 1 -1 BIT"), part(true));
        for line in ["bitcount k 1", "bitcount k 1 2 foo", "bitcount k 1 x bit x"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        let text = "ERR value is not an integer or out of range";
        assert_eq!(refusal("bitcount k a b"), text);
    }
}
