//! LINSERT: an element beside another one.

use lockstep_core::keys::lists::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// LINSERT.
pub const LINSERT: Command = Command { spec: &LINSERT_SPEC, parse, reply: plain, subcommands: &[] };

static LINSERT_SPEC: Spec = Spec {
    name: "linsert",
    usage: "LINSERT key <BEFORE | AFTER> pivot element",
    summary: "Puts an element before or behind the first one that equals another value.",
    since: "2.2.0",
    group: Group::List,
    complexity: "O(N) where N is the number of elements before that one",
    arity: 5,
    flags: &["write", "denyoom"],
    acl: &["@list", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let before = args.token("BEFORE");
    if !before && !args.token("AFTER") {
        return Err(error::SYNTAX);
    }
    let (pivot, value) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::Insert { pivot, value, before }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::tests::op;
    use crate::testing::refusal;

    #[test]
    fn it_is_before_or_after() {
        let insert = |before| Op::Insert { pivot: b"p", value: b"v", before };
        assert_eq!(op("linsert k before p v"), insert(true));
        assert_eq!(op("linsert k AFTER p v"), insert(false));
        assert_eq!(refusal("linsert k at p v"), "ERR syntax error");
    }
}
