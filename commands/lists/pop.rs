//! LPOP, RPOP: elements from the ends of a list.

use lockstep_core::keys::lists::Op;

use super::{on, popped};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// LPOP.
pub const LPOP: Command =
    Command { spec: &LPOP_SPEC, parse: parse_front, reply: popped, subcommands: &[] };

/// RPOP.
pub const RPOP: Command =
    Command { spec: &RPOP_SPEC, parse: parse_back, reply: popped, subcommands: &[] };

static LPOP_SPEC: Spec = Spec {
    name: "lpop",
    usage: "LPOP key [count]",
    summary: "Removes and returns the first element of the list at a key, or several.",
    since: "1.0.0",
    group: Group::List,
    complexity: "O(N) where N is the number of elements returned",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@fast", "@list", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

static RPOP_SPEC: Spec = Spec {
    name: "rpop",
    usage: "RPOP key [count]",
    summary: "Removes and returns the last element of the list at a key, or several.",
    since: "1.0.0",
    group: Group::List,
    complexity: "O(N) where N is the number of elements returned",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@fast", "@list", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

fn parse_front<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    pop(ctx, args, "lpop", true)
}

fn parse_back<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    pop(ctx, args, "rpop", false)
}

fn pop<'a>(
    ctx: &Context,
    mut args: Args<'a>,
    name: &str,
    front: bool,
) -> Result<Request<'a>, BadArgs> {
    if args.len() > 2 {
        return Err(error::wrong_arity(name));
    }
    let key = args.word()?;
    let count = if args.is_empty() { None } else { Some(args.positive()?) };
    Ok(on(ctx, key, Op::Pop { front, count }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::Outcome;

    use crate::Reply;
    use crate::lists::tests::op;
    use crate::testing::{refusal, reply_to};

    #[test]
    fn a_count_may_be_given() {
        assert_eq!(op("lpop k"), Op::Pop { front: true, count: None });
        assert_eq!(op("rpop k 3"), Op::Pop { front: false, count: Some(3) });
        let text = "ERR value is out of range, must be positive";
        assert_eq!(refusal("lpop k -1"), text);
        assert_eq!(refusal("lpop k x"), text);
        assert_eq!(refusal("rpop k 1 2"), "ERR wrong number of arguments for 'rpop' command");
    }

    #[test]
    fn no_list_is_nothing() {
        assert_eq!(reply_to("lpop k", Outcome::Nil), Reply::Nil);
        assert_eq!(reply_to("lpop k 1", Outcome::Ok), Reply::NilArray);
    }
}
