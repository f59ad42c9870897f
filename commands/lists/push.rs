//! LPUSH, RPUSH, LPUSHX, RPUSHX: elements for the ends of a list.

use lockstep_core::keys::lists::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// LPUSH.
pub const LPUSH: Command =
    Command { spec: &LPUSH_SPEC, parse: parse_front, reply: plain, subcommands: &[] };

/// RPUSH.
pub const RPUSH: Command =
    Command { spec: &RPUSH_SPEC, parse: parse_back, reply: plain, subcommands: &[] };

/// LPUSHX.
pub const LPUSHX: Command =
    Command { spec: &LPUSHX_SPEC, parse: parse_front_there, reply: plain, subcommands: &[] };

/// RPUSHX.
pub const RPUSHX: Command =
    Command { spec: &RPUSHX_SPEC, parse: parse_back_there, reply: plain, subcommands: &[] };

const LPUSH_SPEC: Spec = Spec {
    name: "lpush",
    usage: "LPUSH key element [element ...]",
    summary: "Puts elements to the front of the list at a key, one before the other, and returns how long it is.",
    since: "1.0.0",
    group: Group::List,
    complexity: "O(N) where N is the number of elements",
    arity: -3,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@list", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 1)],
    road: Road::Log,
};

static RPUSH_SPEC: Spec = Spec {
    name: "rpush",
    usage: "RPUSH key element [element ...]",
    summary: "Puts elements to the end of the list at a key and returns how long it is.",
    ..LPUSH_SPEC
};

static LPUSHX_SPEC: Spec = Spec {
    name: "lpushx",
    usage: "LPUSHX key element [element ...]",
    summary: "Does the same as LPUSH if there is a list already.",
    since: "2.2.0",
    ..LPUSH_SPEC
};

static RPUSHX_SPEC: Spec = Spec {
    name: "rpushx",
    usage: "RPUSHX key element [element ...]",
    summary: "Does the same as RPUSH if there is a list already.",
    since: "2.2.0",
    ..LPUSH_SPEC
};

fn parse_front<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    push(ctx, args, true, false)
}

fn parse_back<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    push(ctx, args, false, false)
}

fn parse_front_there<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    push(ctx, args, true, true)
}

fn parse_back_there<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    push(ctx, args, false, true)
}

fn push<'a>(
    ctx: &Context,
    mut args: Args<'a>,
    front: bool,
    only_there: bool,
) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::Push { values: args.all().to_vec(), front, only_there }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::tests::op;

    #[test]
    fn the_name_says_which_end_and_whether_there_must_be_a_list() {
        let push = |front, only_there| Op::Push { values: vec![b"a", b"b"], front, only_there };
        assert_eq!(op("lpush k a b"), push(true, false));
        assert_eq!(op("rpush k a b"), push(false, false));
        assert_eq!(op("lpushx k a b"), push(true, true));
        assert_eq!(op("rpushx k a b"), push(false, true));
    }
}
