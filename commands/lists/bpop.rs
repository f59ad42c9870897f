//! BLPOP, BRPOP: an element of the first of several lists that is there, now or soon.

use lockstep_core::keys::waits::Want;

use crate::reply::or_nil_array;
use crate::waiting::{keys_and_time, pop};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// BLPOP.
pub const BLPOP: Command =
    Command { spec: &BLPOP_SPEC, parse: parse_front, reply: or_nil_array, subcommands: &[] };

/// BRPOP.
pub const BRPOP: Command =
    Command { spec: &BRPOP_SPEC, parse: parse_back, reply: or_nil_array, subcommands: &[] };

const BLPOP_SPEC: Spec = Spec {
    name: "blpop",
    usage: "BLPOP key [key ...] timeout",
    summary: "Removes the first element of the first of several lists that is there and returns it behind the name of the list. If none is there, waits for one at most so many seconds, 0 without end; who came first is served first.",
    since: "2.0.0",
    group: Group::List,
    complexity: "O(N) where N is the number of keys",
    arity: -3,
    flags: &["write", "noscript", "blocking"],
    acl: &["@blocking", "@list", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::range(&["RW", "access", "delete"], 1, -2, 1)],
    road: Road::Log,
};

static BRPOP_SPEC: Spec = Spec {
    name: "brpop",
    usage: "BRPOP key [key ...] timeout",
    summary: "Does the same as BLPOP with the last element.",
    ..BLPOP_SPEC
};

fn parse_front<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (keys, block_ms) = keys_and_time(&mut args)?;
    Ok(pop(ctx, keys, Want::Element { front: true }, block_ms))
}

fn parse_back<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (keys, block_ms) = keys_and_time(&mut args)?;
    Ok(pop(ctx, keys, Want::Element { front: false }, block_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::Outcome;

    use crate::Reply;
    use crate::testing::{refusal, reply_to};
    use crate::waiting::tests::asked;

    #[test]
    fn the_last_word_is_the_time() {
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        assert_eq!(asked("blpop a b 0.5"), (keys, Want::Element { front: true }, 500));
        assert_eq!(asked("brpop a 0"), (vec![&b"a"[..]], Want::Element { front: false }, 0));
        assert_eq!(refusal("blpop a b"), "ERR timeout is not a float or out of range");
        assert_eq!(refusal("brpop a -1"), "ERR timeout is negative");
    }

    #[test]
    fn nothing_is_a_null_array() {
        assert_eq!(reply_to("blpop a 0", Outcome::Nil), Reply::NilArray);
    }
}
