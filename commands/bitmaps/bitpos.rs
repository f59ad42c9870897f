//! BITPOS: the first bit that is set, or not.

use lockstep_core::keys::bitmaps::Op;

use super::{on, unit};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// BITPOS.
pub const BITPOS: Command = Command { spec: &BITPOS_SPEC, parse, reply: plain, subcommands: &[] };

static BITPOS_SPEC: Spec = Spec {
    name: "bitpos",
    usage: "BITPOS key bit [start [end [BYTE | BIT]]]",
    summary: "Returns where the first bit of the string at a key is that is set, or is not, also in a part of it in bytes or bits; -1 if there is none. Without an end zeros follow the string.",
    since: "2.8.7",
    group: Group::Bitmap,
    complexity: "O(N) where N is the length of the part",
    arity: -3,
    flags: &["readonly"],
    acl: &["@bitmap", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, bit) = (args.word()?, args.integer()?);
    if bit != 0 && bit != 1 {
        return Err(error::BIT_ARGUMENT);
    }
    if args.len() > 3 {
        return Err(error::SYNTAX);
    }
    let start = if args.is_empty() { 0 } else { args.integer()? };
    let end = if args.is_empty() { None } else { Some(args.integer()?) };
    let bits = unit(&mut args)?;
    Ok(on(ctx, key, Op::Position { bit: bit == 1, start, end, bits }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitmaps::tests::op;
    use crate::testing::refusal;

    #[test]
    fn ends_may_be_left_out() {
        let position = |start, end, bits| Op::Position { bit: true, start, end, bits };
        assert_eq!(op("bitpos k 1"), position(0, None, false));
        assert_eq!(op("bitpos k 1 -3"), position(-3, None, false));
        assert_eq!(op("bitpos k 1 2 5"), position(2, Some(5), false));
        assert_eq!(op("bitpos k 1 2 5 bit"), position(2, Some(5), true));
        assert_eq!(refusal("bitpos k 2"), "ERR The bit argument must be 1 or 0.");
        let text = "ERR value is not an integer or out of range";
        assert_eq!(refusal("bitpos k x"), text);
        assert_eq!(refusal("bitpos k 0 1 2 foo"), "ERR syntax error");
    }
}
