//! PFDEBUG and PFSELFTEST: for tests of what counts different elements.

use lockstep_core::Outcome;
use lockstep_core::keys::{Inside, Op};

use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, KeySpec, Reply, Request, Road, Spec, error,
};

/// PFDEBUG.
pub const PFDEBUG: Command = Command { spec: &PFDEBUG_SPEC, parse, reply, subcommands: &[] };

/// PFSELFTEST.
pub const PFSELFTEST: Command =
    Command { spec: &PFSELFTEST_SPEC, parse: parse_self_test, reply: plain, subcommands: &[] };

static PFDEBUG_SPEC: Spec = Spec {
    name: "pfdebug",
    usage: "PFDEBUG subcommand key",
    summary: "Shows the inside of the HyperLogLog at a key, for tests: GETREG its registers, DECODE its runs, ENCODING its form; TODENSE makes it dense.",
    since: "2.8.9",
    group: Group::HyperLogLog,
    complexity: "O(1)",
    arity: 3,
    flags: &["write", "denyoom", "admin"],
    acl: &["@admin", "@dangerous", "@hyperloglog", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access"], 2)],
    road: Road::Log,
};

static PFSELFTEST_SPEC: Spec = Spec {
    name: "pfselftest",
    usage: "PFSELFTEST",
    summary: "Counts a million elements in HyperLogLogs of its own, and says whether that is right.",
    since: "2.8.9",
    group: Group::HyperLogLog,
    complexity: "O(1)",
    arity: 1,
    flags: &["admin"],
    acl: &["@admin", "@dangerous", "@hyperloglog", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (word, key) = (args.word()?, args.word()?);
    let ask = match word.to_ascii_uppercase().as_slice() {
        b"GETREG" => Inside::Counters {},
        b"DECODE" => Inside::Runs {},
        b"ENCODING" => Inside::Form {},
        b"TODENSE" => Inside::MakeDense {},
        _ => return Err(error::unknown_pfdebug(word)),
    };
    Ok(Op::DistinctInside { db: ctx.db, key, ask }.into())
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Nil => error::NO_SUCH_HLL.into(),
        Outcome::Ok => error::HLL_NOT_SPARSE.into(),
        other => plain(spec, other),
    }
}

fn parse_self_test<'a>(ctx: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::TryDistinct { seed: ctx.seed, sparse_max: ctx.sparse_bytes_max }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal, reply_to};

    #[test]
    fn each_subcommand_asks_for_one_thing() {
        let inside = |ask| Op::DistinctInside { db: DB, key: b"k", ask };
        assert_eq!(key_op("pfdebug getreg k"), inside(Inside::Counters {}));
        assert_eq!(key_op("PFDEBUG DECODE k"), inside(Inside::Runs {}));
        assert_eq!(key_op("pfdebug encoding k"), inside(Inside::Form {}));
        assert_eq!(key_op("pfdebug todense k"), inside(Inside::MakeDense {}));
        assert_eq!(refusal("pfdebug foo k"), "ERR Unknown PFDEBUG subcommand 'foo'");
    }

    #[test]
    fn what_has_no_runs_and_what_is_not_there_are_told_apart() {
        let text = "ERR HLL encoding is not sparse";
        assert_eq!(reply_to("pfdebug decode k", Outcome::Ok), Reply::Error(BadArgs(text.into())));
        let text = "ERR The specified key does not exist";
        assert_eq!(reply_to("pfdebug getreg k", Outcome::Nil), Reply::Error(BadArgs(text.into())));
        let word = Outcome::Word("dense");
        assert_eq!(reply_to("pfdebug encoding k", word), Reply::Simple("dense"));
    }
}
