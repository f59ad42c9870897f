//! Bits of strings.

pub mod bitcount;
pub mod bitfield;
pub mod bitop;
pub mod bitpos;
pub mod getbit;
pub mod setbit;

use lockstep_core::keys::{self, bitmaps};

use crate::args::parse_integer;
use crate::{Args, BadArgs, Command, Context, Request, error};

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    bitcount::BITCOUNT,
    bitfield::BITFIELD,
    bitfield::BITFIELD_RO,
    bitop::BITOP,
    bitpos::BITPOS,
    getbit::GETBIT,
    setbit::SETBIT,
];

/// An operation on the bits of the string at a key.
fn on<'a>(ctx: &Context, key: &'a [u8], op: bitmaps::Op) -> Request<'a> {
    keys::Op::Bits { db: ctx.db, key, op }.into()
}

/// The number of a bit, below the end of the longest string.
fn offset(ctx: &Context, word: &[u8]) -> Result<u64, BadArgs> {
    let offset = parse_integer(word).and_then(|offset| within(ctx, offset));
    offset.ok_or(error::BIT_OFFSET)
}

fn within(ctx: &Context, offset: i64) -> Option<u64> {
    u64::try_from(offset).ok().filter(|offset| offset / 8 < ctx.string_bytes_max)
}

/// The last words `[BYTE | BIT]`: whether bits are counted.
fn unit(args: &mut Args<'_>) -> Result<bool, BadArgs> {
    let bits = args.token("BIT");
    if !bits && !args.is_empty() && !args.token("BYTE") {
        return Err(error::SYNTAX);
    }
    args.end()?;
    Ok(bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    /// The operation on the bits at `k` that a line asks for.
    pub(super) fn op(line: &'static str) -> bitmaps::Op {
        match key_op(line) {
            keys::Op::Bits { db: DB, key: b"k", op } => op,
            other => panic!("{line}: {other:?}"),
        }
    }
}
