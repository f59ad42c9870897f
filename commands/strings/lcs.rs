//! LCS: what two strings have in common.

use lockstep_core::keys::Op;
use lockstep_core::{Fault, Outcome};

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec, error};

/// LCS.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lcs",
    usage: "LCS key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]",
    summary: "Finds the longest common subsequence of two strings: itself, its length, or the ranges that match.",
    since: "7.0.0",
    group: Group::String,
    complexity: "O(N*M) where N and M are the lengths of the strings",
    arity: -3,
    flags: &["readonly"],
    acl: &["@read", "@string", "@slow"],
    tips: &[],
    keys: &[KeySpec::range(&["RO", "access"], 1, 1, 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (a, b) = (args.word()?, args.word()?);
    let mut options = Options::default();
    while !args.is_empty() {
        options.take(&mut args)?;
    }
    Ok(Op::Lcs { db: ctx.db, a, b, form: options.form()?, min_len: options.min_len }.into())
}

#[derive(Default)]
struct Options {
    len: bool,
    idx: bool,
    with_match_len: bool,
    min_len: u64,
}

impl Options {
    fn take(&mut self, args: &mut Args<'_>) -> Result<(), BadArgs> {
        if args.token("LEN") {
            self.len = true;
        } else if args.token("IDX") {
            self.idx = true;
        } else if args.token("WITHMATCHLEN") {
            self.with_match_len = true;
        } else if args.token("MINMATCHLEN") {
            self.min_len = u64::try_from(args.integer()?).unwrap_or(0);
        } else {
            return Err(error::SYNTAX);
        }
        Ok(())
    }

    /// The form of the answer, as the operation numbers them.
    fn form(&self) -> Result<u8, BadArgs> {
        match (self.len, self.idx, self.with_match_len) {
            (true, true, _) => Err(error::LCS_LEN_AND_IDX),
            (false, false, _) => Ok(0),
            (true, false, _) => Ok(1),
            (false, true, false) => Ok(2),
            (false, true, true) => Ok(3),
        }
    }
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Fault(Fault::WrongType) => Reply::Error(error::LCS_WRONG_TYPE),
        Outcome::List(parts) => {
            let names = [Reply::bulk("matches"), Reply::bulk("len")];
            Reply::Map(
                names.into_iter().zip(parts.into_iter().map(|part| plain(spec, part))).collect(),
            )
        }
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal, reply_to};

    #[test]
    fn the_options_choose_the_form() {
        let op = |form, min_len| Op::Lcs { db: DB, a: b"a", b: b"b", form, min_len };
        assert_eq!(key_op("lcs a b"), op(0, 0));
        assert_eq!(key_op("lcs a b len"), op(1, 0));
        assert_eq!(key_op("lcs a b idx minmatchlen 4"), op(2, 4));
        assert_eq!(key_op("lcs a b withmatchlen idx minmatchlen -4"), op(3, 0));
    }

    #[test]
    fn length_and_ranges_exclude_each_other() {
        assert_eq!(
            refusal("lcs a b len idx"),
            "ERR If you want both the length and indexes, please just use IDX."
        );
        assert_eq!(refusal("lcs a b minmatchlen"), "ERR syntax error");
    }

    #[test]
    fn the_ranges_are_a_map() {
        let outcome = Outcome::List(vec![Outcome::List(vec![]), Outcome::Int(3)]);
        let map = Reply::Map(vec![
            (Reply::bulk("matches"), Reply::Array(vec![])),
            (Reply::bulk("len"), Reply::Int(3)),
        ]);
        assert_eq!(reply_to("lcs a b idx", outcome), map);
    }

    #[test]
    fn other_types_have_a_text_of_their_own() {
        let reply = reply_to("lcs a b", Outcome::Fault(Fault::WrongType));
        assert_eq!(reply, Reply::Error(error::LCS_WRONG_TYPE));
    }
}
