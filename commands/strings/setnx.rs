//! SETNX: a string for a key that is not there.

use lockstep_core::keys::{Expiry, Op, When};

use crate::reply::done;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SETNX.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: done, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "setnx",
    usage: "SETNX key value",
    summary: "Stores a string at a key that does not exist yet.",
    since: "1.0.0",
    group: Group::String,
    complexity: "O(1)",
    arity: 3,
    flags: &["write", "denyoom", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["OW", "insert"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let value = args.word()?;
    let (when, expiry) = (When::Absent {}, Expiry::Never {});
    Ok(Op::Set { db: ctx.db, key, value, when, expiry, get: false }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Outcome;

    use crate::Reply;
    use crate::testing::reply_to;

    #[test]
    fn setnx_tells_by_a_number_whether_it_stored() {
        assert_eq!(reply_to("setnx k v", Outcome::Ok), Reply::Int(1));
        assert_eq!(reply_to("setnx k v", Outcome::Nil), Reply::Int(0));
    }
}
