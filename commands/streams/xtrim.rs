//! XTRIM: the oldest entries go.

use lockstep_core::keys::streams::{Op, Trim};

use super::on;
use super::trim::Words;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// XTRIM.
pub const XTRIM: Command = Command { spec: &XTRIM_SPEC, parse, reply: plain, subcommands: &[] };

static XTRIM_SPEC: Spec = Spec {
    name: "xtrim",
    usage: "XTRIM key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]",
    summary: "Takes away the oldest entries of the stream at a key and returns how many; with ~ only where that is cheap.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(N) where N is the number of entries that are taken away",
    arity: -4,
    flags: &["write"],
    acl: &["@slow", "@stream", "@write"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, mut words) = (args.word()?, Words::default());
    while !args.is_empty() {
        if !words.take(&mut args)? {
            return Err(error::SYNTAX);
        }
    }
    match words.trim(ctx)? {
        Trim::Never {} => Err(error::NO_TRIM),
        trim => Ok(on(ctx, key, Op::Trim { trim })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::tests::op;
    use crate::testing::refusal;

    #[test]
    fn a_border_is_named() {
        let trim = Trim::MaxLen { count: 0, blocks: false, limit: 0 };
        assert_eq!(op("xtrim k maxlen 0"), Op::Trim { trim });
        assert_eq!(refusal("xtrim k maxlen"), "ERR wrong number of arguments for 'xtrim' command");
        assert_eq!(refusal("xtrim k maxlen 5 foo"), "ERR syntax error");
        let text = "ERR syntax error, XTRIM must be called with a trimming strategy";
        assert_eq!(refusal("xtrim k limit 0"), text);
    }
}
