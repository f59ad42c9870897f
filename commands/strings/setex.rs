//! SETEX, PSETEX: a string that lives for a time.

use lockstep_core::keys::{Op, When};

use super::life::Unit;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SETEX.
pub const SETEX: Command =
    Command { spec: &SETEX_SPEC, parse: parse_setex, reply: plain, subcommands: &[] };

/// PSETEX.
pub const PSETEX: Command =
    Command { spec: &PSETEX_SPEC, parse: parse_psetex, reply: plain, subcommands: &[] };

static SETEX_SPEC: Spec = Spec {
    name: "setex",
    usage: "SETEX key seconds value",
    summary: "Stores a string at a key for a number of seconds.",
    since: "2.0.0",
    group: Group::String,
    complexity: "O(1)",
    arity: 4,
    flags: &["write", "denyoom"],
    acl: &["@write", "@string", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["OW", "update"], 1)],
    road: Road::Log,
};

static PSETEX_SPEC: Spec = Spec {
    name: "psetex",
    usage: "PSETEX key milliseconds value",
    summary: "Stores a string at a key for a number of milliseconds.",
    since: "2.6.0",
    group: Group::String,
    complexity: "O(1)",
    arity: 4,
    flags: &["write", "denyoom"],
    acl: &["@write", "@string", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["OW", "update"], 1)],
    road: Road::Log,
};

fn parse_setex<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, Unit::Seconds, "setex")
}

fn parse_psetex<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, Unit::Millis, "psetex")
}

fn parse<'a>(
    ctx: &Context,
    mut args: Args<'a>,
    unit: Unit,
    name: &str,
) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let expiry = unit.expiry(args.integer()?, name)?;
    let value = args.word()?;
    Ok(Op::Set { db: ctx.db, key, value, when: When::Always {}, expiry, get: false }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::keys::Expiry;

    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn each_counts_time_in_its_unit() {
        let set = |ms| Op::Set {
            db: DB,
            key: b"k",
            value: b"v",
            when: When::Always {},
            expiry: Expiry::In { ms },
            get: false,
        };
        assert_eq!(key_op("setex k 5 v"), set(5_000));
        assert_eq!(key_op("psetex k 5 v"), set(5));
    }

    #[test]
    fn a_wrong_time_is_refused_in_the_name_of_the_command() {
        assert_eq!(refusal("setex k 0 v"), "ERR invalid expire time in 'setex' command");
        assert_eq!(refusal("psetex k -1 v"), "ERR invalid expire time in 'psetex' command");
        assert_eq!(refusal("setex k x v"), "ERR value is not an integer or out of range");
    }
}
