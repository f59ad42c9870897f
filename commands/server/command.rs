//! COMMAND: the commands themselves.

use crate::introspect::{self, Filter, keys};
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error, help,
};

/// COMMAND. It is called bare, too.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse: parse_info, reply: plain, subcommands: SUBCOMMANDS };

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &COUNT, parse: parse_count, reply: plain, subcommands: &[] },
    Command { spec: &DOCS, parse: parse_docs, reply: plain, subcommands: &[] },
    Command { spec: &GETKEYS, parse: parse_getkeys, reply: plain, subcommands: &[] },
    Command {
        spec: &GETKEYSANDFLAGS,
        parse: parse_getkeysandflags,
        reply: plain,
        subcommands: &[],
    },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &INFO, parse: parse_info, reply: plain, subcommands: &[] },
    Command { spec: &LIST, parse: parse_list, reply: plain, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "command",
    usage: "COMMAND",
    summary: "Describes all commands: arity, flags, keys.",
    since: "2.8.13",
    group: Group::Server,
    complexity: "O(N) where N is the number of commands",
    arity: -1,
    flags: &["loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &["nondeterministic_output_order"],
    keys: &[],
    road: Road::Here,
};

static COUNT: Spec = Spec {
    name: "command|count",
    usage: "COMMAND COUNT",
    summary: "Counts the commands.",
    since: "2.8.13",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static DOCS: Spec = Spec {
    name: "command|docs",
    usage: "COMMAND DOCS [command-name [command-name ...]]",
    summary: "Documents commands, or all of them: summary, complexity, arguments.",
    since: "7.0.0",
    group: Group::Server,
    complexity: "O(N) where N is the number of commands",
    arity: -2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &["nondeterministic_output_order"],
    keys: &[],
    road: Road::Here,
};

static GETKEYS: Spec = Spec {
    name: "command|getkeys",
    usage: "COMMAND GETKEYS command [arg [arg ...]]",
    summary: "Returns the keys in a call of a command.",
    since: "2.8.13",
    group: Group::Server,
    complexity: "O(N) where N is the number of words",
    arity: -4,
    flags: &["loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static GETKEYSANDFLAGS: Spec = Spec {
    name: "command|getkeysandflags",
    usage: "COMMAND GETKEYSANDFLAGS command [arg [arg ...]]",
    summary: "Returns the keys in a call of a command and what would happen to each.",
    since: "7.0.0",
    group: Group::Server,
    complexity: "O(N) where N is the number of words",
    arity: -4,
    flags: &["loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "command|help",
    usage: "COMMAND HELP",
    summary: "Lists the subcommands.",
    since: "5.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static INFO: Spec = Spec {
    name: "command|info",
    usage: "COMMAND INFO [command-name [command-name ...]]",
    summary: "Describes commands, or all of them: arity, flags, keys.",
    since: "2.8.13",
    group: Group::Server,
    complexity: "O(N) where N is the number of commands",
    arity: -2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &["nondeterministic_output_order"],
    keys: &[],
    road: Road::Here,
};

static LIST: Spec = Spec {
    name: "command|list",
    usage: "COMMAND LIST [FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
    summary: "Names the commands, all or some of them.",
    since: "7.0.0",
    group: Group::Server,
    complexity: "O(N) where N is the number of commands",
    arity: -2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &["nondeterministic_output_order"],
    keys: &[],
    road: Road::Here,
};

fn parse_count<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    answer(introspect::count())
}

fn parse_docs<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    answer(introspect::docs(args.all()))
}

fn parse_info<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    answer(introspect::info(args.all()))
}

fn parse_getkeys<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    answer(keys::get(args.all())?)
}

fn parse_getkeysandflags<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    answer(keys::get_with_flags(args.all())?)
}

fn parse_list<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    if args.is_empty() {
        return answer(introspect::list(Filter::None));
    }
    if args.len() != 3 || !args.token("FILTERBY") {
        return Err(error::SYNTAX);
    }
    let filter = if args.token("MODULE") {
        Filter::Module
    } else if args.token("ACLCAT") {
        Filter::Category(args.word()?)
    } else if args.token("PATTERN") {
        Filter::Pattern(args.word()?)
    } else {
        return Err(error::SYNTAX);
    };
    answer(introspect::list(filter))
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    answer(help::reply("command", SUBCOMMANDS))
}

fn answer<'a>(reply: Reply) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(reply).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn bare_it_describes_all_commands() {
        let all = introspect::info(&[]);
        assert_eq!(request("COMMAND"), Here::Answer(all.clone()).into());
        assert_eq!(request("command info"), Here::Answer(all).into());
    }

    #[test]
    fn a_list_has_one_filter() {
        let sets = introspect::list(Filter::Pattern(b"set*"));
        assert_eq!(request("command list filterby pattern set*"), Here::Answer(sets).into());
        for line in [
            "command list filterby",
            "command list filterby foo bar",
            "command list filterby pattern",
            "command list filterby pattern a b",
            "command list foo pattern a",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn getkeys_wants_a_whole_call() {
        assert_eq!(
            refusal("command getkeys get"),
            "ERR wrong number of arguments for 'command|getkeys' command"
        );
        assert_eq!(refusal("command getkeys nosuch k"), "ERR Invalid command specified");
        assert_eq!(refusal("command foo"), "ERR unknown subcommand 'foo'. Try COMMAND HELP.");
    }
}
