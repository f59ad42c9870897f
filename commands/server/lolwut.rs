//! LOLWUT: a picture, and the version.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec};

/// LOLWUT.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lolwut",
    usage: "LOLWUT [VERSION version]",
    summary: "Shows a small picture and the version.",
    since: "5.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -1,
    flags: &["readonly", "fast"],
    acl: &["@read", "@fast"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

/// Everybody in step.
const PICTURE: &str = "  o   o   o   o   o\n /|\\ /|\\ /|\\ /|\\ /|\\\n / > / > / > / > / >\n";

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    if args.len() >= 2 && args.token("VERSION") {
        args.integer()?;
    }
    let text = format!("{PICTURE}Lockstep ver. {}\n", env!("CARGO_PKG_VERSION"));
    Ok(Here::Answer(Reply::Verbatim(text)).into())
}
