//! EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT: a deadline for a key.

use lockstep_core::keys::{ExpireWhen, Expiry, Op};

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// EXPIRE.
pub const EXPIRE: Command =
    Command { spec: &EXPIRE_SPEC, parse: parse_expire, reply: plain, subcommands: &[] };

/// PEXPIRE.
pub const PEXPIRE: Command =
    Command { spec: &PEXPIRE_SPEC, parse: parse_pexpire, reply: plain, subcommands: &[] };

/// EXPIREAT.
pub const EXPIREAT: Command =
    Command { spec: &EXPIREAT_SPEC, parse: parse_expireat, reply: plain, subcommands: &[] };

/// PEXPIREAT.
pub const PEXPIREAT: Command =
    Command { spec: &PEXPIREAT_SPEC, parse: parse_pexpireat, reply: plain, subcommands: &[] };

static EXPIRE_SPEC: Spec = Spec {
    name: "expire",
    usage: "EXPIRE key seconds [NX | XX | GT | LT]",
    summary: "Lets a key end after a number of seconds.",
    since: "1.0.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: -3,
    flags: &["write", "fast"],
    acl: &["@keyspace", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

static PEXPIRE_SPEC: Spec = Spec {
    name: "pexpire",
    usage: "PEXPIRE key milliseconds [NX | XX | GT | LT]",
    summary: "Lets a key end after a number of milliseconds.",
    since: "2.6.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: -3,
    flags: &["write", "fast"],
    acl: &["@keyspace", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

static EXPIREAT_SPEC: Spec = Spec {
    name: "expireat",
    usage: "EXPIREAT key unix-time-seconds [NX | XX | GT | LT]",
    summary: "Lets a key end at a Unix time in seconds.",
    since: "1.2.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: -3,
    flags: &["write", "fast"],
    acl: &["@keyspace", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

static PEXPIREAT_SPEC: Spec = Spec {
    name: "pexpireat",
    usage: "PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]",
    summary: "Lets a key end at a Unix time in milliseconds.",
    since: "2.6.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: -3,
    flags: &["write", "fast"],
    acl: &["@keyspace", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse_expire<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |number| Some(Expiry::In { ms: number.checked_mul(1_000)? }), "expire")
}

fn parse_pexpire<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |ms| Some(Expiry::In { ms }), "pexpire")
}

fn parse_expireat<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |number| Some(Expiry::At { ms: number.checked_mul(1_000)? }), "expireat")
}

fn parse_pexpireat<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |ms| Some(Expiry::At { ms }), "pexpireat")
}

fn parse<'a>(
    ctx: &Context,
    mut args: Args<'a>,
    unit: impl Fn(i64) -> Option<Expiry>,
    name: &str,
) -> Result<Request<'a>, BadArgs> {
    let (key, number) = (args.word()?, args.integer());
    let when = condition(args)?;
    let expiry = unit(number?).ok_or_else(|| error::invalid_expire(name))?;
    Ok(Op::Expire { db: ctx.db, key, expiry, when }.into())
}

fn condition(args: Args<'_>) -> Result<ExpireWhen, BadArgs> {
    let (mut none, mut has, mut later, mut earlier) = (false, false, false, false);
    for word in args {
        let option =
            [("nx", &mut none), ("xx", &mut has), ("gt", &mut later), ("lt", &mut earlier)]
                .into_iter()
                .find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
        let (_, said) = option.ok_or_else(|| error::unsupported_option(word))?;
        *said = true;
    }
    match (none, has || later || earlier, later && earlier) {
        (true, true, _) => Err(error::EXPIRE_NX_EXCLUDES),
        (_, _, true) => Err(error::EXPIRE_GT_AND_LT),
        (true, ..) => Ok(ExpireWhen::NoDeadline {}),
        (_, true, _) => Ok(ExpireWhen::If { has, later, earlier }),
        _ => Ok(ExpireWhen::Always {}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    fn expire(expiry: Expiry, when: ExpireWhen) -> Op<'static> {
        Op::Expire { db: DB, key: b"k", expiry, when }
    }

    #[test]
    fn each_has_its_unit_and_takes_the_past() {
        let always = ExpireWhen::Always {};
        assert_eq!(key_op("expire k 5"), expire(Expiry::In { ms: 5_000 }, always));
        assert_eq!(key_op("pexpire k -5"), expire(Expiry::In { ms: -5 }, always));
        assert_eq!(key_op("expireat k -5"), expire(Expiry::At { ms: -5_000 }, always));
        assert_eq!(key_op("pexpireat k 5"), expire(Expiry::At { ms: 5 }, always));
    }

    #[test]
    fn conditions_add_up() {
        let when = |has, later, earlier| {
            expire(Expiry::In { ms: 1 }, ExpireWhen::If { has, later, earlier })
        };
        assert_eq!(key_op("pexpire k 1 xx"), when(true, false, false));
        assert_eq!(key_op("pexpire k 1 XX gt gt"), when(true, true, false));
        assert_eq!(key_op("pexpire k 1 lt"), when(false, false, true));
        let none = expire(Expiry::In { ms: 1 }, ExpireWhen::NoDeadline {});
        assert_eq!(key_op("pexpire k 1 nx"), none);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for line in ["expire k 1 nx xx", "expire k 1 gt nx", "expire k x nx gt lt"] {
            assert_eq!(
                refusal(line),
                "ERR NX and XX, GT or LT options at the same time are not compatible",
                "{line}"
            );
        }
        assert_eq!(
            refusal("expire k 1 gt lt"),
            "ERR GT and LT options at the same time are not compatible"
        );
        assert_eq!(refusal("expire k x foo"), "ERR Unsupported option foo");
    }

    #[test]
    fn a_time_that_leaves_the_range_is_refused() {
        let text = "ERR invalid expire time in 'expireat' command";
        assert_eq!(refusal("expireat k 9223372036854775807"), text);
        assert_eq!(refusal("expireat k -9223372036854775808"), text);
        assert_eq!(refusal("expire k 1.5"), "ERR value is not an integer or out of range");
    }
}
