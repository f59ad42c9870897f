//! How many different elements there were, about (HyperLogLog).

pub mod pfadd;
pub mod pfcount;
pub mod pfdebug;
pub mod pfmerge;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] =
    &[pfadd::PFADD, pfcount::PFCOUNT, pfdebug::PFDEBUG, pfmerge::PFMERGE, pfdebug::PFSELFTEST];
