//! Sets.

mod merged;
pub mod sadd;
pub mod scard;
pub mod sdiff;
pub mod sinter;
pub mod sintercard;
pub mod sismember;
pub mod smembers;
pub mod smismember;
pub mod smove;
pub mod spop;
pub mod srandmember;
pub mod srem;
pub mod sscan;
pub mod sunion;

use lockstep_core::keys::{self, sets};

use crate::{Command, Context, Request};

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    sadd::SADD,
    scard::SCARD,
    sdiff::SDIFF,
    sdiff::SDIFFSTORE,
    sinter::SINTER,
    sinter::SINTERSTORE,
    sintercard::SINTERCARD,
    sismember::SISMEMBER,
    smembers::SMEMBERS,
    smismember::SMISMEMBER,
    smove::SMOVE,
    spop::SPOP,
    srandmember::SRANDMEMBER,
    srem::SREM,
    sscan::SSCAN,
    sunion::SUNION,
    sunion::SUNIONSTORE,
];

/// An operation on the set at a key.
fn on<'a>(ctx: &Context, key: &'a [u8], op: sets::Op<'a>) -> Request<'a> {
    keys::Op::Members { db: ctx.db, key, op }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    /// The operation on the set at `k` that a line asks for.
    pub(super) fn op(line: &'static str) -> sets::Op<'static> {
        match key_op(line) {
            keys::Op::Members { db: DB, key: b"k", op } => op,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn members_are_added_asked_for_and_removed() {
        let members: Vec<&[u8]> = vec![b"a", b"b"];
        assert_eq!(op("sadd k a b"), sets::Op::Add { members: members.clone() });
        assert_eq!(op("srem k a b"), sets::Op::Remove { members: members.clone() });
        assert_eq!(op("smismember k a b"), sets::Op::HasEach { members });
        assert_eq!(op("sismember k a"), sets::Op::Has { member: b"a" });
        assert_eq!(op("scard k"), sets::Op::Len {});
        assert_eq!(op("smembers k"), sets::Op::All {});
    }
}
