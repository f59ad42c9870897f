//! SHUTDOWN: the end of the process.

use crate::here::Shutdown;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

/// SHUTDOWN.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "shutdown",
    usage: "SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
    summary: "Stops this node.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: -1,
    flags: &["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let mut shutdown = Shutdown::default();
    for word in args {
        match word.to_ascii_lowercase().as_slice() {
            b"nosave" => shutdown.no_save = true,
            b"save" => shutdown.save = true,
            b"now" => shutdown.now = true,
            b"force" => shutdown.force = true,
            b"abort" => shutdown.abort = true,
            _ => return Err(error::SYNTAX),
        }
    }
    let alone = Shutdown { abort: true, ..Shutdown::default() };
    let contradicts = (shutdown.save && shutdown.no_save) || (shutdown.abort && shutdown != alone);
    if contradicts { Err(error::SYNTAX) } else { Ok(Here::Shutdown(shutdown).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    #[test]
    fn words_that_contradict_each_other_are_refused() {
        let force = Shutdown { no_save: true, force: true, ..Shutdown::default() };
        assert_eq!(parsed(&["SHUTDOWN", "nosave", "FORCE"]), Ok(Here::Shutdown(force).into()));
        for words in [&["SAVE", "NOSAVE"][..], &["ABORT", "NOW"], &["foo"]] {
            let words = [&["SHUTDOWN"][..], words].concat();
            assert_eq!(parsed(&words), Err(error::SYNTAX), "{words:?}");
        }
    }
}
