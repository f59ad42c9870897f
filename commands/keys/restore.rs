//! RESTORE: a value from bytes.

use lockstep_core::keys::{Expiry, Op};

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// RESTORE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "restore",
    usage: "RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
    summary: "Creates a key from what DUMP returned, with a time to live in milliseconds (0: without end).",
    since: "2.6.0",
    group: Group::Generic,
    complexity: "O(N) where N is the size of the value",
    arity: -4,
    flags: &["write", "denyoom"],
    acl: &["@keyspace", "@write", "@slow", "@dangerous"],
    tips: &[],
    keys: &[KeySpec::one(&["OW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, ttl, payload) = (args.word()?, args.integer(), args.word()?);
    let mut options = Options::default();
    while !args.is_empty() {
        options.take(&mut args)?;
    }
    let expiry = match ttl? {
        ..0 => return Err(error::BAD_TTL),
        0 => Expiry::Never {},
        ms if options.absolute => Expiry::At { ms },
        ms => Expiry::In { ms },
    };
    let Options { replace, idle_s, freq, .. } = options;
    Ok(Op::Restore { db: ctx.db, key, payload, expiry, replace, idle_s, freq }.into())
}

#[derive(Default)]
struct Options {
    replace: bool,
    absolute: bool,
    idle_s: Option<u64>,
    freq: Option<u8>,
}

impl Options {
    fn take(&mut self, args: &mut Args<'_>) -> Result<(), BadArgs> {
        if args.token("REPLACE") {
            self.replace = true;
        } else if args.token("ABSTTL") {
            self.absolute = true;
        } else if self.freq.is_none() && args.token("IDLETIME") {
            let idle_s = u64::try_from(args.integer()?).map_err(|_| error::BAD_IDLE_TIME)?;
            self.idle_s = Some(idle_s);
        } else if self.idle_s.is_none() && args.token("FREQ") {
            let freq = u8::try_from(args.integer()?).map_err(|_| error::BAD_FREQUENCY)?;
            self.freq = Some(freq);
        } else {
            return Err(error::SYNTAX);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    fn restore(
        expiry: Expiry,
        replace: bool,
        idle_s: Option<u64>,
        freq: Option<u8>,
    ) -> Op<'static> {
        Op::Restore { db: DB, key: b"k", payload: b"p", expiry, replace, idle_s, freq }
    }

    #[test]
    fn the_time_to_live_counts_from_now_unless_it_is_absolute() {
        assert_eq!(key_op("restore k 0 p"), restore(Expiry::Never {}, false, None, None));
        assert_eq!(
            key_op("restore k 5 p replace"),
            restore(Expiry::In { ms: 5 }, true, None, None)
        );
        assert_eq!(
            key_op("restore k 5 p absttl freq 255"),
            restore(Expiry::At { ms: 5 }, false, None, Some(255))
        );
        assert_eq!(
            key_op("restore k 0 p idletime 9"),
            restore(Expiry::Never {}, false, Some(9), None)
        );
    }

    #[test]
    fn numbers_out_of_bounds_are_refused() {
        assert_eq!(refusal("restore k -1 p"), "ERR Invalid TTL value, must be >= 0");
        assert_eq!(refusal("restore k x p"), "ERR value is not an integer or out of range");
        assert_eq!(refusal("restore k x p foo"), "ERR syntax error");
        assert_eq!(
            refusal("restore k 0 p idletime -1"),
            "ERR Invalid IDLETIME value, must be >= 0"
        );
        assert_eq!(
            refusal("restore k 0 p freq 256"),
            "ERR Invalid FREQ value, must be >= 0 and <= 255"
        );
        assert_eq!(refusal("restore k 0 p freq 1 idletime 1"), "ERR syntax error");
    }
}
