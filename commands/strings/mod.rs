//! Strings.

pub mod append;
pub mod delifeq;
pub mod get;
pub mod getdel;
pub mod getex;
pub mod getrange;
pub mod getset;
pub mod incr;
pub mod incrbyfloat;
pub mod lcs;
mod life;
pub mod mget;
pub mod mset;
pub mod set;
pub mod setex;
pub mod setnx;
pub mod setrange;
pub mod strlen;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    append::COMMAND,
    delifeq::DELEX,
    delifeq::DELIFEQ,
    get::COMMAND,
    getdel::COMMAND,
    getex::COMMAND,
    getrange::GETRANGE,
    getrange::SUBSTR,
    getset::COMMAND,
    incr::DECR,
    incr::DECRBY,
    incr::INCR,
    incr::INCRBY,
    incrbyfloat::COMMAND,
    lcs::COMMAND,
    mget::COMMAND,
    mset::MSET,
    mset::MSETNX,
    set::COMMAND,
    setex::PSETEX,
    setex::SETEX,
    setnx::COMMAND,
    setrange::COMMAND,
    strlen::COMMAND,
];
