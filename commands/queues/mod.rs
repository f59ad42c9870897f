//! Queues.

pub mod qack;
pub mod qextend;
pub mod qinfo;
pub mod qlen;
pub mod qnack;
pub mod qpeek;
pub mod qpop;
pub mod qpurge;
pub mod qpush;

mod words;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    qack::COMMAND,
    qpurge::QDESTROY,
    qextend::COMMAND,
    qinfo::COMMAND,
    qlen::COMMAND,
    qnack::COMMAND,
    qpeek::COMMAND,
    qpop::COMMAND,
    qpurge::QPURGE,
    qpush::COMMAND,
];
