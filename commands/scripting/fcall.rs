//! FCALL and FCALL_RO: call a function of a library.

use lockstep_core::Op;
use lockstep_core::scripts;

use super::{answer, enabled, keys_and_rest, terms};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// FCALL.
pub const FCALL: Command =
    Command { spec: &FCALL_SPEC, parse, reply: answer::reply, subcommands: &[] };
/// FCALL_RO.
pub const FCALL_RO: Command =
    Command { spec: &FCALL_RO_SPEC, parse: parse_ro, reply: answer::reply, subcommands: &[] };

const FCALL_SPEC: Spec = Spec {
    name: "fcall",
    usage: "FCALL function numkeys [key [key ...]] [arg [arg ...]]",
    summary: "Calls a function of a library, as one operation that nothing comes between. It runs \
              on every replica, under the same rules as a script, and finds nothing that an \
              earlier call left in Lua's memory.",
    since: "7.0.0",
    group: Group::Scripting,
    complexity: "Depends on the function",
    arity: -3,
    flags: &["noscript", "stale", "skip_monitor", "no_mandatory_keys", "movablekeys"],
    acl: &["@slow", "@scripting"],
    tips: &[],
    keys: &[KeySpec::counted(&["RW", "access", "update"], 2)
        .noted("We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")],
    road: Road::Log,
};

static FCALL_RO_SPEC: Spec = Spec {
    name: "fcall_ro",
    usage: "FCALL_RO function numkeys [key [key ...]] [arg [arg ...]]",
    summary: "Calls a function that says that it does not write (no-writes). It is a read: the \
              leader runs it, and nothing is logged.",
    flags: &["readonly", "noscript", "stale", "skip_monitor", "no_mandatory_keys", "movablekeys"],
    keys: &[KeySpec::counted(&["RO", "access"], 2)
        .noted("We cannot tell how the keys will be used so we assume the worst, RO and ACCESS")],
    road: Road::Cache,
    ..FCALL_SPEC
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    call(ctx, args, false)
}

fn parse_ro<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    call(ctx, args, true)
}

fn call<'a>(ctx: &Context, mut args: Args<'a>, read_only: bool) -> Result<Request<'a>, BadArgs> {
    enabled(ctx)?;
    let function = args.word()?;
    let count = args.integer().map_err(|_| error::BAD_NUMKEYS)?;
    let [keys, args] = keys_and_rest(&mut args, count)?;
    let terms = terms(ctx, read_only);
    Ok(Request::Op(Op::Script { op: scripts::Op::Call { function, keys, args, terms } }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, refusal, request};

    #[test]
    fn keys_and_arguments_are_told_apart() {
        for (line, read_only) in [("FCALL f 2 a b c", false), ("FCALL_RO f 2 a b c", true)] {
            let (keys, args): (Vec<&[u8]>, Vec<&[u8]>) = (vec![b"a", b"b"], vec![b"c"]);
            let terms = terms(&context(), read_only);
            let op = scripts::Op::Call { function: b"f", keys, args, terms };
            assert_eq!(request(line), Request::Op(Op::Script { op }));
        }
    }

    #[test]
    fn numbers_of_keys_that_cannot_be_are_refused() {
        assert_eq!(refusal("FCALL f x"), "ERR Bad number of keys provided");
        assert_eq!(refusal("FCALL f -1"), "ERR Number of keys can't be negative");
        let most = "ERR Number of keys can't be greater than number of args";
        assert_eq!(refusal("FCALL_RO f 2 a"), most);
    }
}
