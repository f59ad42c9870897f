//! NODE: the nodes of the cluster, in cluster mode and without it.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error, help, here};

/// NODE.
pub const COMMAND: Command = Command::container(&SPEC, SUBCOMMANDS);

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &ADD, parse: parse_add, reply: plain, subcommands: &[] },
    Command { spec: &DRAIN, parse: parse_drain, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &LIST, parse: parse_list, reply: plain, subcommands: &[] },
    Command { spec: &PROMOTE, parse: parse_promote, reply: plain, subcommands: &[] },
    Command { spec: &REMOVE, parse: parse_remove, reply: plain, subcommands: &[] },
];

const ADMIN: &[&str] = &["admin", "noscript", "stale", "no_async_loading"];
const DANGEROUS: &[&str] = &["@admin", "@slow", "@dangerous", "@cluster"];

static SPEC: Spec = Spec {
    name: "node",
    usage: "NODE",
    summary: "Looks after the nodes of the cluster. A node is named by its id or by how that begins.",
    since: "0.1.0",
    group: Group::Cluster,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow", "@cluster"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static LIST: Spec = Spec {
    name: "node|list",
    usage: "NODE LIST",
    summary: "Lists the nodes: for each a map of id, address, zone, state, reachable, leads, replicas, version, myself.",
    since: "0.1.0",
    group: Group::Cluster,
    complexity: "O(N) where N is the number of nodes",
    arity: 2,
    flags: &["admin", "stale"],
    acl: DANGEROUS,
    tips: &["nondeterministic_output"],
    keys: &[],
    road: Road::Here,
};

static ADD: Spec = Spec {
    name: "node|add",
    usage: "NODE ADD host:port",
    summary: "Takes the empty node at this address into the cluster; host:port@peer-port where its port for nodes is not port + 10000.",
    since: "0.1.0",
    group: Group::Cluster,
    complexity: "O(1)",
    arity: 3,
    flags: ADMIN,
    acl: DANGEROUS,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static DRAIN: Spec = Spec {
    name: "node|drain",
    usage: "NODE DRAIN id",
    summary: "Moves leaderships and replicas off a node; NODE LIST shows when none are left.",
    since: "0.1.0",
    group: Group::Cluster,
    complexity: "O(1)",
    arity: 3,
    flags: ADMIN,
    acl: DANGEROUS,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static REMOVE: Spec = Spec {
    name: "node|remove",
    usage: "NODE REMOVE id [FORCE]",
    summary: "Takes a drained node out of the cluster for good; with FORCE also one that is lost with its replicas.",
    since: "0.1.0",
    group: Group::Cluster,
    complexity: "O(1)",
    arity: -3,
    flags: ADMIN,
    acl: DANGEROUS,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static PROMOTE: Spec = Spec {
    name: "node|promote",
    usage: "NODE PROMOTE id",
    summary: "Makes a node the preferred leader of the shards of which it keeps a replica.",
    since: "0.1.0",
    group: Group::Cluster,
    complexity: "O(N) where N is the number of shards",
    arity: 3,
    flags: ADMIN,
    acl: DANGEROUS,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "node|help",
    usage: "NODE HELP",
    summary: "Lists the subcommands.",
    since: "0.1.0",
    group: Group::Cluster,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@cluster"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_list<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Node(here::Node::List).into())
}

fn parse_add<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Node(here::Node::Add(args.word()?)).into())
}

fn parse_drain<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Node(here::Node::Drain(id(&mut args)?)).into())
}

fn parse_remove<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let id = id(&mut args)?;
    let force = args.token("FORCE");
    args.end()?;
    Ok(Here::Node(here::Node::Remove { id, force }).into())
}

fn parse_promote<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Node(here::Node::Promote(id(&mut args)?)).into())
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("node", SUBCOMMANDS)).into())
}

/// The id of a node, or how it begins: hexadecimal digits.
fn id<'a>(args: &mut Args<'a>) -> Result<&'a [u8], BadArgs> {
    let id = args.word()?;
    let is_id = !id.is_empty() && id.iter().all(u8::is_ascii_hexdigit);
    if is_id { Ok(id) } else { Err(error::unknown_node(id)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    fn asks(line: &'static str, node: here::Node<'static>) {
        assert_eq!(request(line), Here::Node(node).into(), "{line}");
    }

    #[test]
    fn nodes_are_named_by_their_ids() {
        asks("node list", here::Node::List);
        asks("NODE DRAIN 0a1B", here::Node::Drain(b"0a1B"));
        asks("node promote 7", here::Node::Promote(b"7"));
        asks("node remove 7", here::Node::Remove { id: b"7", force: false });
        asks("node remove 7 Force", here::Node::Remove { id: b"7", force: true });
        asks("node add a:6379", here::Node::Add(b"a:6379"));
    }

    #[test]
    fn what_cannot_be_an_id_is_no_node() {
        assert_eq!(refusal("node drain xyz"), "ERR Unknown node xyz");
        assert_eq!(refusal("node drain \"\""), "ERR Unknown node ");
        assert_eq!(refusal("node remove 7 now"), "ERR syntax error");
        assert_eq!(refusal("node foo"), "ERR unknown subcommand 'foo'. Try NODE HELP.");
    }
}
