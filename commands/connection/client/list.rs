//! CLIENT LIST and CLIENT INFO: who is connected.

use crate::args::parse_integer;
use crate::here::{Client, ClientKind, ListFilter};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

/// CLIENT LIST.
pub const LIST: Command =
    Command { spec: &LIST_SPEC, parse: parse_list, reply: plain, subcommands: &[] };
/// CLIENT INFO.
pub const INFO: Command =
    Command { spec: &INFO_SPEC, parse: parse_info, reply: plain, subcommands: &[] };

static LIST_SPEC: Spec = Spec {
    name: "client|list",
    usage: "CLIENT LIST [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]",
    summary: "Lists the connections, one line for each.",
    since: "2.4.0",
    group: Group::Connection,
    complexity: "O(N)",
    arity: -2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous", "@connection"],
    tips: &["nondeterministic_output"],
    keys: &[],
    road: Road::Here,
};

static INFO_SPEC: Spec = Spec {
    name: "client|info",
    usage: "CLIENT INFO",
    summary: "Shows this connection's line of CLIENT LIST.",
    since: "6.2.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 2,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &["nondeterministic_output"],
    keys: &[],
    road: Road::Here,
};

fn parse_list<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let filter = if args.is_empty() {
        ListFilter::All
    } else if args.len() == 2 && args.token("TYPE") {
        ListFilter::Kind(kind(args.word()?)?)
    } else if args.len() >= 2 && args.token("ID") {
        ListFilter::Ids(args.map(client_id).collect::<Result<_, _>>()?)
    } else {
        return Err(error::SYNTAX);
    };
    Ok(Here::Client(Client::List(filter)).into())
}

fn parse_info<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Client(Client::Info).into())
}

fn client_id(word: &[u8]) -> Result<i64, BadArgs> {
    parse_integer(word).ok_or(error::BAD_CLIENT_ID)
}

/// The kind of client that a word names.
///
/// # Errors
/// `Unknown client type`.
pub fn kind(word: &[u8]) -> Result<ClientKind, BadArgs> {
    match word.to_ascii_lowercase().as_slice() {
        b"normal" => Ok(ClientKind::Normal),
        b"master" => Ok(ClientKind::Master),
        b"replica" | b"slave" => Ok(ClientKind::Replica),
        b"pubsub" => Ok(ClientKind::PubSub),
        _ => Err(error::unknown_client_type(word)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    fn list(filter: ListFilter) -> Result<Request<'static>, BadArgs> {
        Ok(Here::Client(Client::List(filter)).into())
    }

    #[test]
    fn a_list_takes_a_kind_or_ids() {
        assert_eq!(parsed(&["CLIENT", "LIST"]), list(ListFilter::All));
        assert_eq!(
            parsed(&["CLIENT", "LIST", "type", "SLAVE"]),
            list(ListFilter::Kind(ClientKind::Replica))
        );
        assert_eq!(parsed(&["CLIENT", "LIST", "ID", "3", "0"]), list(ListFilter::Ids(vec![3, 0])));
    }

    #[test]
    fn a_list_refuses_what_it_does_not_know() {
        for words in [&["TYPE"][..], &["ID"], &["foo"], &["TYPE", "normal", "x"]] {
            let words = [&["CLIENT", "LIST"][..], words].concat();
            assert_eq!(parsed(&words), Err(error::SYNTAX), "{words:?}");
        }
        assert_eq!(parsed(&["CLIENT", "LIST", "ID", "a"]), Err(error::BAD_CLIENT_ID));
        assert_eq!(
            parsed(&["CLIENT", "LIST", "TYPE", "foo"]).unwrap_err().0,
            "ERR Unknown client type 'foo'"
        );
    }
}
