//! BLMPOP: elements from the first of several lists that is there, now or soon.

use lockstep_core::keys::waits::Want;

use super::end;
use crate::reply::or_nil_array;
use crate::waiting::{pop, seconds};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// BLMPOP.
pub const BLMPOP: Command =
    Command { spec: &BLMPOP_SPEC, parse, reply: or_nil_array, subcommands: &[] };

static BLMPOP_SPEC: Spec = Spec {
    name: "blmpop",
    usage: "BLMPOP timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]",
    summary: "Does the same as LMPOP. If no list is there, waits for one at most so many seconds, 0 without end.",
    since: "7.0.0",
    group: Group::List,
    complexity: "O(N + M) where N is the number of keys and M the number of elements returned",
    arity: -5,
    flags: &["write", "blocking", "movablekeys"],
    acl: &["@blocking", "@list", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::counted(&["RW", "access", "delete"], 2)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    // The time is judged last, as in Redis.
    let time = args.word()?;
    let keys = args.counted_keys()?;
    let front = end(&mut args)?;
    let count = args.count_of_elements()?;
    Ok(pop(ctx, keys, Want::Elements { front, count }, seconds(time)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::refusal;
    use crate::waiting::tests::asked;

    #[test]
    fn the_time_stands_first_and_is_judged_last() {
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        let want = Want::Elements { front: false, count: 3 };
        assert_eq!(asked("blmpop 0.1 2 a b right count 3"), (keys, want, 100));
        assert_eq!(refusal("blmpop x 0 a left"), "ERR numkeys should be greater than 0");
        assert_eq!(refusal("blmpop x 1 a up"), "ERR syntax error");
        assert_eq!(refusal("blmpop -1 1 a left"), "ERR timeout is negative");
    }
}
