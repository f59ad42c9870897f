//! CLIENT KILL: closes connections of others, or one's own.

use crate::args::parse_integer;
use crate::here::{Client, KillFilter};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

use super::list::kind;

/// CLIENT KILL.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "client|kill",
    usage: "CLIENT KILL <ip:port | <[ID client-id] | [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME <YES | NO>]> [...]>",
    summary: "Closes connections.",
    since: "2.4.0",
    group: Group::Connection,
    complexity: "O(N)",
    arity: -3,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    if args.len() == 1 {
        return Ok(Here::Client(Client::KillAddress(args.word()?)).into());
    }
    let mut filter = KillFilter {
        id: None,
        kind: None,
        address: None,
        local_address: None,
        user: None,
        skip_me: true,
    };
    while !args.is_empty() {
        take_filter(&mut args, &mut filter)?;
    }
    Ok(Here::Client(Client::Kill(filter)).into())
}

fn take_filter<'a>(args: &mut Args<'a>, filter: &mut KillFilter<'a>) -> Result<(), BadArgs> {
    let name = args.word()?;
    let value = args.word()?;
    match name.to_ascii_lowercase().as_slice() {
        b"id" => filter.id = Some(positive(value)?),
        b"type" => filter.kind = Some(kind(value)?),
        b"addr" => filter.address = Some(value),
        b"laddr" => filter.local_address = Some(value),
        b"user" => filter.user = Some(value),
        b"skipme" if value.eq_ignore_ascii_case(b"yes") => filter.skip_me = true,
        b"skipme" if value.eq_ignore_ascii_case(b"no") => filter.skip_me = false,
        _ => return Err(error::SYNTAX),
    }
    Ok(())
}

fn positive(word: &[u8]) -> Result<i64, BadArgs> {
    parse_integer(word).filter(|id| *id > 0).ok_or(error::CLIENT_ID_NOT_POSITIVE)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;
    use crate::here::ClientKind;

    #[test]
    fn one_word_is_an_address() {
        assert_eq!(
            parsed(&["CLIENT", "KILL", "127.0.0.1:5"]),
            Ok(Here::Client(Client::KillAddress(b"127.0.0.1:5")).into())
        );
    }

    #[test]
    fn filters_go_together() {
        let words = "CLIENT KILL ID 7 TYPE pubsub ADDR a:1 LADDR b:2 USER default SKIPME no";
        let filter = KillFilter {
            id: Some(7),
            kind: Some(ClientKind::PubSub),
            address: Some(b"a:1"),
            local_address: Some(b"b:2"),
            user: Some(b"default"),
            skip_me: false,
        };
        let words: Vec<&str> = words.split(' ').collect();
        assert_eq!(parsed(&words), Ok(Here::Client(Client::Kill(filter)).into()));
    }

    #[test]
    fn bad_filters_are_refused_with_the_right_text() {
        let refused = |words: &str| {
            let words: Vec<&str> = words.split(' ').collect();
            parsed(&words).unwrap_err()
        };
        assert_eq!(refused("CLIENT KILL ID 0"), error::CLIENT_ID_NOT_POSITIVE);
        assert_eq!(refused("CLIENT KILL ID a"), error::CLIENT_ID_NOT_POSITIVE);
        assert_eq!(refused("CLIENT KILL ID 3 TYPE"), error::SYNTAX);
        assert_eq!(refused("CLIENT KILL SKIPME x"), error::SYNTAX);
        assert_eq!(refused("CLIENT KILL MAXAGE 4"), error::SYNTAX);
        assert_eq!(refused("CLIENT KILL TYPE x").0, "ERR Unknown client type 'x'");
    }
}
