//! SET: a string for a key, with conditions and a deadline.

use lockstep_core::keys::{Op, When};

use super::life::{Life, Unit};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// SET.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "set",
    usage: "SET key value [NX | XX | IFEQ comparison-value] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
    summary: "Stores a string at a key, whatever was there before, with an optional condition and deadline.",
    since: "1.0.0",
    group: Group::String,
    complexity: "O(1)",
    arity: -3,
    flags: &["write", "denyoom"],
    acl: &["@write", "@string", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update", "variable_flags"], 1)
        .noted("RW and ACCESS due to the optional `GET` argument")],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let value = args.word()?;
    let mut options = Options { when: When::Always {}, get: false, life: Life::Unsaid };
    while let Some(word) = args.next() {
        options.take(word, &mut args)?;
    }
    let expiry = options.life.expiry("set")?;
    Ok(Op::Set { db: ctx.db, key, value, when: options.when, expiry, get: options.get }.into())
}

struct Options<'a> {
    when: When<'a>,
    get: bool,
    life: Life<'a>,
}

impl<'a> Options<'a> {
    /// An option may be repeated, but not contradicted.
    fn take(&mut self, word: &'a [u8], args: &mut Args<'a>) -> Result<(), BadArgs> {
        if let Some(unit) = Unit::of(word) {
            return self.life.set_timed(unit, args);
        }
        match self.when {
            When::Always {} | When::Absent {} if word.eq_ignore_ascii_case(b"nx") => {
                self.when = When::Absent {};
            }
            When::Always {} | When::Present {} if word.eq_ignore_ascii_case(b"xx") => {
                self.when = When::Present {};
            }
            When::Always {} if word.eq_ignore_ascii_case(b"ifeq") => {
                self.when = When::Equals { value: args.word()? };
            }
            _ if word.eq_ignore_ascii_case(b"get") => self.get = true,
            _ if word.eq_ignore_ascii_case(b"keepttl") => self.life.set_keep()?,
            _ => return Err(error::SYNTAX),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::keys::Expiry;

    use super::*;
    use crate::testing::{DB, key_op, refusal};

    fn set(when: When<'static>, expiry: Expiry, get: bool) -> Op<'static> {
        Op::Set { db: DB, key: b"k", value: b"v", when, expiry, get }
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        let always = When::Always {};
        let never = Expiry::Never {};
        assert_eq!(key_op("set k v"), set(always, never, false));
        assert_eq!(key_op("set k v nx"), set(When::Absent {}, never, false));
        assert_eq!(key_op("set k v GeT XX"), set(When::Present {}, never, true));
        assert_eq!(key_op("set k v ifeq old"), set(When::Equals { value: b"old" }, never, false));
        assert_eq!(key_op("set k v KEEPTTL"), set(always, Expiry::Keep {}, false));
        assert_eq!(key_op("set k v ex 10"), set(always, Expiry::In { ms: 10_000 }, false));
        assert_eq!(key_op("set k v px 10 nx"), set(When::Absent {}, Expiry::In { ms: 10 }, false));
        assert_eq!(key_op("set k v exat 10"), set(always, Expiry::At { ms: 10_000 }, false));
        assert_eq!(key_op("set k v pxat 10"), set(always, Expiry::At { ms: 10 }, false));
    }

    #[test]
    fn the_last_of_repeated_options_counts() {
        let op = set(When::Absent {}, Expiry::In { ms: 2_000 }, true);
        assert_eq!(key_op("set k v nx ex 1 get nx ex 2 get"), op);
    }

    #[test]
    fn options_that_contradict_each_other_are_a_syntax_error() {
        for line in [
            "set k v nx xx",
            "set k v xx nx",
            "set k v nx ifeq a",
            "set k v ifeq a xx",
            "set k v ifeq a ifeq a",
            "set k v ifeq",
            "set k v ex 1 px 1",
            "set k v ex 1 keepttl",
            "set k v keepttl ex 1",
            "set k v ex",
            "set k v persist",
            "set k v foo",
            "set k v ex foo bar",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn times_that_are_no_times_are_refused() {
        assert_eq!(refusal("set k v ex x"), "ERR value is not an integer or out of range");
        for line in ["set k v ex 0", "set k v px -1", "set k v exat 9223372036854775807"] {
            assert_eq!(refusal(line), "ERR invalid expire time in 'set' command", "{line}");
        }
    }
}
