//! CLUSTER, READONLY, READWRITE and ASKING. There is no cluster mode to ask about:
//! all of them say so, as Redis does when it is off.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Request, Road, Spec, error};

/// CLUSTER.
pub const CLUSTER: Command =
    Command { spec: &SPEC, parse: refuse, reply: plain, subcommands: SUBCOMMANDS };
/// READONLY.
pub const READONLY: Command =
    Command { spec: &READONLY_SPEC, parse: refuse, reply: plain, subcommands: &[] };
/// READWRITE.
pub const READWRITE: Command =
    Command { spec: &READWRITE_SPEC, parse: refuse, reply: plain, subcommands: &[] };
/// ASKING.
pub const ASKING: Command =
    Command { spec: &ASKING_SPEC, parse: refuse, reply: plain, subcommands: &[] };

fn refuse<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::CLUSTER_DISABLED)
}

static SPEC: Spec = Spec {
    name: "cluster",
    usage: "CLUSTER",
    summary: "Looks after the cluster.",
    since: "3.0.0",
    group: Group::Cluster,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static READONLY_SPEC: Spec = Spec {
    name: "readonly",
    usage: "READONLY",
    summary: "Allows reads from replicas.",
    since: "3.0.0",
    group: Group::Cluster,
    complexity: "O(1)",
    arity: 1,
    flags: &["loading", "stale", "fast"],
    acl: &["@fast", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static READWRITE_SPEC: Spec = Spec {
    name: "readwrite",
    usage: "READWRITE",
    summary: "Takes READONLY back.",
    since: "3.0.0",
    group: Group::Cluster,
    complexity: "O(1)",
    arity: 1,
    flags: &["loading", "stale", "fast"],
    acl: &["@fast", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static ASKING_SPEC: Spec = Spec {
    name: "asking",
    usage: "ASKING",
    summary: "Announces a redirected command.",
    since: "3.0.0",
    group: Group::Cluster,
    complexity: "O(1)",
    arity: 1,
    flags: &["fast"],
    acl: &["@fast", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

/// A subcommand. Their descriptions differ in little.
const fn sub(spec: &'static Spec) -> Command {
    Command { spec, parse: refuse, reply: plain, subcommands: &[] }
}

/// The description of a subcommand.
macro_rules! spec {
    ($name:literal, $usage:literal, $since:literal, $arity:literal, $flags:expr, $acl:expr, $tips:expr, $summary:literal) => {
        sub({
            static SPEC: Spec = Spec {
                name: concat!("cluster|", $name),
                usage: concat!("CLUSTER ", $usage),
                summary: $summary,
                since: $since,
                group: Group::Cluster,
                complexity: "O(1)",
                arity: $arity,
                flags: $flags,
                acl: $acl,
                tips: $tips,
                keys: &[],
                road: Road::Here,
            };
            &SPEC
        })
    };
}

const ADMIN: &[&str] = &["admin", "stale", "no_async_loading"];
const ADMIN_RESET: &[&str] = &["admin", "noscript", "stale"];
const ADMIN_STALE: &[&str] = &["admin", "stale"];
const DANGEROUS: &[&str] = &["@admin", "@slow", "@dangerous"];
const LOADING: &[&str] = &["loading", "stale"];
const NONE: &[&str] = &[];
const SLOW: &[&str] = &["@slow"];
const STALE: &[&str] = &["stale"];
const VARIES: &[&str] = &["nondeterministic_output"];

static SUBCOMMANDS: &[Command] = &[
    spec!(
        "addslots",
        "ADDSLOTS slot [slot ...]",
        "3.0.0",
        -3,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "addslotsrange",
        "ADDSLOTSRANGE start-slot end-slot [start-slot end-slot ...]",
        "7.0.0",
        -4,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "bumpepoch",
        "BUMPEPOCH",
        "3.0.0",
        2,
        ADMIN,
        DANGEROUS,
        VARIES,
        "Is refused without cluster mode."
    ),
    spec!(
        "count-failure-reports",
        "COUNT-FAILURE-REPORTS node-id",
        "3.0.0",
        3,
        ADMIN_STALE,
        DANGEROUS,
        VARIES,
        "Is refused without cluster mode."
    ),
    spec!(
        "countkeysinslot",
        "COUNTKEYSINSLOT slot",
        "3.0.0",
        3,
        STALE,
        SLOW,
        NONE,
        "Counts the keys of a slot."
    ),
    spec!(
        "delslots",
        "DELSLOTS slot [slot ...]",
        "3.0.0",
        -3,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "delslotsrange",
        "DELSLOTSRANGE start-slot end-slot [start-slot end-slot ...]",
        "7.0.0",
        -4,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "failover",
        "FAILOVER [FORCE | TAKEOVER]",
        "3.0.0",
        -2,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "flushslots",
        "FLUSHSLOTS",
        "3.0.0",
        2,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "forget",
        "FORGET node-id",
        "3.0.0",
        3,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "getkeysinslot",
        "GETKEYSINSLOT slot count",
        "3.0.0",
        4,
        STALE,
        SLOW,
        VARIES,
        "Lists keys of a slot."
    ),
    spec!("help", "HELP", "5.0.0", 2, LOADING, SLOW, NONE, "Lists the subcommands."),
    spec!("info", "INFO", "3.0.0", 2, STALE, SLOW, VARIES, "Tells how the cluster is."),
    spec!("keyslot", "KEYSLOT key", "3.0.0", 3, STALE, SLOW, NONE, "Tells the slot of a key."),
    spec!("links", "LINKS", "7.0.0", 2, STALE, SLOW, VARIES, "Lists the links between nodes."),
    spec!(
        "meet",
        "MEET ip port [cluster-bus-port]",
        "3.0.0",
        -4,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!("myid", "MYID", "3.0.0", 2, STALE, SLOW, NONE, "Tells the id of this node."),
    spec!("nodes", "NODES", "3.0.0", 2, STALE, SLOW, VARIES, "Lists the nodes."),
    spec!(
        "replicas",
        "REPLICAS node-id",
        "5.0.0",
        3,
        ADMIN_STALE,
        DANGEROUS,
        VARIES,
        "Lists the replicas of a node."
    ),
    spec!(
        "replicate",
        "REPLICATE node-id",
        "3.0.0",
        3,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "reset",
        "RESET [HARD | SOFT]",
        "3.0.0",
        -2,
        ADMIN_RESET,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "saveconfig",
        "SAVECONFIG",
        "3.0.0",
        2,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "set-config-epoch",
        "SET-CONFIG-EPOCH config-epoch",
        "3.0.0",
        3,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "setslot",
        "SETSLOT slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>",
        "3.0.0",
        -4,
        ADMIN,
        DANGEROUS,
        NONE,
        "Is refused without cluster mode."
    ),
    spec!(
        "shards",
        "SHARDS",
        "7.0.0",
        2,
        STALE,
        SLOW,
        VARIES,
        "Lists the shards with their nodes."
    ),
    spec!(
        "slaves",
        "SLAVES node-id",
        "3.0.0",
        3,
        ADMIN_STALE,
        DANGEROUS,
        VARIES,
        "Lists the replicas of a node."
    ),
    spec!(
        "slots",
        "SLOTS",
        "3.0.0",
        2,
        STALE,
        SLOW,
        VARIES,
        "Lists the ranges of slots with their nodes."
    ),
];
