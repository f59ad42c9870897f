//! SCAN: all keys, some at a time.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Request, Road, Spec, error};

/// SCAN.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "scan",
    usage: "SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]",
    summary: "Returns some keys of the selected database and the cursor to go on with; cursor 0 starts and ends a scan.",
    since: "2.8.0",
    group: Group::Generic,
    complexity: "O(1) for every call, O(N) for a whole scan where N is the number of keys",
    arity: -2,
    flags: &["readonly"],
    acl: &["@keyspace", "@read", "@slow"],
    tips: &["nondeterministic_output", "request_policy:special"],
    keys: &[],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let mut walk = Walk::begin(&mut args)?;
    let mut kind = None;
    while !args.is_empty() {
        if args.token("TYPE") {
            kind = Some(args.word()?);
        } else {
            walk.option(&mut args)?;
        }
    }
    let Walk { cursor, pattern, count } = walk;
    Ok(Op::Scan { db: ctx.db, cursor, pattern, count, kind }.into())
}

/// What all commands that scan are told.
pub(crate) struct Walk<'a> {
    pub cursor: u64,
    pub pattern: Option<&'a [u8]>,
    pub count: u64,
}

impl<'a> Walk<'a> {
    /// The cursor with the options behind it.
    pub(crate) fn parse(args: &mut Args<'a>) -> Result<Self, BadArgs> {
        let mut walk = Walk::begin(args)?;
        while !args.is_empty() {
            walk.option(args)?;
        }
        Ok(walk)
    }

    fn begin(args: &mut Args<'a>) -> Result<Self, BadArgs> {
        const COUNT: u64 = 10;
        let cursor = parse_cursor(args.word()?).ok_or(error::BAD_CURSOR)?;
        Ok(Walk { cursor, pattern: None, count: COUNT })
    }

    fn option(&mut self, args: &mut Args<'a>) -> Result<(), BadArgs> {
        if args.token("MATCH") {
            self.pattern = Some(args.word()?);
        } else if args.token("COUNT") {
            let count = u64::try_from(args.integer()?).ok();
            self.count = count.filter(|count| *count > 0).ok_or(error::SYNTAX)?;
        } else {
            return Err(error::SYNTAX);
        }
        Ok(())
    }
}

/// A cursor by the rules of C's `strtoul`, which Redis reads it with: nothing is
/// 0, a sign is allowed, and a negative number counts down from 2^64.
fn parse_cursor(word: &[u8]) -> Option<u64> {
    let (negative, digits) = match word {
        [] => return Some(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let add = |value: u64, digit: &u8| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    };
    let value = digits.iter().try_fold(0, add)?;
    Some(if negative { value.wrapping_neg() } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn a_scan_may_be_narrowed() {
        let op = Op::Scan { db: DB, cursor: 0, pattern: None, count: 10, kind: None };
        assert_eq!(key_op("scan 0"), op);
        let op = Op::Scan {
            db: DB,
            cursor: 18_446_744_073_709_551_615,
            pattern: Some(b"a*"),
            count: 5,
            kind: Some(b"string"),
        };
        assert_eq!(key_op("scan 18446744073709551615 type string COUNT 5 match a*"), op);
    }

    #[test]
    fn cursors_are_read_as_leniently_as_redis_does() {
        assert_eq!(parse_cursor(b""), Some(0));
        assert_eq!(parse_cursor(b"+17"), Some(17));
        assert_eq!(parse_cursor(b"007"), Some(7));
        assert_eq!(parse_cursor(b"-1"), Some(u64::MAX));
        for bad in ["scan 1a", "scan +", "scan -", "scan 18446744073709551616"] {
            assert_eq!(refusal(bad), "ERR invalid cursor", "{bad}");
        }
    }

    #[test]
    fn a_count_is_positive() {
        assert_eq!(refusal("scan 0 count 0"), "ERR syntax error");
        assert_eq!(refusal("scan 0 count x"), "ERR value is not an integer or out of range");
        assert_eq!(refusal("scan 0 match"), "ERR syntax error");
    }
}
