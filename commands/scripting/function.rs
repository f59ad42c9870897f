//! FUNCTION: the libraries of functions.

use lockstep_core::scripts::functions::{FLAGS, Limits, Op, Policy};
use lockstep_core::{Outcome, scripts};

use super::enabled;
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error, help,
};

/// FUNCTION.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse: bare, reply: plain, subcommands: SUBCOMMANDS };

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &DELETE, parse: parse_delete, reply: plain, subcommands: &[] },
    Command { spec: &DUMP, parse: parse_dump, reply: plain, subcommands: &[] },
    Command { spec: &FLUSH, parse: parse_flush, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &KILL, parse: parse_kill, reply: plain, subcommands: &[] },
    Command { spec: &LIST, parse: parse_list, reply: list, subcommands: &[] },
    Command { spec: &LOAD, parse: parse_load, reply: plain, subcommands: &[] },
    Command { spec: &RESTORE, parse: parse_restore, reply: plain, subcommands: &[] },
    Command { spec: &STATS, parse: parse_stats, reply: stats, subcommands: &[] },
];

const SPEC: Spec = Spec {
    name: "function",
    usage: "FUNCTION",
    summary: "Looks after the libraries of functions: on all nodes, and as long as they are not \
              deleted.",
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

/// What changes libraries.
const WRITE: Spec = Spec {
    flags: &["write", "noscript"],
    acl: &["@write", "@slow", "@scripting"],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    road: Road::Log,
    ..SPEC
};

/// What reads them.
const READ: Spec =
    Spec { flags: &["noscript"], acl: &["@slow", "@scripting"], road: Road::Cache, ..SPEC };

static DELETE: Spec = Spec {
    name: "function|delete",
    usage: "FUNCTION DELETE library-name",
    summary: "Takes a library away, with all its functions.",
    complexity: "O(1)",
    arity: 3,
    ..WRITE
};

static DUMP: Spec = Spec {
    name: "function|dump",
    usage: "FUNCTION DUMP",
    summary: "Gives all libraries in Redis' format, for FUNCTION RESTORE.",
    complexity: "O(N) where N is the number of functions",
    arity: 2,
    ..READ
};

static FLUSH: Spec = Spec {
    name: "function|flush",
    usage: "FUNCTION FLUSH [ASYNC | SYNC]",
    summary: "Takes all libraries away.",
    complexity: "O(N) where N is the number of functions",
    arity: -2,
    ..WRITE
};

static HELP: Spec = Spec {
    name: "function|help",
    usage: "FUNCTION HELP",
    summary: "Lists the subcommands.",
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@scripting"],
    ..SPEC
};

static KILL: Spec = Spec {
    name: "function|kill",
    usage: "FUNCTION KILL",
    summary: "Says that no function runs: one that takes long is stopped by its count of steps.",
    complexity: "O(1)",
    arity: 2,
    flags: &["noscript", "allow_busy"],
    acl: &["@slow", "@scripting"],
    tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
    ..SPEC
};

static LIST: Spec = Spec {
    name: "function|list",
    usage: "FUNCTION LIST [LIBRARYNAME library-name-pattern] [WITHCODE]",
    summary: "Lists the libraries and their functions, by their names.",
    complexity: "O(N) where N is the number of functions",
    arity: -2,
    tips: &["nondeterministic_output_order"],
    ..READ
};

static LOAD: Spec = Spec {
    name: "function|load",
    usage: "FUNCTION LOAD [REPLACE] function-code",
    summary: "Adds a library, and gives its name. Its code runs once, on every replica, and is \
              stopped by counts of steps and bytes.",
    complexity: "O(N) where N is the length of the code, and what the code does",
    arity: -3,
    flags: &["write", "denyoom", "noscript"],
    ..WRITE
};

static RESTORE: Spec = Spec {
    name: "function|restore",
    usage: "FUNCTION RESTORE serialized-value [FLUSH | APPEND | REPLACE]",
    summary: "Adds the libraries that FUNCTION DUMP gave, here or in Redis: all or none.",
    complexity: "O(N) where N is the number of functions",
    arity: -3,
    flags: &["write", "denyoom", "noscript"],
    ..WRITE
};

static STATS: Spec = Spec {
    name: "function|stats",
    usage: "FUNCTION STATS",
    summary: "Tells how many libraries and functions there are. None is ever running: they are \
              carried out as a whole.",
    complexity: "O(1)",
    arity: 2,
    flags: &["noscript", "allow_busy"],
    tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    ..READ
};

fn bare<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::wrong_arity("function"))
}

fn on<'a>(ctx: &Context, op: Op<'a>) -> Result<Request<'a>, BadArgs> {
    enabled(ctx)?;
    let op = scripts::Op::Function { op };
    Ok(Request::Op(lockstep_core::Op::Script { op }))
}

fn parse_delete<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    on(ctx, Op::Delete { name: args.word()? })
}

fn parse_dump<'a>(ctx: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    on(ctx, Op::Dump {})
}

fn parse_flush<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    if args.len() > 1 {
        return Err(error::wrong_subcommand(args.called(), "FUNCTION"));
    }
    if !args.is_empty() && !args.token("SYNC") && !args.token("ASYNC") {
        return Err(error::FUNCTION_FLUSH_MODE);
    }
    on(ctx, Op::Flush {})
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("FUNCTION", SUBCOMMANDS)).into())
}

fn parse_kill<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(Reply::Error(error::NO_SCRIPT_RUNS)).into())
}

fn parse_list<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (mut pattern, mut with_code) = (None, false);
    while let Some(word) = args.next() {
        if pattern.is_none() && word.eq_ignore_ascii_case(b"LIBRARYNAME") {
            pattern = Some(args.next().ok_or(error::NO_LIBRARY_NAME)?);
        } else if !with_code && word.eq_ignore_ascii_case(b"WITHCODE") {
            with_code = true;
        } else {
            return Err(error::unknown_argument(word));
        }
    }
    on(ctx, Op::List { pattern, with_code })
}

fn parse_load<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let mut replace = false;
    while args.len() > 1 {
        let word = args.word()?;
        if !word.eq_ignore_ascii_case(b"REPLACE") {
            return Err(error::unknown_option(word));
        }
        replace = true;
    }
    on(ctx, Op::Load { code: args.word()?, replace, limits: limits(ctx) })
}

fn parse_restore<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    if args.len() > 2 {
        return Err(error::wrong_subcommand(args.called(), "FUNCTION"));
    }
    let payload = args.word()?;
    let policy = match args.next() {
        None => Policy::Append {},
        Some(word) if word.eq_ignore_ascii_case(b"APPEND") => Policy::Append {},
        Some(word) if word.eq_ignore_ascii_case(b"REPLACE") => Policy::Replace {},
        Some(word) if word.eq_ignore_ascii_case(b"FLUSH") => Policy::Flush {},
        Some(_) => return Err(error::RESTORE_POLICY),
    };
    on(ctx, Op::Restore { payload, policy, limits: limits(ctx) })
}

fn parse_stats<'a>(ctx: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    on(ctx, Op::Stats {})
}

/// What loading a library may take.
fn limits(ctx: &Context) -> Limits {
    Limits::Of {
        steps_max: ctx.scripts.steps_max,
        memory_max: ctx.scripts.memory_max,
        bytes_max: ctx.scripts.functions_max,
    }
}

/// The libraries, each a map.
fn list(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(libraries) = outcome else { return plain(spec, outcome) };
    Reply::Array(libraries.into_iter().map(|library| listed(spec, library)).collect())
}

fn listed(spec: &Spec, library: Outcome) -> Reply {
    let [name, functions, code] = match parts(library) {
        Ok(parts) => parts,
        Err(other) => return plain(spec, other),
    };
    let functions = match functions {
        Outcome::List(all) => all.into_iter().map(|one| function(spec, one)).collect(),
        _ => Vec::new(),
    };
    let mut pairs = vec![
        (Reply::bulk("library_name"), plain(spec, name)),
        (Reply::bulk("engine"), Reply::bulk("LUA")),
        (Reply::bulk("functions"), Reply::Array(functions)),
    ];
    if code != Outcome::Nil {
        pairs.push((Reply::bulk("library_code"), plain(spec, code)));
    }
    Reply::Map(pairs)
}

fn function(spec: &Spec, function: Outcome) -> Reply {
    let [name, description, flags] = match parts(function) {
        Ok(parts) => parts,
        Err(other) => return plain(spec, other),
    };
    let Outcome::Int(bits) = flags else { return plain(spec, flags) };
    let flags = FLAGS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    Reply::Map(vec![
        (Reply::bulk("name"), plain(spec, name)),
        (Reply::bulk("description"), plain(spec, description)),
        (Reply::bulk("flags"), Reply::Set(flags.map(|(_, flag)| Reply::Simple(flag)).collect())),
    ])
}

/// The three parts of a list of such.
fn parts(outcome: Outcome) -> Result<[Outcome; 3], Outcome> {
    match outcome {
        Outcome::List(parts) => parts.try_into().map_err(Outcome::List),
        other => Err(other),
    }
}

/// The numbers of libraries and functions of the only engine.
fn stats(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(counts) = outcome else { return plain(spec, outcome) };
    let names = ["libraries_count", "functions_count"].map(Reply::bulk);
    let counts = counts.into_iter().map(|count| plain(spec, count));
    let lua = Reply::Map(names.into_iter().zip(counts).collect());
    Reply::Map(vec![
        (Reply::bulk("running_script"), Reply::Nil),
        (Reply::bulk("engines"), Reply::Map(vec![(Reply::bulk("LUA"), lua)])),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{context, refusal, request};

    fn op(op: Op<'static>) -> Request<'static> {
        Request::Op(lockstep_core::Op::Script { op: scripts::Op::Function { op } })
    }

    #[test]
    fn libraries_are_for_the_log_of_the_key_space() {
        let limits = limits(&context());
        let load = |replace| op(Op::Load { code: b"c", replace, limits });
        assert_eq!(request("FUNCTION LOAD c"), load(false));
        assert_eq!(request("FUNCTION LOAD replace REPLACE c"), load(true));
        let restore = |policy| op(Op::Restore { payload: b"p", policy, limits });
        assert_eq!(request("FUNCTION RESTORE p"), restore(Policy::Append {}));
        assert_eq!(request("FUNCTION RESTORE p flush"), restore(Policy::Flush {}));
        assert_eq!(request("FUNCTION RESTORE p Replace"), restore(Policy::Replace {}));
        assert_eq!(request("FUNCTION FLUSH async"), op(Op::Flush {}));
        let list = Op::List { pattern: Some(b"x*"), with_code: true };
        assert_eq!(request("FUNCTION LIST WITHCODE LIBRARYNAME x*"), op(list));
    }

    #[test]
    fn words_that_do_not_belong_there_are_refused() {
        for (line, text) in [
            ("FUNCTION FLUSH FOO", "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"),
            ("FUNCTION LIST FOO", "ERR Unknown argument FOO"),
            ("FUNCTION LIST WITHCODE WITHCODE", "ERR Unknown argument WITHCODE"),
            ("FUNCTION LIST LIBRARYNAME", "ERR library name argument was not given"),
            ("FUNCTION LOAD FOO c", "ERR Unknown option given: FOO"),
            (
                "FUNCTION RESTORE p FOO",
                "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ),
        ] {
            assert_eq!(refusal(line), text);
        }
    }

    #[test]
    fn a_library_is_listed_as_redis_lists_it() {
        let text = |text: &str| Outcome::Bytes(text.as_bytes().to_vec());
        let one = Outcome::List(vec![text("f"), Outcome::Nil, Outcome::Int(0b1001)]);
        let library = Outcome::List(vec![text("l"), Outcome::List(vec![one]), Outcome::Nil]);
        let flags = Reply::Set(vec![Reply::Simple("no-writes"), Reply::Simple("no-cluster")]);
        let function = Reply::Map(vec![
            (Reply::bulk("name"), Reply::bulk("f")),
            (Reply::bulk("description"), Reply::Nil),
            (Reply::bulk("flags"), flags),
        ]);
        let due = Reply::Map(vec![
            (Reply::bulk("library_name"), Reply::bulk("l")),
            (Reply::bulk("engine"), Reply::bulk("LUA")),
            (Reply::bulk("functions"), Reply::Array(vec![function])),
        ]);
        assert_eq!(list(&LIST, Outcome::List(vec![library])), Reply::Array(vec![due]));
    }
}
