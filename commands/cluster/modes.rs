//! READONLY, READWRITE and ASKING: what cluster clients say before a command. Reads
//! go to the leader and slots move at once, so that none of them changes anything.

use crate::here::Cluster;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec};

/// READONLY.
pub const READONLY: Command =
    Command { spec: &READONLY_SPEC, parse: accept, reply: plain, subcommands: &[] };
/// READWRITE.
pub const READWRITE: Command =
    Command { spec: &READWRITE_SPEC, parse: accept, reply: plain, subcommands: &[] };
/// ASKING.
pub const ASKING: Command =
    Command { spec: &ASKING_SPEC, parse: accept, reply: plain, subcommands: &[] };

fn accept<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Cluster(Ok(Cluster::Answer(Reply::Ok))).into())
}

static READONLY_SPEC: Spec = Spec {
    name: "readonly",
    usage: "READONLY",
    summary: "Is accepted in cluster mode; reads go to the leader of the key all the same.",
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
    summary: "Is accepted in cluster mode; slots change hands at once, so that no key is asked for twice.",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn all_three_are_accepted_in_cluster_mode() {
        let accepted: Request<'_> = Here::Cluster(Ok(Cluster::Answer(Reply::Ok))).into();
        for line in ["readonly", "READWRITE", "asking"] {
            assert_eq!(request(line), accepted, "{line}");
        }
        assert_eq!(refusal("asking x"), "ERR wrong number of arguments for 'asking' command");
    }
}
