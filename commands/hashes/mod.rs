//! Hashes.

pub mod hdel;
pub mod hexpire;
pub mod hget;
pub mod hgetall;
pub mod hincrby;
pub mod hlen;
pub mod hmget;
pub mod hpersist;
pub mod hrandfield;
pub mod hscan;
pub mod hset;
pub mod hsetnx;
pub mod httl;

use lockstep_core::keys::{self, hashes};

use crate::args::above_zero;
use crate::{Args, BadArgs, Command, Context, Request, error};

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    hdel::HDEL,
    hget::HEXISTS,
    hexpire::HEXPIRE,
    hexpire::HEXPIREAT,
    httl::HEXPIRETIME,
    hget::HGET,
    hget::HSTRLEN,
    hgetall::HGETALL,
    hgetall::HKEYS,
    hgetall::HVALS,
    hincrby::HINCRBY,
    hincrby::HINCRBYFLOAT,
    hlen::HLEN,
    hmget::HMGET,
    hpersist::HPERSIST,
    hexpire::HPEXPIRE,
    hexpire::HPEXPIREAT,
    httl::HPEXPIRETIME,
    httl::HPTTL,
    hrandfield::HRANDFIELD,
    hscan::HSCAN,
    hset::HMSET,
    hset::HSET,
    hsetnx::HSETNX,
    httl::HTTL,
];

/// An operation on the hash at a key.
fn on<'a>(ctx: &Context, key: &'a [u8], op: hashes::Op<'a>) -> Request<'a> {
    keys::Op::Hash { db: ctx.db, key, op }.into()
}

/// The last words `FIELDS numfields field [field ...]`.
/// `zero` says what one is told without a number above zero.
fn counted_fields(mut args: Args<'_>, zero: BadArgs) -> Result<Vec<&[u8]>, BadArgs> {
    if !args.token("FIELDS") {
        return Err(error::FIELDS_MISSING);
    }
    let number = above_zero(args.word()?).ok_or(zero)?;
    match usize::try_from(number) {
        Ok(number) if number == args.len() => Ok(args.all().to_vec()),
        _ => Err(error::NUMFIELDS_OTHER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    /// The operation on the hash at `k` that a line asks for.
    pub(super) fn op(line: &'static str) -> hashes::Op<'static> {
        match key_op(line) {
            keys::Op::Hash { db: DB, key: b"k", op } => op,
            other => panic!("{line}: {other:?}"),
        }
    }
}
