//! HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT: deadlines for fields.

use lockstep_core::keys::hashes::{END_MAX_MS, Op};
use lockstep_core::keys::{ExpireWhen, Expiry};

use super::{counted_fields, on};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// HEXPIRE.
pub const HEXPIRE: Command =
    Command { spec: &HEXPIRE_SPEC, parse: parse_hexpire, reply: plain, subcommands: &[] };

/// HPEXPIRE.
pub const HPEXPIRE: Command =
    Command { spec: &HPEXPIRE_SPEC, parse: parse_hpexpire, reply: plain, subcommands: &[] };

/// HEXPIREAT.
pub const HEXPIREAT: Command =
    Command { spec: &HEXPIREAT_SPEC, parse: parse_hexpireat, reply: plain, subcommands: &[] };

/// HPEXPIREAT.
pub const HPEXPIREAT: Command =
    Command { spec: &HPEXPIREAT_SPEC, parse: parse_hpexpireat, reply: plain, subcommands: &[] };

static HEXPIRE_SPEC: Spec = Spec {
    name: "hexpire",
    usage: "HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    summary: "Lets fields of a hash end after a number of seconds. Returns for each 1, or 0 when the condition does not hold, 2 when it went at once, -2 when it is not there.",
    since: "7.4.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -6,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@hash", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

static HPEXPIRE_SPEC: Spec = Spec {
    name: "hpexpire",
    usage: "HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    summary: "Lets fields of a hash end after a number of milliseconds. Returns for each 1, or 0 when the condition does not hold, 2 when it went at once, -2 when it is not there.",
    since: "7.4.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -6,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@hash", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

static HEXPIREAT_SPEC: Spec = Spec {
    name: "hexpireat",
    usage: "HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    summary: "Lets fields of a hash end at a Unix time in seconds. Returns for each 1, or 0 when the condition does not hold, 2 when it went at once, -2 when it is not there.",
    since: "7.4.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -6,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@hash", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

static HPEXPIREAT_SPEC: Spec = Spec {
    name: "hpexpireat",
    usage: "HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    summary: "Lets fields of a hash end at a Unix time in milliseconds. Returns for each 1, or 0 when the condition does not hold, 2 when it went at once, -2 when it is not there.",
    since: "7.4.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -6,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@hash", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse_hexpire<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |ms| Expiry::In { ms }, 1_000, "hexpire")
}

fn parse_hpexpire<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |ms| Expiry::In { ms }, 1, "hpexpire")
}

fn parse_hexpireat<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |ms| Expiry::At { ms }, 1_000, "hexpireat")
}

fn parse_hpexpireat<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, |ms| Expiry::At { ms }, 1, "hpexpireat")
}

fn parse<'a>(
    ctx: &Context,
    mut args: Args<'a>,
    expiry: fn(i64) -> Expiry,
    unit_ms: i64,
    name: &str,
) -> Result<Request<'a>, BadArgs> {
    let (key, number) = (args.word()?, args.integer()?);
    if number < 0 {
        return Err(error::EXPIRE_NEGATIVE);
    }
    let ms = number.checked_mul(unit_ms).filter(|ms| ms.unsigned_abs() <= END_MAX_MS);
    let expiry = expiry(ms.ok_or_else(|| error::invalid_expire(name))?);
    let when = condition(&mut args);
    let fields = counted_fields(args, error::NUMFIELDS_ZERO)?;
    Ok(on(ctx, key, Op::Expire { fields, expiry, when }))
}

/// Only one of the words may stand there.
fn condition(args: &mut Args<'_>) -> ExpireWhen {
    let (has, later, earlier) = (false, false, false);
    if args.token("NX") {
        ExpireWhen::NoDeadline {}
    } else if args.token("XX") {
        ExpireWhen::If { has: true, later, earlier }
    } else if args.token("GT") {
        ExpireWhen::If { has, later: true, earlier }
    } else if args.token("LT") {
        ExpireWhen::If { has, later, earlier: true }
    } else {
        ExpireWhen::Always {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::op;
    use super::*;
    use crate::testing::refusal;

    fn expire(expiry: Expiry, when: ExpireWhen) -> Op<'static> {
        Op::Expire { fields: vec![b"f", b"g"], expiry, when }
    }

    #[test]
    fn each_has_its_unit() {
        let always = ExpireWhen::Always {};
        assert_eq!(op("hexpire k 5 fields 2 f g"), expire(Expiry::In { ms: 5_000 }, always));
        assert_eq!(op("hpexpire k 5 FIELDS 2 f g"), expire(Expiry::In { ms: 5 }, always));
        assert_eq!(op("hexpireat k 5 FIELDS 2 f g"), expire(Expiry::At { ms: 5_000 }, always));
        assert_eq!(op("hpexpireat k 0 FIELDS 2 f g"), expire(Expiry::At { ms: 0 }, always));
    }

    #[test]
    fn one_condition_may_stand_before_the_fields() {
        let when = |word: &str| {
            let line = format!("hpexpire k 5 {word} FIELDS 2 f g").leak();
            op(line)
        };
        let given = |has, later, earlier| {
            expire(Expiry::In { ms: 5 }, ExpireWhen::If { has, later, earlier })
        };
        assert_eq!(when("nx"), expire(Expiry::In { ms: 5 }, ExpireWhen::NoDeadline {}));
        assert_eq!(when("XX"), given(true, false, false));
        assert_eq!(when("gt"), given(false, true, false));
        assert_eq!(when("lt"), given(false, false, true));
        let fields = "ERR Mandatory argument FIELDS is missing or not at the right position";
        assert_eq!(refusal("hpexpire k 5 NX XX FIELDS 1 f"), fields);
        assert_eq!(refusal("hpexpire k 5 f g h"), fields);
    }

    #[test]
    fn fields_are_as_many_as_it_is_said() {
        let none = "ERR Parameter `numFields` should be greater than 0";
        assert_eq!(refusal("hexpire k 5 FIELDS 0 f"), none);
        assert_eq!(refusal("hexpire k 5 FIELDS x f"), none);
        let other = "ERR The `numfields` parameter must match the number of arguments";
        assert_eq!(refusal("hexpire k 5 FIELDS 2 f"), other);
        assert_eq!(refusal("hexpire k 5 FIELDS 1 f g"), other);
        assert_eq!(refusal("hexpire k 5 NX FIELDS 1"), other);
    }

    #[test]
    fn a_time_out_of_range_is_refused() {
        assert_eq!(refusal("hexpire k -1 FIELDS 1 f"), "ERR invalid expire time, must be >= 0");
        let range = "ERR value is not an integer or out of range";
        assert_eq!(refusal("hexpire k x FIELDS 1 f"), range);
        let text = "ERR invalid expire time in 'hexpire' command";
        assert_eq!(refusal("hexpire k 9223372036854775807 FIELDS 1 f"), text);
        assert_eq!(refusal("hexpire k 70368744178 FIELDS 1 f"), text);
    }
}
