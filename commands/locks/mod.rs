//! Locks, semaphores and latches.

pub mod fence;
pub mod latch;
pub mod lock;
pub mod lockcancel;
pub mod lockcheck;
pub mod lockconvert;
pub mod lockinfo;
pub mod lockkill;
pub mod lockrenew;
pub mod lockscan;
pub mod mlock;
pub mod munlock;
pub mod semaphore;
pub mod unlock;

mod asked;
pub(crate) mod words;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    fence::COMMAND,
    latch::DOWN,
    latch::GET,
    latch::SET,
    latch::WAIT,
    lock::COMMAND,
    lockcancel::COMMAND,
    lockcheck::ASSERT,
    lockcheck::CHECK,
    lockconvert::COMMAND,
    lockinfo::COMMAND,
    lockkill::COMMAND,
    lockrenew::COMMAND,
    lockscan::COMMAND,
    mlock::COMMAND,
    munlock::COMMAND,
    semaphore::ACQUIRE,
    semaphore::RELEASE,
    unlock::COMMAND,
];
