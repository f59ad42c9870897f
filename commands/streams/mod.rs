//! Streams.

mod id;
mod reading;
mod trim;
pub mod xack;
pub mod xadd;
pub mod xautoclaim;
pub mod xclaim;
pub mod xdel;
pub mod xgroup;
pub mod xinfo;
pub mod xlen;
pub mod xpending;
pub mod xrange;
pub mod xread;
pub mod xreadgroup;
pub mod xsetid;
pub mod xtrim;

use lockstep_core::keys::{self, streams};

use crate::{Args, BadArgs, Command, Context, Request};

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    xack::XACK,
    xadd::XADD,
    xautoclaim::XAUTOCLAIM,
    xclaim::XCLAIM,
    xdel::XDEL,
    xgroup::COMMAND,
    xinfo::COMMAND,
    xlen::XLEN,
    xpending::XPENDING,
    xrange::XRANGE,
    xrange::XREVRANGE,
    xread::XREAD,
    xreadgroup::XREADGROUP,
    xsetid::XSETID,
    xtrim::XTRIM,
];

/// An operation on the stream at a key.
fn on<'a>(ctx: &Context, key: &'a [u8], op: streams::Op<'a>) -> Request<'a> {
    keys::Op::Stream { db: ctx.db, key, op }.into()
}

/// The next word as a number of which what is below zero counts as zero.
fn count(args: &mut Args<'_>) -> Result<u64, BadArgs> {
    Ok(u64::try_from(args.integer()?).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    /// The operation on the stream at `k` that a line asks for.
    pub(super) fn op(line: &'static str) -> streams::Op<'static> {
        match key_op(line) {
            keys::Op::Stream { db: DB, key: b"k", op } => op,
            other => panic!("{line}: {other:?}"),
        }
    }
}
