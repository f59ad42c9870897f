//! GETBIT: one bit of a string.

use lockstep_core::keys::bitmaps::Op;

use super::{offset, on};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// GETBIT.
pub const GETBIT: Command = Command { spec: &GETBIT_SPEC, parse, reply: plain, subcommands: &[] };

static GETBIT_SPEC: Spec = Spec {
    name: "getbit",
    usage: "GETBIT key offset",
    summary: "Returns a bit of the string at a key, 0 behind its end.",
    since: "2.2.0",
    group: Group::Bitmap,
    complexity: "O(1)",
    arity: 3,
    flags: &["readonly", "fast"],
    acl: &["@bitmap", "@fast", "@read"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::Get { offset: offset(ctx, args.word()?)? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitmaps::tests::op;

    #[test]
    fn a_bit_has_a_place() {
        assert_eq!(op("getbit k 9"), Op::Get { offset: 9 });
    }
}
