//! Lists.

pub mod blmove;
pub mod blmpop;
pub mod bpop;
pub mod lindex;
pub mod linsert;
pub mod llen;
pub mod lmove;
pub mod lmpop;
pub mod lpos;
pub mod lrange;
pub mod lrem;
pub mod lset;
pub mod ltrim;
pub mod pop;
pub mod push;

use lockstep_core::Outcome;
use lockstep_core::keys::{self, lists};

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Reply, Request, Spec, error};

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    blmove::BLMOVE,
    blmove::BRPOPLPUSH,
    blmpop::BLMPOP,
    bpop::BLPOP,
    bpop::BRPOP,
    lindex::LINDEX,
    linsert::LINSERT,
    llen::LLEN,
    lmove::LMOVE,
    lmove::RPOPLPUSH,
    lmpop::LMPOP,
    lpos::LPOS,
    lrange::LRANGE,
    lrem::LREM,
    lset::LSET,
    ltrim::LTRIM,
    pop::LPOP,
    pop::RPOP,
    push::LPUSH,
    push::LPUSHX,
    push::RPUSH,
    push::RPUSHX,
];

/// An operation on the list at a key.
fn on<'a>(ctx: &Context, key: &'a [u8], op: lists::Op<'a>) -> Request<'a> {
    keys::Op::List { db: ctx.db, key, op }.into()
}

/// LEFT or RIGHT: whether it is the front.
fn end(args: &mut Args<'_>) -> Result<bool, BadArgs> {
    let front = args.token("LEFT");
    if front || args.token("RIGHT") { Ok(front) } else { Err(error::SYNTAX) }
}

/// What was popped. Nothing is a null, or where the outcome is `Ok` a null array.
fn popped(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Ok => Reply::NilArray,
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    /// The operation on the list at `k` that a line asks for.
    pub(super) fn op(line: &'static str) -> lists::Op<'static> {
        match key_op(line) {
            keys::Op::List { db: DB, key: b"k", op } => op,
            other => panic!("{line}: {other:?}"),
        }
    }
}
