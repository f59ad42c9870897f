//! BZPOPMIN, BZPOPMAX: a member of the first of several sorted sets that is there, now or
//! soon.

use lockstep_core::keys::waits::Want;

use crate::reply::or_nil_array;
use crate::waiting::{keys_and_time, pop};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// BZPOPMIN.
pub const BZPOPMIN: Command =
    Command { spec: &BZPOPMIN_SPEC, parse: parse_min, reply: or_nil_array, subcommands: &[] };

/// BZPOPMAX.
pub const BZPOPMAX: Command =
    Command { spec: &BZPOPMAX_SPEC, parse: parse_max, reply: or_nil_array, subcommands: &[] };

const BZPOPMIN_SPEC: Spec = Spec {
    name: "bzpopmin",
    usage: "BZPOPMIN key [key ...] timeout",
    summary: "Removes the member with the least score of the first of several sorted sets that is there and returns it between the name of the set and its score. If none is there, waits for one at most so many seconds, 0 without end; who came first is served first.",
    since: "5.0.0",
    group: Group::SortedSet,
    complexity: "O(K + log N) where K is the number of keys and N the number of members",
    arity: -3,
    flags: &["write", "noscript", "blocking", "fast"],
    acl: &["@blocking", "@fast", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::range(&["RW", "access", "delete"], 1, -2, 1)],
    road: Road::Log,
};

static BZPOPMAX_SPEC: Spec = Spec {
    name: "bzpopmax",
    usage: "BZPOPMAX key [key ...] timeout",
    summary: "Does the same as BZPOPMIN with the greatest score.",
    ..BZPOPMIN_SPEC
};

fn parse_min<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (keys, block_ms) = keys_and_time(&mut args)?;
    Ok(pop(ctx, keys, Want::Member { max: false }, block_ms))
}

fn parse_max<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (keys, block_ms) = keys_and_time(&mut args)?;
    Ok(pop(ctx, keys, Want::Member { max: true }, block_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waiting::tests::asked;

    #[test]
    fn the_name_says_which_end() {
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        assert_eq!(asked("bzpopmin a b 0.096"), (keys, Want::Member { max: false }, 96));
        assert_eq!(asked("bzpopmax a 0"), (vec![&b"a"[..]], Want::Member { max: true }, 0));
    }
}
