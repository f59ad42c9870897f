//! CLIENT CACHEMODE: what the connection takes for good of copies.

use crate::here::{CacheMode, Client};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

/// CLIENT CACHEMODE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "client|cachemode",
    usage: "CLIENT CACHEMODE [STRICT | VALIDATE | BYPASS]",
    summary: "Chooses what reads of this connection take for good of the copies that the node keeps: a copy under its lease, one whose version the leader of the key has confirmed since the command came, or none. The more careful one counts of this and the setting cache-read-mode. Without a word tells which was chosen.",
    since: "0.1.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: -2,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    if args.is_empty() {
        return Ok(Here::Client(Client::CacheMode(None)).into());
    }
    let mode = CacheMode::ALL.into_iter().find(|mode| args.token(mode.word()));
    let mode = mode.ok_or(error::SYNTAX)?;
    args.end()?;
    Ok(Here::Client(Client::CacheMode(Some(mode))).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn a_word_chooses_and_none_asks() {
        let mode = |mode| Here::Client(Client::CacheMode(mode)).into();
        assert_eq!(request("client cachemode"), mode(None));
        assert_eq!(request("client cachemode validate"), mode(Some(CacheMode::Validate)));
        assert_eq!(request("CLIENT CACHEMODE BYPASS"), mode(Some(CacheMode::Bypass)));
        assert_eq!(refusal("client cachemode lease"), "ERR syntax error");
        assert_eq!(refusal("client cachemode strict now"), "ERR syntax error");
    }
}
