//! BLMOVE, BRPOPLPUSH: an element goes to another list, now or soon.

use lockstep_core::keys::waits::Want;

use super::{end, popped};
use crate::waiting::{pop, seconds};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// BLMOVE.
pub const BLMOVE: Command = Command { spec: &BLMOVE_SPEC, parse, reply: popped, subcommands: &[] };

/// BRPOPLPUSH.
pub const BRPOPLPUSH: Command =
    Command { spec: &BRPOPLPUSH_SPEC, parse: parse_old, reply: popped, subcommands: &[] };

const BLMOVE_SPEC: Spec = Spec {
    name: "blmove",
    usage: "BLMOVE source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout",
    summary: "Does the same as LMOVE. If there is no list, waits for one at most so many seconds, 0 without end.",
    since: "6.2.0",
    group: Group::List,
    complexity: "O(1)",
    arity: 6,
    flags: &["write", "denyoom", "noscript", "blocking"],
    acl: &["@blocking", "@list", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1), KeySpec::one(&["RW", "insert"], 2)],
    road: Road::Log,
};

static BRPOPLPUSH_SPEC: Spec = Spec {
    name: "brpoplpush",
    usage: "BRPOPLPUSH source destination timeout",
    summary: "Does the same as BLMOVE with RIGHT and LEFT.",
    since: "2.2.0",
    arity: 4,
    ..BLMOVE_SPEC
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (from, to) = (args.word()?, args.word()?);
    let (from_front, to_front) = (end(&mut args)?, end(&mut args)?);
    let block_ms = seconds(args.word()?)?;
    Ok(pop(ctx, vec![from], Want::Moved { to, from_front, to_front }, block_ms))
}

fn parse_old<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (from, to) = (args.word()?, args.word()?);
    let want = Want::Moved { to, from_front: false, to_front: true };
    Ok(pop(ctx, vec![from], want, seconds(args.word()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::Outcome;

    use crate::Reply;
    use crate::testing::{refusal, reply_to};
    use crate::waiting::tests::asked;

    #[test]
    fn both_ends_and_a_time_are_named() {
        let to = |from_front, to_front| Want::Moved { to: b"b", from_front, to_front };
        let from = || vec![&b"a"[..]];
        assert_eq!(asked("blmove a b left RIGHT 2"), (from(), to(true, false), 2000));
        assert_eq!(asked("brpoplpush a b 0"), (from(), to(false, true), 0));
        assert_eq!(refusal("blmove a b up left x"), "ERR syntax error");
        let text = "ERR timeout is not a float or out of range";
        assert_eq!(refusal("blmove a b left left x"), text);
    }

    #[test]
    fn who_waited_in_vain_gets_a_null_array_and_who_may_not_wait_a_null() {
        assert_eq!(reply_to("blmove a b left left 1", Outcome::Ok), Reply::NilArray);
        assert_eq!(reply_to("brpoplpush a b 1", Outcome::Nil), Reply::Nil);
    }
}
