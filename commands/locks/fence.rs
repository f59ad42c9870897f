//! FENCE: the highest token that a resource has seen.

use lockstep_core::locks::Op;

use super::words::{name, token, ttl};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// FENCE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "fence",
    usage: "FENCE key [token [PX milliseconds | EX seconds]]",
    summary: "For whoever guards a resource: 1 when no higher token was seen before, and the \
              token is remembered; else FENCED with the highest. Without a token it tells the \
              highest, 0 if none was seen. With a time to live the name is forgotten so long \
              after it was last accepted.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(1)",
    arity: -2,
    flags: &["write", "denyoom", "fast"],
    acl: &["@lock", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    if args.is_empty() {
        return Ok(Op::FenceGet { name }.into());
    }
    let token = token(args.word()?)?.0;
    let ttl_ms = ttl("fence", &mut args)?;
    args.end()?;
    Ok(Op::Fence { name, token, ttl_ms }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{lock_op, refusal};

    #[test]
    fn a_token_is_shown_with_or_without_a_time_to_live() {
        let name = b"r";
        assert_eq!(lock_op("fence r"), Op::FenceGet { name });
        assert_eq!(lock_op("fence r 7"), Op::Fence { name, token: 7, ttl_ms: None });
        let ttl_ms = Some(5000);
        assert_eq!(lock_op("FENCE r 7 EX 5"), Op::Fence { name, token: 7, ttl_ms });
        assert_eq!(lock_op("fence r 7 px 5000"), Op::Fence { name, token: 7, ttl_ms });
    }

    #[test]
    fn what_is_no_token_or_no_time_is_refused() {
        assert_eq!(refusal("fence r 0"), "ERR token is not a positive integer");
        assert_eq!(refusal("fence r 7 px 0"), "ERR invalid expire time in 'fence' command");
        assert_eq!(refusal("fence r 7 foo"), "ERR syntax error");
        assert_eq!(refusal("fence r 7 px 1 px 1"), "ERR syntax error");
    }
}
