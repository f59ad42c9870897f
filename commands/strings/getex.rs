//! GETEX: the string a key holds, and a new deadline for it.

use lockstep_core::keys::{Expiry, Op};

use super::life::{Life, Unit};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// GETEX.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "getex",
    usage: "GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]",
    summary: "Returns the string stored at a key and sets or removes its deadline.",
    since: "6.2.0",
    group: Group::String,
    complexity: "O(1)",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)
        .noted("RW and UPDATE because it changes the TTL")],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let mut life = Life::Unsaid;
    while let Some(word) = args.next() {
        match Unit::of(word) {
            Some(unit) => life.set_timed(unit, &mut args)?,
            None if word.eq_ignore_ascii_case(b"persist") => life.set_persist()?,
            None => return Err(error::SYNTAX),
        }
    }
    let expiry = match life {
        Life::Unsaid => Expiry::Keep {},
        said => said.expiry("getex")?,
    };
    Ok(Op::GetEx { db: ctx.db, key, expiry }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn getex_changes_the_deadline_only_when_told() {
        let op = |expiry| Op::GetEx { db: DB, key: b"k", expiry };
        assert_eq!(key_op("getex k"), op(Expiry::Keep {}));
        assert_eq!(key_op("getex k persist"), op(Expiry::Never {}));
        assert_eq!(key_op("getex k ex 2"), op(Expiry::In { ms: 2_000 }));
        assert_eq!(key_op("getex k pxat 2"), op(Expiry::At { ms: 2 }));
    }

    #[test]
    fn getex_refuses_the_options_of_set() {
        for line in ["getex k keepttl", "getex k nx", "getex k persist ex 1", "getex k ex"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(refusal("getex k ex 0"), "ERR invalid expire time in 'getex' command");
    }
}
