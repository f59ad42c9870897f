//! GEOADD: members at places.

use lockstep_core::keys::{self, zsets};

use super::place;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// GEOADD.
pub const GEOADD: Command = Command { spec: &GEOADD_SPEC, parse, reply: plain, subcommands: &[] };

static GEOADD_SPEC: Spec = Spec {
    name: "geoadd",
    usage: "GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]",
    summary: "Puts members of the sorted set at a key at places, and returns how many members are new. Places are kept as scores, exact to about half a meter.",
    since: "3.2.0",
    group: Group::Geo,
    complexity: "O(log N) for each member, where N is the number of members",
    arity: -5,
    flags: &["write", "denyoom"],
    acl: &["@geo", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let (mut absent, mut present, mut changed) = (false, false, false);
    loop {
        match () {
            () if args.token("NX") => absent = true,
            () if args.token("XX") => present = true,
            () if args.token("CH") => changed = true,
            () => break,
        }
    }
    if args.is_empty() || !args.len().is_multiple_of(3) || (absent && present) {
        return Err(error::SYNTAX);
    }
    let mut pairs = Vec::with_capacity(args.len() / 3);
    while !args.is_empty() {
        pairs.push((place(&mut args)?.score(), args.word()?));
    }
    let (greater, less, incr) = (false, false, false);
    let op = zsets::Op::Add { pairs, absent, present, greater, less, changed, incr };
    Ok(keys::Op::Scored { db: ctx.db, key, op }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn a_place_is_a_score() {
        let pairs = vec![(3_479_099_956_230_698.0, &b"Palermo"[..])];
        let (greater, less, incr) = (false, false, false);
        let (absent, present, changed) = (true, false, true);
        let op = zsets::Op::Add { pairs, absent, present, greater, less, changed, incr };
        let line = "geoadd k ch NX 13.361389 38.115556 Palermo";
        assert_eq!(key_op(line), keys::Op::Scored { db: DB, key: b"k", op });
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for line in ["geoadd k 1 2 a b", "geoadd k nx xx 1 2 a", "geoadd k ch ch ch"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(refusal("geoadd k x 2 a"), "ERR value is not a valid float");
        let text = "ERR invalid longitude,latitude pair 1.000000,86.000000";
        assert_eq!(refusal("geoadd k 1 86 a"), text);
    }
}
