//! SWAPDB: two databases change places.

use lockstep_core::keys::Op;

use crate::args::database;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Request, Road, Spec, error};

/// SWAPDB.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "swapdb",
    usage: "SWAPDB index1 index2",
    summary: "Exchanges the keys of two databases at once.",
    since: "4.0.0",
    group: Group::Server,
    complexity: "O(N) where N is the number of clients watching keys of them",
    arity: 3,
    flags: &["write", "fast"],
    acl: &["@keyspace", "@write", "@fast", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let a = index(&mut args).ok_or(error::BAD_FIRST_DB)?;
    let b = index(&mut args).ok_or(error::BAD_SECOND_DB)?;
    let (a, b) = (database(a), database(b));
    let (a, b) = a.zip(b).ok_or(error::DB_OUT_OF_RANGE)?;
    Ok(Op::SwapDb { a, b }.into())
}

fn index(args: &mut Args<'_>) -> Option<i64> {
    args.integer_in(i32::MIN.into(), i32::MAX.into()).ok()
}

#[cfg(test)]
mod tests {
    use lockstep_core::Db;

    use super::*;
    use crate::testing::{key_op, refusal};

    #[test]
    fn each_wrong_index_has_its_text() {
        assert_eq!(key_op("swapdb 0 15"), Op::SwapDb { a: Db(0), b: Db(15) });
        assert_eq!(refusal("swapdb x 0"), "ERR invalid first DB index");
        assert_eq!(refusal("swapdb 0 2147483648"), "ERR invalid second DB index");
        assert_eq!(refusal("swapdb 0 16"), "ERR DB index is out of range");
    }
}
