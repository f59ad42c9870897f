//! SETRANGE: bytes in the middle of a string.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// SETRANGE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "setrange",
    usage: "SETRANGE key offset value",
    summary: "Overwrites part of the string at a key from an offset on, filling a gap with zero bytes, and returns the new length.",
    since: "2.2.0",
    group: Group::String,
    complexity: "O(M) where M is the length of the value",
    arity: 4,
    flags: &["write", "denyoom"],
    acl: &["@write", "@string", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let offset = u64::try_from(args.integer()?).map_err(|_| error::OFFSET_OUT_OF_RANGE)?;
    let value = args.word()?;
    Ok(Op::SetRange { db: ctx.db, key, offset, value, max: ctx.string_bytes_max }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn the_offset_counts_from_the_start() {
        let op = Op::SetRange { db: DB, key: b"k", offset: 5, value: b"", max: 1_000 };
        assert_eq!(key_op("setrange k 5 \"\""), op);
        assert_eq!(refusal("setrange k -1 v"), "ERR offset is out of range");
        assert_eq!(refusal("setrange k x v"), "ERR value is not an integer or out of range");
    }
}
