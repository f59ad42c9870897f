//! HELLO: the handshake that chooses the protocol.

use crate::args::parse_integer;
use crate::here::Hello;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Protocol, Request, Road, Spec, error};

use super::client::check_name;

/// HELLO.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "hello",
    usage: "HELLO [protover [AUTH username password] [SETNAME clientname]]",
    summary: "Chooses the protocol and tells what the server is.",
    since: "6.0.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: -1,
    flags: &["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    acl: &["@fast", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let mut hello = Hello { protocol: None, auth: None, name: None };
    if let Some(word) = args.next() {
        hello.protocol = Some(protocol(word)?);
    }
    while let Some(option) = args.next() {
        if option.eq_ignore_ascii_case(b"AUTH") && args.len() >= 2 {
            hello.auth = Some((args.word()?, args.word()?));
        } else if option.eq_ignore_ascii_case(b"SETNAME") && !args.is_empty() {
            hello.name = Some(check_name(args.word()?)?);
        } else {
            return Err(error::bad_hello_option(option));
        }
    }
    Ok(Here::Hello(hello).into())
}

fn protocol(word: &[u8]) -> Result<Protocol, BadArgs> {
    match parse_integer(word) {
        Some(2) => Ok(Protocol::Resp2),
        Some(3) => Ok(Protocol::Resp3),
        Some(_) => Err(error::NO_PROTOCOL),
        None => Err(error::PROTOCOL_NOT_INTEGER),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    #[test]
    fn all_options_go_together() {
        let hello = Hello {
            protocol: Some(Protocol::Resp3),
            auth: Some((b"default", b"pw")),
            name: Some(b"me"),
        };
        let words = ["HELLO", "3", "setname", "me", "auth", "default", "pw"];
        assert_eq!(parsed(&words), Ok(Here::Hello(hello).into()));
    }

    #[test]
    fn other_protocols_are_refused() {
        assert_eq!(parsed(&["HELLO", "4"]), Err(error::NO_PROTOCOL));
        assert_eq!(parsed(&["HELLO", "1"]), Err(error::NO_PROTOCOL));
        assert_eq!(parsed(&["HELLO", "x"]), Err(error::PROTOCOL_NOT_INTEGER));
        assert_eq!(parsed(&["HELLO", "9999999999999999999"]), Err(error::PROTOCOL_NOT_INTEGER));
    }

    #[test]
    fn a_word_out_of_place_is_named() {
        let refused = |words: &[&str]| parsed(words).unwrap_err().0.into_owned();
        assert_eq!(refused(&["HELLO", "3", "FOO"]), "ERR Syntax error in HELLO option 'FOO'");
        assert_eq!(
            refused(&["HELLO", "2", "AUTH", "a"]),
            "ERR Syntax error in HELLO option 'AUTH'"
        );
        assert_eq!(parsed(&["HELLO", "2", "SETNAME", "a b"]), Err(error::BAD_CLIENT_NAME));
    }
}
