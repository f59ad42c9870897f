//! GETSET: a new string for a key, the old one for the client.

use lockstep_core::keys::{Expiry, Op, When};

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// GETSET.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "getset",
    usage: "GETSET key value",
    summary: "Stores a string at a key and returns the string that was there.",
    since: "1.0.0",
    group: Group::String,
    complexity: "O(1)",
    arity: 3,
    flags: &["write", "denyoom", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let value = args.word()?;
    let (when, expiry) = (When::Always {}, Expiry::Never {});
    Ok(Op::Set { db: ctx.db, key, value, when, expiry, get: true }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::key_op;

    #[test]
    fn getset_asks_for_the_old_value() {
        assert!(matches!(key_op("getset k v"), Op::Set { get: true, value: b"v", .. }));
    }
}
