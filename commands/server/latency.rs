//! LATENCY: what took too long, and how long commands take.

use crate::here::Latency;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error, help};

/// LATENCY.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse: bare, reply: plain, subcommands: SUBCOMMANDS };

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &DOCTOR, parse: parse_doctor, reply: plain, subcommands: &[] },
    Command { spec: &GRAPH, parse: parse_graph, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &HISTOGRAM, parse: parse_histogram, reply: plain, subcommands: &[] },
    Command { spec: &HISTORY, parse: parse_history, reply: plain, subcommands: &[] },
    Command { spec: &LATEST, parse: parse_latest, reply: plain, subcommands: &[] },
    Command { spec: &RESET, parse: parse_reset, reply: plain, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "latency",
    usage: "LATENCY",
    summary: "Looks after latency events and histograms.",
    since: "2.8.13",
    group: Group::Server,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static DOCTOR: Spec = Spec {
    name: "latency|doctor",
    usage: "LATENCY DOCTOR",
    summary: "Says in words what the events tell.",
    since: "2.8.13",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

static GRAPH: Spec = Spec {
    name: "latency|graph",
    usage: "LATENCY GRAPH event",
    summary: "Draws the samples of an event.",
    since: "2.8.13",
    group: Group::Server,
    complexity: "O(1)",
    arity: 3,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "latency|help",
    usage: "LATENCY HELP",
    summary: "Lists the subcommands.",
    since: "2.8.13",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static HISTOGRAM: Spec = Spec {
    name: "latency|histogram",
    usage: "LATENCY HISTOGRAM [command [command ...]]",
    summary: "Shows how long commands take, as cumulative histograms.",
    since: "7.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: -2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

static HISTORY: Spec = Spec {
    name: "latency|history",
    usage: "LATENCY HISTORY event",
    summary: "Shows the samples of an event.",
    since: "2.8.13",
    group: Group::Server,
    complexity: "O(1)",
    arity: 3,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

static LATEST: Spec = Spec {
    name: "latency|latest",
    usage: "LATENCY LATEST",
    summary: "Shows the last sample of every event.",
    since: "2.8.13",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

static RESET: Spec = Spec {
    name: "latency|reset",
    usage: "LATENCY RESET [event [event ...]]",
    summary: "Forgets events.",
    since: "2.8.13",
    group: Group::Server,
    complexity: "O(1)",
    arity: -2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
    keys: &[],
    road: Road::Here,
};

fn bare<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::wrong_arity("latency"))
}

fn parse_doctor<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Latency(Latency::Doctor).into())
}

fn parse_graph<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Latency(Latency::Graph(args.word()?)).into())
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("LATENCY", SUBCOMMANDS)).into())
}

fn parse_histogram<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Latency(Latency::Histogram(args.collect())).into())
}

fn parse_history<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Latency(Latency::History(args.word()?)).into())
}

fn parse_latest<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Latency(Latency::Latest).into())
}

fn parse_reset<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Latency(Latency::Reset(args.collect())).into())
}
