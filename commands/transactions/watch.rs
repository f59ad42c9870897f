//! WATCH, UNWATCH: a transaction only if nothing has changed.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, KeySpec, Request, Road, Spec};

/// WATCH.
pub const WATCH: Command =
    Command { spec: &WATCH_SPEC, parse: parse_watch, reply: plain, subcommands: &[] };

/// UNWATCH.
pub const UNWATCH: Command =
    Command { spec: &UNWATCH_SPEC, parse: parse_unwatch, reply: plain, subcommands: &[] };

static WATCH_SPEC: Spec = Spec {
    name: "watch",
    usage: "WATCH key [key ...]",
    summary: "Lets the next EXEC run only if none of the keys changes until then.",
    since: "2.2.0",
    group: Group::Transactions,
    complexity: "O(N) where N is the number of keys",
    arity: -2,
    flags: &["noscript", "loading", "stale", "fast", "allow_busy"],
    acl: &["@fast", "@transaction"],
    tips: &[],
    keys: &[KeySpec::range(&["RO"], 1, -1, 1)],
    road: Road::Here,
};

static UNWATCH_SPEC: Spec = Spec {
    name: "unwatch",
    usage: "UNWATCH",
    summary: "Forgets all watched keys.",
    since: "2.2.0",
    group: Group::Transactions,
    complexity: "O(N) where N is the number of watched keys",
    arity: 1,
    flags: &["noscript", "loading", "stale", "fast", "allow_busy"],
    acl: &["@fast", "@transaction"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_watch<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Watch(args.all().to_vec()).into())
}

fn parse_unwatch<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Unwatch.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn watch_names_its_keys() {
        assert_eq!(request("watch a b"), Here::Watch(vec![b"a", b"b"]).into());
        assert_eq!(request("unwatch"), Here::Unwatch.into());
        assert_eq!(refusal("watch"), "ERR wrong number of arguments for 'watch' command");
    }
}
