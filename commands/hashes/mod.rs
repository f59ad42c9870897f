//! Hashes.

pub mod hdel;
pub mod hget;
pub mod hgetall;
pub mod hincrby;
pub mod hlen;
pub mod hmget;
pub mod hrandfield;
pub mod hscan;
pub mod hset;
pub mod hsetnx;

use lockstep_core::keys::{self, hashes};

use crate::{Command, Context, Request};

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    hdel::HDEL,
    hget::HEXISTS,
    hget::HGET,
    hget::HSTRLEN,
    hgetall::HGETALL,
    hgetall::HKEYS,
    hgetall::HVALS,
    hincrby::HINCRBY,
    hincrby::HINCRBYFLOAT,
    hlen::HLEN,
    hmget::HMGET,
    hrandfield::HRANDFIELD,
    hscan::HSCAN,
    hset::HMSET,
    hset::HSET,
    hsetnx::HSETNX,
];

/// An operation on the hash at a key.
fn on<'a>(ctx: &Context, key: &'a [u8], op: hashes::Op<'a>) -> Request<'a> {
    keys::Op::Hash { db: ctx.db, key, op }.into()
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
