//! GET: the string a key holds.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// GET.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "get",
    usage: "GET key",
    summary: "Returns the string stored at a key.",
    since: "1.0.0",
    group: Group::String,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@read", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(Op::Get { db: ctx.db, key }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn get_names_one_key_in_the_selected_database() {
        assert_eq!(key_op("GeT k"), Op::Get { db: DB, key: b"k" });
        assert_eq!(refusal("get a b"), "ERR wrong number of arguments for 'get' command");
    }
}
