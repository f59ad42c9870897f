//! SETBIT: one bit of a string.

use lockstep_core::keys::bitmaps::Op;

use super::{offset, on};
use crate::args::parse_integer;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// SETBIT.
pub const SETBIT: Command = Command { spec: &SETBIT_SPEC, parse, reply: plain, subcommands: &[] };

static SETBIT_SPEC: Spec = Spec {
    name: "setbit",
    usage: "SETBIT key offset value",
    summary: "Sets a bit of the string at a key, which grows with zeros if need be, and returns what it was.",
    since: "2.2.0",
    group: Group::Bitmap,
    complexity: "O(1)",
    arity: 4,
    flags: &["write", "denyoom"],
    acl: &["@bitmap", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, offset) = (args.word()?, offset(ctx, args.word()?)?);
    let bit = match parse_integer(args.word()?) {
        Some(bit @ (0 | 1)) => bit == 1,
        _ => return Err(error::BIT_VALUE),
    };
    Ok(on(ctx, key, Op::Set { offset, bit, max: ctx.string_bytes_max }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitmaps::tests::op;
    use crate::testing::refusal;

    #[test]
    fn a_bit_is_0_or_1_and_has_a_place() {
        assert_eq!(op("setbit k 7 1"), Op::Set { offset: 7, bit: true, max: 1_000 });
        assert_eq!(op("setbit k 7999 0"), Op::Set { offset: 7999, bit: false, max: 1_000 });
        for line in ["setbit k 8000 1", "setbit k -1 1", "setbit k x 2"] {
            let text = "ERR bit offset is not an integer or out of range";
            assert_eq!(refusal(line), text, "{line}");
        }
        for line in ["setbit k 1 2", "setbit k 1 x"] {
            assert_eq!(refusal(line), "ERR bit is not an integer or out of range", "{line}");
        }
    }
}
