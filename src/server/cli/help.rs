//! What `-h` and `--help` print.

use crate::config::reference;

const HEAD: &str = "\
Lockstep: locks, queues and keys for any Redis client, in one process.

usage: lockstep [FILE] [--SETTING VALUE]...
       lockstep check-config [FILE]     say whether the settings are right
       lockstep config show [--origin]  print the settings, and where each comes from
       lockstep ctl node list           look after the nodes of a cluster (ctl --help)
       lockstep import --rdb FILE       bring the keys of a Redis here (import --help)
       lockstep dev-cluster 3           run three nodes on this machine, to try things
       lockstep healthcheck [--port N]  ask the node on this machine whether it is ready
       lockstep settings-reference      print all settings as a Markdown page
       lockstep --help | -h | --version

Without FILE nothing is read but the environment. FILE is TOML: port = 6379
";

const COMMON: &str = "
common settings:
  --port N             port for clients (6379); admin port is 1000 above
  --bind ADDRESS...    where to listen (127.0.0.1 -::1)
  --dir PATH           where the data is (./lockstep-data)
  --requirepass TEXT   password of clients (none)
  --maxmemory BYTES    memory for keys, as 100mb (no limit)
  --fsync WORD         always, everysec or never (always)
  --loglevel WORD      debug, verbose, notice or warning (notice)

All settings: lockstep --help
";

const LAYERS: &str = "
Later layers win: defaults, FILE, overrides.toml in the data directory (CONFIG
REWRITE), environment, flags, CONFIG SET.
";

/// One screen.
pub(super) fn short() -> String {
    format!("{HEAD}{COMMON}")
}

/// Everything.
pub(super) fn long() -> String {
    format!("{HEAD}{LAYERS}{}", reference::help())
}
