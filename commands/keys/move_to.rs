//! MOVE: a key in another database.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// MOVE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "move",
    usage: "MOVE key db",
    summary: "Moves a key to another database if it does not exist there yet.",
    since: "1.0.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 3,
    flags: &["write", "fast"],
    acl: &["@keyspace", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let to_db = args.database()?;
    if to_db == ctx.db {
        return Err(error::SAME_OBJECT);
    }
    Ok(Op::Move { db: ctx.db, key, to_db }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Db;

    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn a_key_moves_between_databases_only() {
        assert_eq!(key_op("move k 0"), Op::Move { db: DB, key: b"k", to_db: Db(0) });
        assert_eq!(refusal("move k 3"), "ERR source and destination objects are the same");
        assert_eq!(refusal("move k 16"), "ERR DB index is out of range");
        assert_eq!(refusal("move k -1"), "ERR DB index is out of range");
        assert_eq!(refusal("move k x"), "ERR value is not an integer or out of range");
    }
}
