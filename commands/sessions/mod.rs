//! Sessions: how long whoever holds locks is believed to be alive.

mod life;
mod look;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, help};

/// The commands of this family.
pub static COMMANDS: &[Command] = &[COMMAND];

/// SESSION.
pub const COMMAND: Command = Command::container(&SPEC, SUBCOMMANDS);

static SUBCOMMANDS: &[Command] = &[
    life::ATTACH,
    life::CREATE,
    life::DESTROY,
    life::DETACH,
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    look::INFO,
    life::KEEPALIVE,
    look::LIST,
];

static SPEC: Spec = Spec {
    name: "session",
    usage: "SESSION",
    summary: "Looks after sessions. A session owns locks, or keeps those of named owners; it \
              lives while a connection is attached to it and its time to live longer.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@lock", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "session|help",
    usage: "SESSION HELP",
    summary: "Lists the subcommands.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@lock", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("SESSION", SUBCOMMANDS)).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reply;
    use crate::testing::{refusal, request};

    #[test]
    fn help_lists_every_subcommand() {
        let Request::Here(Here::Answer(Reply::Array(lines))) = request("session help") else {
            panic!("no list")
        };
        assert_eq!(lines.len(), 1 + 2 * SUBCOMMANDS.len());
        assert_eq!(refusal("session foo"), "ERR unknown subcommand 'foo'. Try SESSION HELP.");
    }
}
