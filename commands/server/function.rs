//! FUNCTION: there are none, and clients that clean up may be told so.

use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error, help,
};

/// FUNCTION.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse: bare, reply: plain, subcommands: SUBCOMMANDS };

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &FLUSH, parse: parse_flush, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &LIST, parse: parse_list, reply: plain, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "function",
    usage: "FUNCTION",
    summary: "Looks after functions; there are none.",
    since: "7.0.0",
    group: Group::Scripting,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static FLUSH: Spec = Spec {
    name: "function|flush",
    usage: "FUNCTION FLUSH [ASYNC | SYNC]",
    summary: "Removes all functions, of which there are none.",
    since: "7.0.0",
    group: Group::Scripting,
    complexity: "O(N)",
    arity: -2,
    flags: &["write", "noscript"],
    acl: &["@write", "@slow", "@scripting"],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "function|help",
    usage: "FUNCTION HELP",
    summary: "Lists the subcommands.",
    since: "7.0.0",
    group: Group::Scripting,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@scripting"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static LIST: Spec = Spec {
    name: "function|list",
    usage: "FUNCTION LIST [LIBRARYNAME library-name-pattern] [WITHCODE]",
    summary: "Lists no functions.",
    since: "7.0.0",
    group: Group::Scripting,
    complexity: "O(N)",
    arity: -2,
    flags: &["noscript"],
    acl: &["@slow", "@scripting"],
    tips: &["nondeterministic_output_order"],
    keys: &[],
    road: Road::Here,
};

fn bare<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::wrong_arity("function"))
}

fn parse_flush<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    if args.len() > 1 {
        return Err(error::wrong_subcommand(args.called(), "FUNCTION"));
    }
    if !args.is_empty() && !args.token("SYNC") && !args.token("ASYNC") {
        return Err(error::FUNCTION_FLUSH_MODE);
    }
    Ok(Here::Answer(Reply::Ok).into())
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("FUNCTION", SUBCOMMANDS)).into())
}

fn parse_list<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    while let Some(word) = args.next() {
        if word.eq_ignore_ascii_case(b"LIBRARYNAME") {
            args.next().ok_or(error::NO_LIBRARY_NAME)?;
        } else if !word.eq_ignore_ascii_case(b"WITHCODE") {
            return Err(error::unknown_argument(word));
        }
    }
    Ok(Here::Answer(Reply::Array(Vec::new())).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn there_is_nothing_to_list_and_nothing_to_flush() {
        assert_eq!(request("FUNCTION FLUSH async"), Here::Answer(Reply::Ok).into());
        assert_eq!(
            request("FUNCTION LIST WITHCODE LIBRARYNAME x"),
            Here::Answer(Reply::Array(Vec::new())).into()
        );
        assert_eq!(
            refusal("FUNCTION FLUSH FOO"),
            "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"
        );
        assert_eq!(refusal("FUNCTION LIST FOO"), "ERR Unknown argument FOO");
        assert_eq!(refusal("FUNCTION LIST LIBRARYNAME"), "ERR library name argument was not given");
    }
}
