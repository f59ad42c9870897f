//! EVAL, EVALSHA and their forms that only read: run a script.

use lockstep_core::Op;
use lockstep_core::scripts::{self, Script};

use super::{answer, enabled, keys_and_rest, terms};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// EVAL.
pub const EVAL: Command =
    Command { spec: &EVAL_SPEC, parse: parse_text, reply: answer::reply, subcommands: &[] };
/// EVALSHA.
pub const EVALSHA: Command =
    Command { spec: &EVALSHA_SPEC, parse: parse_named, reply: answer::reply, subcommands: &[] };
/// EVAL_RO.
pub const EVAL_RO: Command =
    Command { spec: &EVAL_RO_SPEC, parse: parse_text_ro, reply: answer::reply, subcommands: &[] };
/// EVALSHA_RO.
pub const EVALSHA_RO: Command = Command {
    spec: &EVALSHA_RO_SPEC,
    parse: parse_named_ro,
    reply: answer::reply,
    subcommands: &[],
};

const EVAL_SPEC: Spec = Spec {
    name: "eval",
    usage: "EVAL script numkeys [key [key ...]] [arg [arg ...]]",
    summary: "Runs a script in Lua 5.1, as one operation that nothing comes between, and \
              remembers it. It runs on every replica: its time and its random numbers are those \
              of the log, and it is stopped by counts of steps and bytes, never by a clock.",
    since: "2.6.0",
    group: Group::Scripting,
    complexity: "Depends on the script",
    arity: -3,
    flags: &["noscript", "stale", "skip_monitor", "no_mandatory_keys", "movablekeys"],
    acl: &["@slow", "@scripting"],
    tips: &[],
    keys: &[KeySpec::counted(&["RW", "access", "update"], 2)
        .noted("We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")],
    road: Road::Log,
};

static EVALSHA_SPEC: Spec = Spec {
    name: "evalsha",
    usage: "EVALSHA sha1 numkeys [key [key ...]] [arg [arg ...]]",
    summary: "Runs a script that is remembered, by its SHA-1.",
    keys: &[KeySpec::counted(&["RW", "access", "update"], 2)],
    ..EVAL_SPEC
};

static EVAL_RO_SPEC: Spec = Spec {
    name: "eval_ro",
    usage: "EVAL_RO script numkeys [key [key ...]] [arg [arg ...]]",
    summary: "Runs a script that must not write. It is a read: the leader runs it, nothing is \
              logged, and it is not remembered.",
    since: "7.0.0",
    road: Road::Cache,
    flags: &["readonly", "noscript", "stale", "skip_monitor", "no_mandatory_keys", "movablekeys"],
    keys: &[KeySpec::counted(&["RO", "access"], 2)
        .noted("We cannot tell how the keys will be used so we assume the worst, RO and ACCESS")],
    ..EVAL_SPEC
};

static EVALSHA_RO_SPEC: Spec = Spec {
    name: "evalsha_ro",
    usage: "EVALSHA_RO sha1 numkeys [key [key ...]] [arg [arg ...]]",
    summary: "Runs a script that is remembered and must not write, by its SHA-1.",
    since: "7.0.0",
    road: Road::Cache,
    flags: &["readonly", "noscript", "stale", "skip_monitor", "no_mandatory_keys", "movablekeys"],
    keys: &[KeySpec::counted(&["RO", "access"], 2)],
    ..EVAL_SPEC
};

fn parse_text<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |body| Script::Text { body }, false)
}

fn parse_named<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |sha| Script::Named { sha }, false)
}

fn parse_text_ro<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |body| Script::Text { body }, true)
}

fn parse_named_ro<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |sha| Script::Named { sha }, true)
}

fn parse<'a>(
    ctx: &Context,
    mut args: Args<'a>,
    script: fn(&'a [u8]) -> Script<'a>,
    read_only: bool,
) -> Result<Request<'a>, BadArgs> {
    enabled(ctx)?;
    let script = script(args.word()?);
    let count = args.integer()?;
    let [keys, args] = keys_and_rest(&mut args, count)?;
    let terms = terms(ctx, read_only);
    Ok(Request::Op(Op::Script { op: scripts::Op::Run { script, keys, args, terms } }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error;
    use crate::testing::{context, refusal, request};

    #[test]
    fn keys_and_arguments_are_told_apart() {
        let Request::Op(Op::Script { op }) = request("EVAL s 2 a b c") else { panic!() };
        let (keys, args): (Vec<&[u8]>, Vec<&[u8]>) = (vec![b"a", b"b"], vec![b"c"]);
        let (script, terms) = (Script::Text { body: b"s" }, terms(&context(), false));
        assert_eq!(op, scripts::Op::Run { script, keys, args, terms });
        let Request::Op(Op::Script { op }) = request("EVALSHA_RO abc 0") else { panic!() };
        let (script, terms) = (Script::Named { sha: b"abc" }, super::terms(&context(), true));
        assert_eq!(op, scripts::Op::Run { script, keys: vec![], args: vec![], terms });
    }

    #[test]
    fn numbers_of_keys_that_cannot_be_are_refused() {
        for name in ["EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO"] {
            let line = |rest: &str| -> &'static str { format!("{name} s {rest}").leak() };
            let most = "ERR Number of keys can't be greater than number of args";
            assert_eq!(refusal(line("2 a")), most);
            assert_eq!(refusal(line("-1")), "ERR Number of keys can't be negative");
            assert_eq!(refusal(line("x")), "ERR value is not an integer or out of range");
        }
    }

    #[test]
    fn where_there_are_no_scripts_that_is_said() {
        let mut ctx = context();
        ctx.scripts.enabled = false;
        let refused = crate::testing::parse_as(&ctx, "EVAL s 0").unwrap_err();
        assert_eq!(refused, error::NO_SCRIPTS);
    }
}
