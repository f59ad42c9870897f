//! XINFO: what is known of a stream, its groups and their consumers.

use lockstep_core::Outcome;
use lockstep_core::keys::streams::Op;

use super::on;
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, KeySpec, Reply, Request, Road, Spec, error, help,
};

/// XINFO.
pub const COMMAND: Command = Command::container(&SPEC, SUBCOMMANDS);

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &CONSUMERS, parse: parse_consumers, reply: reply_consumers, subcommands: &[] },
    Command { spec: &GROUPS, parse: parse_groups, reply: reply_groups, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &STREAM, parse: parse_stream, reply: reply_stream, subcommands: &[] },
];

/// How much of everything FULL shows without COUNT.
const COUNT: u64 = 10;

static SPEC: Spec = Spec {
    name: "xinfo",
    usage: "XINFO",
    summary: "Tells what is known of a stream, its groups and their consumers.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Cache,
};

const GROUPS: Spec = Spec {
    name: "xinfo|groups",
    usage: "XINFO GROUPS key",
    summary: "Lists the groups of consumers of the stream at a key.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(N) where N is the number of groups",
    arity: 3,
    flags: &["readonly"],
    acl: &["@read", "@slow", "@stream"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 2)],
    road: Road::Cache,
};

static CONSUMERS: Spec = Spec {
    name: "xinfo|consumers",
    usage: "XINFO CONSUMERS key group",
    summary: "Lists the consumers of a group.",
    complexity: "O(N) where N is the number of consumers",
    arity: 4,
    tips: &["nondeterministic_output"],
    ..GROUPS
};

static STREAM: Spec = Spec {
    name: "xinfo|stream",
    usage: "XINFO STREAM key [FULL [COUNT count]]",
    summary: "Tells what is known of the stream at a key; with FULL also of its groups, with the first entries.",
    complexity: "O(log N) where N is the number of entries; with FULL O(N) where N is how much is shown",
    arity: -3,
    ..GROUPS
};

static HELP: Spec = Spec {
    name: "xinfo|help",
    usage: "XINFO HELP",
    summary: "Lists the subcommands.",
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@stream"],
    keys: &[],
    road: Road::Here,
    ..GROUPS
};

fn parse_consumers<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, group) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::Consumers { group }))
}

fn parse_groups<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(on(ctx, args.word()?, Op::Groups {}))
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("xinfo", SUBCOMMANDS)).into())
}

fn parse_stream<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let refused = error::wrong_subcommand(args.called(), "XINFO");
    let key = args.word()?;
    if args.is_empty() {
        return Ok(on(ctx, key, Op::Info {}));
    }
    let fits = matches!(args.len(), 1 | 3);
    if !fits || !args.token("FULL") || !(args.is_empty() || args.token("COUNT")) {
        return Err(refused);
    }
    let count = if args.is_empty() { COUNT } else { args.integer()?.try_into().unwrap_or(COUNT) };
    Ok(on(ctx, key, Op::InfoFull { count }))
}

fn reply_consumers(spec: &Spec, outcome: Outcome) -> Reply {
    each(spec, outcome, |one| named(spec, &["name", "pending", "idle"], one))
}

fn reply_groups(spec: &Spec, outcome: Outcome) -> Reply {
    let names = ["name", "consumers", "pending", "last-delivered-id", "entries-read", "lag"];
    each(spec, outcome, |one| named(spec, &names, one))
}

fn reply_stream(spec: &Spec, outcome: Outcome) -> Reply {
    let full = matches!(&outcome, Outcome::List(parts) if parts.len() == FULL.len());
    match named(spec, if full { &FULL } else { &SHORT }, outcome) {
        Reply::Map(mut parts) if full => {
            replace_last(&mut parts, |groups| array(groups, full_group));
            Reply::Map(parts)
        }
        other => other,
    }
}

const SHORT: [&str; 10] = [
    "length",
    "radix-tree-keys",
    "radix-tree-nodes",
    "last-generated-id",
    "max-deleted-entry-id",
    "entries-added",
    "recorded-first-entry-id",
    "groups",
    "first-entry",
    "last-entry",
];

const FULL: [&str; 9] = [
    "length",
    "radix-tree-keys",
    "radix-tree-nodes",
    "last-generated-id",
    "max-deleted-entry-id",
    "entries-added",
    "recorded-first-entry-id",
    "entries",
    "groups",
];

fn full_group(group: Reply) -> Reply {
    let names =
        ["name", "last-delivered-id", "entries-read", "lag", "pel-count", "pending", "consumers"];
    match with_names(&names, group) {
        Reply::Map(mut parts) => {
            let consumer = |one| with_names(&["name", "seen-time", "pel-count", "pending"], one);
            replace_last(&mut parts, |consumers| array(consumers, consumer));
            Reply::Map(parts)
        }
        other => other,
    }
}

fn each(spec: &Spec, outcome: Outcome, show: impl Fn(Outcome) -> Reply) -> Reply {
    match outcome {
        Outcome::List(all) => Reply::Array(all.into_iter().map(show).collect()),
        other => plain(spec, other),
    }
}

fn named(spec: &Spec, names: &[&str], outcome: Outcome) -> Reply {
    with_names(names, plain(spec, outcome))
}

/// A list whose items have these names, as a map.
fn with_names(names: &[&str], reply: Reply) -> Reply {
    match reply {
        Reply::Array(items) => Reply::Map(names.iter().map(Reply::bulk).zip(items).collect()),
        other => other,
    }
}

fn array(reply: Reply, show: impl Fn(Reply) -> Reply) -> Reply {
    match reply {
        Reply::Array(items) => Reply::Array(items.into_iter().map(show).collect()),
        other => other,
    }
}

fn replace_last(parts: &mut [(Reply, Reply)], show: impl FnOnce(Reply) -> Reply) {
    if let Some((_, last)) = parts.last_mut() {
        *last = show(std::mem::replace(last, Reply::Nil));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::tests::op;
    use crate::testing::{refusal, reply_to};

    #[test]
    fn full_shows_ten_of_everything_or_as_many_as_is_said() {
        assert_eq!(op("xinfo stream k"), Op::Info {});
        assert_eq!(op("xinfo stream k full"), Op::InfoFull { count: 10 });
        assert_eq!(op("xinfo stream k FULL COUNT 0"), Op::InfoFull { count: 0 });
        assert_eq!(op("xinfo stream k FULL COUNT -2"), Op::InfoFull { count: 10 });
        let text =
            "ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.";
        for line in ["xinfo STREAM k foo", "xinfo STREAM k full count", "xinfo STREAM k full foo 1"]
        {
            assert_eq!(refusal(line), text, "{line}");
        }
    }

    #[test]
    fn everything_has_a_name() {
        let bytes = |text: &str| Outcome::Bytes(text.as_bytes().to_vec());
        let group = vec![bytes("g"), Outcome::Int(1), Outcome::Int(2), bytes("5-0")];
        let group = Outcome::List([group, vec![Outcome::Nil, Outcome::Int(3)]].concat());
        let Reply::Array(groups) = reply_to("xinfo groups k", Outcome::List(vec![group])) else {
            panic!("groups come in a list")
        };
        let Reply::Map(parts) = &groups[0] else { panic!("a group is a map") };
        assert_eq!(parts[3], (Reply::bulk("last-delivered-id"), Reply::bulk("5-0")));
        assert_eq!(parts[5], (Reply::bulk("lag"), Reply::Int(3)));
    }

    #[test]
    fn groups_and_consumers_of_full_are_maps_too() {
        let consumer = Outcome::List(vec![Outcome::Ok; 4]);
        let mut group = vec![Outcome::Int(1); 6];
        group.push(Outcome::List(vec![consumer]));
        let mut whole = vec![Outcome::Int(7); 8];
        whole.push(Outcome::List(vec![Outcome::List(group)]));
        let shown = reply_to("xinfo stream k full", Outcome::List(whole));
        let text = format!("{shown:?}");
        assert_eq!(text.matches("Map(").count(), 3, "{text}");
    }
}
