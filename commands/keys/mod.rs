//! Keys, whatever they hold, and whole databases.

pub mod copy;
pub mod dbsize;
pub mod del;
pub mod dump;
pub mod exists;
pub mod expire;
pub mod flush;
pub mod keys_like;
pub mod memory_usage;
pub mod move_to;
pub mod object;
pub mod persist;
pub mod randomkey;
pub mod rename;
pub mod restore;
pub mod scan;
pub mod sort;
pub mod swapdb;
pub mod touch;
pub mod ttl;
pub mod type_of;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    copy::COMMAND,
    dbsize::COMMAND,
    del::DEL,
    del::UNLINK,
    dump::COMMAND,
    exists::COMMAND,
    expire::EXPIRE,
    expire::EXPIREAT,
    expire::PEXPIRE,
    expire::PEXPIREAT,
    flush::FLUSHALL,
    flush::FLUSHDB,
    keys_like::COMMAND,
    move_to::COMMAND,
    object::COMMAND,
    persist::COMMAND,
    randomkey::COMMAND,
    rename::RENAME,
    rename::RENAMENX,
    restore::COMMAND,
    scan::COMMAND,
    sort::SORT,
    sort::SORT_RO,
    swapdb::COMMAND,
    touch::COMMAND,
    ttl::EXPIRETIME,
    ttl::PEXPIRETIME,
    ttl::PTTL,
    ttl::TTL,
    type_of::COMMAND,
];
