//! MUNLOCK: gives several locks back.

use super::words::{Said, names, once, token};
use crate::args::parse_integer;
use crate::here::LockCall;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, KeySpec, Request, Road, Spec, error};

/// MUNLOCK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "munlock",
    usage: "MUNLOCK numkeys key [key ...] [TOKENS token [token ...]] \
            [OWNER owner | SESSION session]",
    summary: "Gives several locks back and tells how many were held until now. TOKENS says the \
              token of each hold that is meant, 0 for any.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(M*log(N)) where M is the number of names and N that of owners that hold one \
                 or wait for it",
    arity: -3,
    flags: &["write"],
    acl: &["@lock", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::counted(&["RW", "delete"], 1).hidden()],
    road: Road::Here,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let names = names(&mut args, ctx.locks.names_max)?;
    let (mut said, mut tokens) = (Said::default(), None);
    while !args.is_empty() {
        if said.take_owner(&mut args)? {
            continue;
        }
        if !args.token("tokens") {
            return Err(error::SYNTAX);
        }
        let list: Result<Vec<u64>, _> = (0..names.len()).map(|_| any_token(&mut args)).collect();
        once(&mut tokens, list?)?;
    }
    let (tokens, owner) = (tokens.unwrap_or_default(), said.owner_or(ctx.origin));
    Ok(Here::Lock(LockCall::ReleaseMany { names, tokens, owner }).into())
}

/// The next word as a token, or 0.
fn any_token(args: &mut Args<'_>) -> Result<u64, BadArgs> {
    let word = args.word()?;
    if parse_integer(word) == Some(0) { Ok(0) } else { token(word).map(|token| token.0) }
}

#[cfg(test)]
mod tests {
    use lockstep_core::locks::Owner;

    use super::*;
    use crate::testing::{context, refusal, request};

    fn release(tokens: Vec<u64>, owner: Owner<'static>) -> Request<'static> {
        Here::Lock(LockCall::ReleaseMany { names: vec![b"a", b"b"], tokens, owner }).into()
    }

    #[test]
    fn tokens_are_said_for_all_names_or_for_none() {
        let mine = Owner::Connection { origin: context().origin };
        assert_eq!(request("munlock 2 a b"), release(vec![], mine));
        assert_eq!(request("munlock 2 a b tokens 7 0"), release(vec![7, 0], mine));
        let me = Owner::Named { name: b"me" };
        assert_eq!(request("MUNLOCK 2 a b Owner me TOKENS 7 8"), release(vec![7, 8], me));
        for line in [
            "munlock 2 a b tokens 7",
            "munlock 1 a tokens 1 tokens 1",
            "munlock 1 a foo",
            "munlock 1 a owner x session y",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(refusal("munlock 1 a tokens x"), "ERR token is not a positive integer");
    }
}
