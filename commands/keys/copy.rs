//! COPY: the same value under a second key.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// COPY.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "copy",
    usage: "COPY source destination [DB destination-db] [REPLACE]",
    summary: "Copies the value and deadline of a key to another key, in this or another database.",
    since: "6.2.0",
    group: Group::Generic,
    complexity: "O(N) where N is the size of the value",
    arity: -3,
    flags: &["write", "denyoom"],
    acl: &["@keyspace", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1), KeySpec::one(&["OW", "update"], 2)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (from, to) = (args.word()?, args.word()?);
    let (mut to_db, mut replace) = (ctx.db, false);
    while !args.is_empty() {
        if args.token("REPLACE") {
            replace = true;
        } else if args.len() >= 2 && args.token("DB") {
            to_db = args.database()?;
        } else {
            return Err(error::SYNTAX);
        }
    }
    if (ctx.db, from) == (to_db, to) {
        return Err(error::SAME_OBJECT);
    }
    Ok(Op::Copy { db: ctx.db, from, to_db, to, replace }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Db;

    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn the_copy_may_go_to_another_database() {
        let op = |to_db, replace| Op::Copy { db: DB, from: b"a", to_db, to: b"b", replace };
        assert_eq!(key_op("copy a b"), op(DB, false));
        assert_eq!(key_op("copy a b replace db 15"), op(Db(15), true));
        assert!(matches!(key_op("copy a a db 1"), Op::Copy { to_db: Db(1), .. }));
    }

    #[test]
    fn a_copy_onto_itself_or_to_nowhere_is_refused() {
        let same = "ERR source and destination objects are the same";
        assert_eq!(refusal("copy a a"), same);
        assert_eq!(refusal("copy a a db 3"), same);
        assert_eq!(refusal("copy a b db 16"), "ERR DB index is out of range");
        assert_eq!(refusal("copy a b db"), "ERR syntax error");
        assert_eq!(
            refusal("copy a b db 2147483648"),
            "ERR value is out of range, value must between -2147483648 and 2147483647"
        );
    }
}
