//! SAVE, BGSAVE, BGREWRITEAOF and LASTSAVE: snapshots on demand.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec};

/// SAVE.
pub const SAVE: Command =
    Command { spec: &SAVE_SPEC, parse: parse_save, reply: plain, subcommands: &[] };
/// BGSAVE.
pub const BGSAVE: Command =
    Command { spec: &BGSAVE_SPEC, parse: parse_bgsave, reply: plain, subcommands: &[] };
/// BGREWRITEAOF.
pub const BGREWRITEAOF: Command =
    Command { spec: &BGREWRITEAOF_SPEC, parse: parse_bgrewriteaof, reply: plain, subcommands: &[] };
/// LASTSAVE.
pub const LASTSAVE: Command =
    Command { spec: &LASTSAVE_SPEC, parse: parse_lastsave, reply: plain, subcommands: &[] };

static SAVE_SPEC: Spec = Spec {
    name: "save",
    usage: "SAVE",
    summary: "Writes a snapshot and answers when it is on disk.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: 1,
    flags: &["admin", "noscript", "no_async_loading", "no_multi"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static BGSAVE_SPEC: Spec = Spec {
    name: "bgsave",
    usage: "BGSAVE [SCHEDULE]",
    summary: "Begins to write a snapshot.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -1,
    flags: &["admin", "noscript", "no_async_loading"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static BGREWRITEAOF_SPEC: Spec = Spec {
    name: "bgrewriteaof",
    usage: "BGREWRITEAOF",
    summary: "Begins to write a snapshot, so that the log can be cut.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 1,
    flags: &["admin", "noscript", "no_async_loading"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static LASTSAVE_SPEC: Spec = Spec {
    name: "lastsave",
    usage: "LASTSAVE",
    summary: "Tells when the last snapshot was written.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 1,
    flags: &["loading", "stale", "fast"],
    acl: &["@admin", "@fast", "@dangerous"],
    tips: &["nondeterministic_output"],
    keys: &[],
    road: Road::Here,
};

fn parse_save<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Save.into())
}

fn parse_bgsave<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    args.token("SCHEDULE");
    args.end()?;
    Ok(Here::SaveInBackground.into())
}

fn parse_bgrewriteaof<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::RewriteLog.into())
}

fn parse_lastsave<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::LastSave.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;
    use crate::error;

    #[test]
    fn bgsave_may_be_scheduled_and_nothing_else() {
        assert_eq!(parsed(&["BGSAVE"]), Ok(Here::SaveInBackground.into()));
        assert_eq!(parsed(&["BGSAVE", "schedule"]), Ok(Here::SaveInBackground.into()));
        assert_eq!(parsed(&["BGSAVE", "foo"]), Err(error::SYNTAX));
        assert_eq!(parsed(&["BGSAVE", "SCHEDULE", "x"]), Err(error::SYNTAX));
    }
}
