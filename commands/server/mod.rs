//! The server itself.

pub mod acl;
pub mod command;
pub mod config;
pub mod debug;
pub mod info;
pub mod latency;
pub mod lolwut;
pub mod memory;
pub mod module;
pub mod monitor;
pub mod replication;
pub mod role;
pub mod save;
pub mod shutdown;
pub mod slowlog;
pub mod time;
pub mod wait;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    acl::COMMAND,
    save::BGREWRITEAOF,
    save::BGSAVE,
    command::COMMAND,
    config::COMMAND,
    debug::COMMAND,
    replication::FAILOVER,
    info::COMMAND,
    save::LASTSAVE,
    latency::COMMAND,
    lolwut::COMMAND,
    memory::COMMAND,
    module::COMMAND,
    monitor::COMMAND,
    replication::PSYNC,
    replication::REPLCONF,
    replication::REPLICAOF,
    role::COMMAND,
    save::SAVE,
    shutdown::COMMAND,
    replication::SLAVEOF,
    slowlog::COMMAND,
    replication::SYNC,
    time::COMMAND,
    wait::WAIT,
    wait::WAITAOF,
];
