//! CLIENT: connections, their names and their fate.

mod cachemode;
mod kill;
mod list;
pub(crate) mod pause;
mod session;
mod tracking;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error, help};

pub use list::kind;
pub use session::check_name;

/// CLIENT.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse: bare, reply: plain, subcommands: SUBCOMMANDS };

static SPEC: Spec = Spec {
    name: "client",
    usage: "CLIENT",
    summary: "Looks after connections.",
    since: "2.4.0",
    group: Group::Connection,
    complexity: "",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

const SUBCOMMANDS: &[Command] = &[
    cachemode::COMMAND,
    tracking::CACHING,
    session::GETNAME,
    tracking::GETREDIR,
    HELP,
    session::ID,
    list::INFO,
    kill::COMMAND,
    list::LIST,
    session::LOCKEVENTS,
    session::NO_EVICT,
    session::NO_TOUCH,
    pause::PAUSE,
    session::REPLY,
    session::SETINFO,
    session::SETNAME,
    tracking::TRACKING,
    tracking::TRACKINGINFO,
    pause::UNBLOCK,
    pause::UNPAUSE,
];

const HELP: Command =
    Command { spec: &HELP_SPEC, parse: parse_help, reply: plain, subcommands: &[] };

static HELP_SPEC: Spec = Spec {
    name: "client|help",
    usage: "CLIENT HELP",
    summary: "Lists the subcommands.",
    since: "5.0.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("CLIENT", SUBCOMMANDS)).into())
}

fn bare<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::wrong_arity("client"))
}
