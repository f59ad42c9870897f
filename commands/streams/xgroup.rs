//! XGROUP: groups of consumers.

use lockstep_core::keys::streams::{Id, Op};

use super::{id, on};
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, KeySpec, Request, Road, Spec, error, help,
};

/// XGROUP.
pub const COMMAND: Command = Command::container(&SPEC, SUBCOMMANDS);

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &CREATE, parse: parse_create, reply: plain, subcommands: &[] },
    Command { spec: &CREATECONSUMER, parse: parse_createconsumer, reply: plain, subcommands: &[] },
    Command { spec: &DELCONSUMER, parse: parse_delconsumer, reply: plain, subcommands: &[] },
    Command { spec: &DESTROY, parse: parse_destroy, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &SETID, parse: parse_setid, reply: plain, subcommands: &[] },
];

/// Stands for a number of entries read that is not known.
const UNKNOWN: i64 = -1;

/// How many words CREATE and SETID may have at most behind the group.
const CREATE_WORDS_MAX: usize = 4;
const SETID_WORDS_MAX: usize = 3;

static SPEC: Spec = Spec {
    name: "xgroup",
    usage: "XGROUP",
    summary: "Makes, changes and removes groups of consumers of a stream.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Log,
};

const CREATE: Spec = Spec {
    name: "xgroup|create",
    usage: "XGROUP CREATE key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]",
    summary: "Makes a group of consumers that is given what comes behind an entry of the stream at a key.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(1)",
    arity: -5,
    flags: &["write", "denyoom"],
    acl: &["@slow", "@stream", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 2)],
    road: Road::Log,
};

static CREATECONSUMER: Spec = Spec {
    name: "xgroup|createconsumer",
    usage: "XGROUP CREATECONSUMER key group consumer",
    summary: "Makes a consumer of a group; reading and claiming make one, too.",
    since: "6.2.0",
    arity: 5,
    ..CREATE
};

static DELCONSUMER: Spec = Spec {
    name: "xgroup|delconsumer",
    usage: "XGROUP DELCONSUMER key group consumer",
    summary: "Removes a consumer of a group and returns how many entries it had not acknowledged.",
    arity: 5,
    flags: &["write"],
    keys: &[KeySpec::one(&["RW", "delete"], 2)],
    ..CREATE
};

static DESTROY: Spec = Spec {
    name: "xgroup|destroy",
    usage: "XGROUP DESTROY key group",
    summary: "Removes a group and returns whether it was there.",
    complexity: "O(N) where N is the number of entries it has not acknowledged",
    arity: 4,
    flags: &["write"],
    keys: &[KeySpec::one(&["RW", "delete"], 2)],
    ..CREATE
};

static SETID: Spec = Spec {
    name: "xgroup|setid",
    usage: "XGROUP SETID key group <id | $> [ENTRIESREAD entries-read]",
    summary: "Sets behind which entry a group goes on.",
    flags: &["write"],
    keys: &[KeySpec::one(&["RW", "update"], 2)],
    ..CREATE
};

static HELP: Spec = Spec {
    name: "xgroup|help",
    usage: "XGROUP HELP",
    summary: "Lists the subcommands.",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@stream"],
    keys: &[],
    road: Road::Here,
    ..CREATE
};

fn parse_create<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let called = args.called();
    let (key, group, at) = (args.word()?, args.word()?, args.word()?);
    let (read, create) = options(&mut args, called, CREATE_WORDS_MAX - 1, true)?;
    let id = if at == b"$" { None } else { Some(id::exact(at)?) };
    Ok(on(ctx, key, Op::CreateGroup { group, id, read, create }))
}

fn parse_setid<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let called = args.called();
    let (key, group, at) = (args.word()?, args.word()?, args.word()?);
    let (read, _) = options(&mut args, called, SETID_WORDS_MAX - 1, false)?;
    let id = if at == b"$" { None } else { Some(id::any(at, Id::MIN.seq)?) };
    Ok(on(ctx, key, Op::SetGroup { group, id, read }))
}

/// How many entries the group was given, and whether a stream is made. `called`: the
/// subcommand as the client wrote it.
fn options(
    args: &mut Args<'_>,
    called: &[u8],
    words_max: usize,
    creates: bool,
) -> Result<(Option<i64>, bool), BadArgs> {
    let refused = || error::wrong_subcommand(called, "XGROUP");
    let fits = args.len() <= words_max;
    let (mut read, mut create) = (None, false);
    while !args.is_empty() {
        if creates && args.token("MKSTREAM") {
            create = true;
        } else if args.len() > 1 && args.token("ENTRIESREAD") {
            let number = args.integer()?;
            if number < UNKNOWN {
                return Err(error::BAD_ENTRIES_READ);
            }
            read = Some(number).filter(|number| *number != UNKNOWN);
        } else {
            return Err(refused());
        }
    }
    if fits { Ok((read, create)) } else { Err(refused()) }
}

fn parse_createconsumer<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, group, consumer) = (args.word()?, args.word()?, args.word()?);
    Ok(on(ctx, key, Op::CreateConsumer { group, consumer }))
}

fn parse_delconsumer<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, group, consumer) = (args.word()?, args.word()?, args.word()?);
    Ok(on(ctx, key, Op::DeleteConsumer { group, consumer }))
}

fn parse_destroy<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, group) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::DestroyGroup { group }))
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("xgroup", SUBCOMMANDS)).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::tests::op;
    use crate::testing::refusal;

    #[test]
    fn a_group_begins_behind_an_entry() {
        let create = |id, read, create| Op::CreateGroup { group: b"g", id, read, create };
        let id = Some(Id { ms: 5, seq: 0 });
        assert_eq!(op("xgroup create k g 5"), create(id, None, false));
        assert_eq!(op("xgroup create k g $ mkstream entriesread 3"), create(None, Some(3), true));
        assert_eq!(op("xgroup create k g 5 ENTRIESREAD -1"), create(id, None, false));
        let set = |id| Op::SetGroup { group: b"g", id: Some(id), read: None };
        assert_eq!(op("xgroup setid k g -"), set(Id::MIN));
        assert_eq!(op("xgroup setid k g +"), set(Id::MAX));
    }

    #[test]
    fn bad_words_are_refused() {
        let unknown =
            "ERR unknown subcommand or wrong number of arguments for 'create'. Try XGROUP HELP.";
        assert_eq!(refusal("xgroup create k g 5 foo"), unknown);
        assert_eq!(refusal("xgroup create k g 5 entriesread"), unknown);
        assert_eq!(refusal("xgroup create k g 5 mkstream mkstream mkstream mkstream"), unknown);
        let text = "ERR value for ENTRIESREAD must be positive or -1";
        assert_eq!(refusal("xgroup create k g 5 entriesread -2"), text);
        assert_eq!(refusal("xgroup create k g -"), refusal("xdel k x"));
        let unknown =
            "ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP.";
        assert_eq!(refusal("xgroup SETID k g 5 mkstream"), unknown);
        assert_eq!(refusal("xgroup foo k"), "ERR unknown subcommand 'foo'. Try XGROUP HELP.");
    }
}
