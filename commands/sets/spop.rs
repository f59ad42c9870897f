//! SPOP: members taken at random.

use lockstep_core::keys::sets::Op;

use super::on;
use crate::reply::set;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// SPOP.
pub const SPOP: Command = Command { spec: &SPOP_SPEC, parse, reply: set, subcommands: &[] };

static SPOP_SPEC: Spec = Spec {
    name: "spop",
    usage: "SPOP key [count]",
    summary: "Removes a member of the set at a key chosen at random and returns it, or several.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(N) where N is the number of members returned",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@fast", "@set", "@write"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, seed) = (args.word()?, ctx.seed);
    if args.is_empty() {
        return Ok(on(ctx, key, Op::Pop { seed }));
    }
    if args.len() > 1 {
        return Err(error::SYNTAX);
    }
    let count = args.positive()?;
    Ok(on(ctx, key, Op::PopSome { count, seed }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sets::tests::op;
    use crate::testing::refusal;

    #[test]
    fn a_count_may_be_given() {
        assert_eq!(op("spop k"), Op::Pop { seed: 42 });
        assert_eq!(op("spop k 3"), Op::PopSome { count: 3, seed: 42 });
        assert_eq!(refusal("spop k -1"), "ERR value is out of range, must be positive");
        assert_eq!(refusal("spop k x y"), "ERR syntax error");
    }
}
