//! SINTERCARD: how much is in all of several sets.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// SINTERCARD.
pub const SINTERCARD: Command =
    Command { spec: &SINTERCARD_SPEC, parse, reply: plain, subcommands: &[] };

static SINTERCARD_SPEC: Spec = Spec {
    name: "sintercard",
    usage: "SINTERCARD numkeys key [key ...] [LIMIT limit]",
    summary: "Returns how many members all of several sets have, counted up to a limit.",
    since: "7.0.0",
    group: Group::Set,
    complexity: "O(N*M) where N is the size of the smallest set and M the number of sets",
    arity: -3,
    flags: &["readonly", "movablekeys"],
    acl: &["@read", "@set", "@slow"],
    tips: &[],
    keys: &[KeySpec::counted(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let keys = args.counted_keys().map_err(too_few)?;
    let mut limit = 0;
    while !args.is_empty() {
        if !args.token("LIMIT") || args.is_empty() {
            return Err(error::SYNTAX);
        }
        let number = args.integer().ok().and_then(|number| u64::try_from(number).ok());
        limit = number.ok_or(error::NEGATIVE_LIMIT)?;
    }
    Ok(Op::SetCommon { db: ctx.db, keys, limit }.into())
}

fn too_few(refusal: BadArgs) -> BadArgs {
    if refusal == error::SYNTAX { error::TOO_FEW_KEYS } else { refusal }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn a_limit_may_be_given() {
        let common = |limit| Op::SetCommon { db: DB, keys: vec![b"a", b"b"], limit };
        assert_eq!(key_op("sintercard 2 a b"), common(0));
        assert_eq!(key_op("sintercard 2 a b limit 5 LIMIT 6"), common(6));
        assert_eq!(refusal("sintercard 1 a limit -1"), "ERR LIMIT can't be negative");
        assert_eq!(refusal("sintercard 1 a limit"), "ERR syntax error");
        assert_eq!(refusal("sintercard 0 a"), "ERR numkeys should be greater than 0");
        let text = "ERR Number of keys can't be greater than number of args";
        assert_eq!(refusal("sintercard 2 a"), text);
    }
}
