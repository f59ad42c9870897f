//! REPLICAOF and its relatives: Redis' way of replicating, which is not ours.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error};

/// REPLICAOF.
pub const REPLICAOF: Command =
    Command { spec: &REPLICAOF_SPEC, parse: parse_replicaof, reply: plain, subcommands: &[] };
/// SLAVEOF.
pub const SLAVEOF: Command =
    Command { spec: &SLAVEOF_SPEC, parse: parse_replicaof, reply: plain, subcommands: &[] };
/// PSYNC.
pub const PSYNC: Command =
    Command { spec: &PSYNC_SPEC, parse: refuse, reply: plain, subcommands: &[] };
/// SYNC.
pub const SYNC: Command =
    Command { spec: &SYNC_SPEC, parse: refuse, reply: plain, subcommands: &[] };
/// REPLCONF.
pub const REPLCONF: Command =
    Command { spec: &REPLCONF_SPEC, parse: refuse, reply: plain, subcommands: &[] };
/// FAILOVER.
pub const FAILOVER: Command =
    Command { spec: &FAILOVER_SPEC, parse: parse_failover, reply: plain, subcommands: &[] };

static REPLICAOF_SPEC: Spec = Spec {
    name: "replicaof",
    usage: "REPLICAOF <host port | NO ONE>",
    summary: "Is refused, but for NO ONE, which is so already.",
    since: "5.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 3,
    flags: &["admin", "noscript", "stale", "no_async_loading"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SLAVEOF_SPEC: Spec = Spec {
    name: "slaveof",
    usage: "SLAVEOF <host port | NO ONE>",
    summary: "Is refused, but for NO ONE, which is so already.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 3,
    flags: &["admin", "noscript", "stale", "no_async_loading"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static PSYNC_SPEC: Spec = Spec {
    name: "psync",
    usage: "PSYNC replicationid offset",
    summary: "Is refused.",
    since: "2.8.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -3,
    flags: &["admin", "noscript", "no_async_loading", "no_multi"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SYNC_SPEC: Spec = Spec {
    name: "sync",
    usage: "SYNC",
    summary: "Is refused.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 1,
    flags: &["admin", "noscript", "no_async_loading", "no_multi"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static REPLCONF_SPEC: Spec = Spec {
    name: "replconf",
    usage: "REPLCONF",
    summary: "Is refused.",
    since: "3.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -1,
    flags: &["admin", "noscript", "loading", "stale", "allow_busy"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static FAILOVER_SPEC: Spec = Spec {
    name: "failover",
    usage: "FAILOVER [argument [argument ...]]",
    summary: "Is refused; leaders change by themselves.",
    since: "6.2.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -1,
    flags: &["admin", "noscript", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_replicaof<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let host = args.word()?;
    let port = args.word()?;
    if host.eq_ignore_ascii_case(b"NO") && port.eq_ignore_ascii_case(b"ONE") {
        return Ok(Here::Answer(Reply::Ok).into());
    }
    let port = std::str::from_utf8(port).ok().and_then(|port| port.parse::<u16>().ok());
    Err(if port.is_some() { error::NO_FOREIGN_REPLICATION } else { error::BAD_MASTER_PORT })
}

fn parse_failover<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::NO_REPLICAS_TO_FAIL_OVER)
}

fn refuse<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::NO_FOREIGN_REPLICATION)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn a_node_is_its_own_master() {
        assert_eq!(request("REPLICAOF no one"), Here::Answer(Reply::Ok).into());
        assert_eq!(refusal("REPLICAOF a b"), "ERR Invalid master port");
        assert_eq!(refusal("SLAVEOF a 99999"), "ERR Invalid master port");
        assert_eq!(refusal("SLAVEOF a 6379"), error::NO_FOREIGN_REPLICATION.0);
    }
}
