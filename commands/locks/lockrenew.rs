//! LOCKRENEW: a new lease for a lock that is held.

use lockstep_core::locks::{Op, Rule};

use super::words::{Said, name, once};
use crate::here::Session;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, KeySpec, Request, Road, Spec, error};

/// LOCKRENEW.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lockrenew",
    usage: "LOCKRENEW key [OWNER owner | SESSION session] [TOKEN token] \
            [PX milliseconds | EX seconds] [GT | LT]",
    summary: "Sets the lease of a lock that is held, counted from now; with GT only to a later \
              end, with LT only to an earlier one. 1, or 0 when it is not held any more. \
              With a session and no lease it is SESSION KEEPALIVE of that session.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of leases",
    arity: -4,
    flags: &["write", "fast"],
    acl: &["@lock", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let (mut said, mut rule) = (Said::default(), None);
    while !args.is_empty() {
        let known = said.take_owner(&mut args)?
            || said.take_token(&mut args)?
            || said.take_lease("lockrenew", &mut args)?;
        if known {
            continue;
        }
        let said = if args.token("gt") {
            Rule::Greater {}
        } else if args.token("lt") {
            Rule::Less {}
        } else {
            return Err(error::SYNTAX);
        };
        once(&mut rule, said)?;
    }
    let (owner, token) = (said.owner_or(ctx.origin), said.token());
    match (said.lease_ms(), said.session()) {
        (Some(lease_ms), _) => {
            let rule = rule.unwrap_or(Rule::Any {});
            Ok(Op::Renew { name, owner, token, lease_ms, rule }.into())
        }
        (None, Some(id)) if token.is_none() && rule.is_none() => {
            Ok(Here::Session(Session::KeepAlive(id)).into())
        }
        _ => Err(error::SYNTAX),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Token;
    use lockstep_core::locks::Owner;

    use super::*;
    use crate::testing::{context, lock_op, refusal, request};

    #[test]
    fn options_come_in_any_order_and_case() {
        let owner = Owner::Connection { origin: context().origin };
        let (name, rule) = (b"k", Rule::Any {});
        let plain = Op::Renew { name, owner, token: None, lease_ms: 100, rule };
        assert_eq!(lock_op("lockrenew k px 100"), plain);
        let (owner, token, rule) = (Owner::Named { name: b"me" }, Some(Token(7)), Rule::Greater {});
        let all = Op::Renew { name, owner, token, lease_ms: 1000, rule };
        assert_eq!(lock_op("lockrenew k owner me token 7 ex 1 gt"), all);
        assert_eq!(lock_op("LOCKRENEW k GT EX 1 Token 7 OWNER me"), all);
        let (owner, rule) = (Owner::Session { id: b"s1" }, Rule::Less {});
        let session = Op::Renew { name, owner, token: None, lease_ms: 100, rule };
        assert_eq!(lock_op("lockrenew k session s1 px 100 LT"), session);
    }

    #[test]
    fn a_session_without_a_lease_is_kept_alive() {
        let alive = Here::Session(Session::KeepAlive(b"s1")).into();
        assert_eq!(request("lockrenew k session s1"), alive);
        for line in ["lockrenew k session s1 gt", "lockrenew k session s1 token 7"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn a_lease_must_be_given_once() {
        for line in [
            "lockrenew k owner me",
            "lockrenew k token 7",
            "lockrenew k px 100 ex 1",
            "lockrenew k px 100 gt lt",
            "lockrenew k px 100 gt gt",
            "lockrenew k px 100 nx",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(
            refusal("lockrenew k px 1"),
            "ERR invalid lease in 'lockrenew' command, \
             it must be between 100 and 86400000 milliseconds"
        );
    }
}
