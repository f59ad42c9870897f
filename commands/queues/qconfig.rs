//! QCONFIG GET, SET, RESET: how a queue is set.

use lockstep_core::Outcome;
use lockstep_core::queues::{Op, WHOLE};

use super::settings::{self, find};
use super::words::name;
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, KeySpec, Reply, Request, Road, Spec, help,
};

/// QCONFIG.
pub const COMMAND: Command = Command::container(&SPEC, SUBCOMMANDS);

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &GET, parse: parse_get, reply: reply_get, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &RESET, parse: parse_reset, reply: plain, subcommands: &[] },
    Command { spec: &SET, parse: parse_set, reply: plain, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "qconfig",
    usage: "QCONFIG",
    summary: "Looks after the settings of a queue.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@queue", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static GET: Spec = Spec {
    name: "qconfig|get",
    usage: "QCONFIG GET queue [setting ...]",
    summary: "Tells how a queue is set, or just these settings of it.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(1)",
    arity: -3,
    flags: &["readonly"],
    acl: &["@queue", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 2)],
    road: Road::Cache,
};

static HELP: Spec = Spec {
    name: "qconfig|help",
    usage: "QCONFIG HELP",
    summary: "Lists the subcommands.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@queue", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static RESET: Spec = Spec {
    name: "qconfig|reset",
    usage: "QCONFIG RESET queue setting [setting ...]",
    summary: "Sets settings of a queue back to what they are unless set.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(1)",
    arity: -4,
    flags: &["write"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 2)],
    road: Road::Log,
};

static SET: Spec = Spec {
    name: "qconfig|set",
    usage: "QCONFIG SET queue <setting value> [setting value ...]",
    summary: "Changes settings of a queue, all or none. They hold for messages that are there \
              already, too, as far as they are about what is still to come.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(1)",
    arity: -5,
    flags: &["write", "denyoom"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 2)],
    road: Road::Log,
};

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("QCONFIG", SUBCOMMANDS)).into())
}

fn parse_get<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    Ok(Op::Config { queue, part: WHOLE, tags: tags(args)? }.into())
}

fn parse_reset<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    Ok(Op::Reset { queue, part: WHOLE, tags: tags(args)? }.into())
}

/// The numbers of the settings that are named.
fn tags(args: Args<'_>) -> Result<Vec<u8>, BadArgs> {
    args.map(|word| find(word).map(|row| row.tag())).collect()
}

fn parse_set<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let queue = name(&mut args)?;
    let mut given = Vec::new();
    while !args.is_empty() {
        settings::take(queue, &mut given, &mut args)?;
    }
    Ok(Op::Configure { queue, part: WHOLE, settings: given }.into())
}

fn reply_get(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::List(pairs) => settings::shown(spec, pairs),
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Fault;
    use lockstep_core::queues::Setting;

    use super::*;
    use crate::error;
    use crate::testing::{queue_op, refusal, reply_to, request};

    #[test]
    fn each_subcommand_asks_for_its_own() {
        let config = |tags| Op::Config { queue: b"q", part: WHOLE, tags };
        assert_eq!(queue_op("qconfig get q"), config(vec![]));
        assert_eq!(queue_op("QCONFIG GET q VT MaxDeliver"), config(vec![1, 3]));
        let tags = vec![1, 26];
        assert_eq!(
            queue_op("qconfig reset q vt idledelete"),
            Op::Reset { queue: b"q", part: WHOLE, tags }
        );
        let settings = vec![Setting::Lease { ms: 5 }, Setting::Ttl { ms: 0 }];
        let set = Op::Configure { queue: b"q", part: WHOLE, settings };
        assert_eq!(queue_op("qconfig set q vt 5 ttl 0"), set);
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for line in ["qconfig get q foo", "qconfig reset q foo", "qconfig set q foo 1"] {
            assert_eq!(refusal(line), "ERR a queue has no setting 'foo'", "{line}");
        }
        assert_eq!(refusal("qconfig set q vt 5 ttl"), "ERR syntax error");
        assert_eq!(refusal("qconfig foo q"), "ERR unknown subcommand 'foo'. Try QCONFIG HELP.");
    }

    #[test]
    fn help_lists_every_subcommand() {
        let Request::Here(Here::Answer(Reply::Array(lines))) = request("qconfig help") else {
            panic!("no list")
        };
        assert_eq!(lines.len(), 1 + 2 * SUBCOMMANDS.len());
    }

    #[test]
    fn settings_are_shown_as_a_map() {
        let words = [Outcome::Int(1000), Outcome::Word("exp")];
        let pair = |name, value| Outcome::List(vec![Outcome::Word(name), value]);
        let list = vec![
            pair("vt", Outcome::Int(5)),
            pair("order", Outcome::Word("fifo")),
            pair("backoff", Outcome::List(words.to_vec())),
            pair("dlq", Outcome::Bytes(Vec::new())),
        ];
        let shown = Reply::Map(vec![
            (Reply::bulk("vt"), Reply::Int(5)),
            (Reply::bulk("order"), Reply::bulk("fifo")),
            (Reply::bulk("backoff"), Reply::Array(vec![Reply::Int(1000), Reply::bulk("exp")])),
            (Reply::bulk("dlq"), Reply::bulk("self")),
        ]);
        assert_eq!(reply_to("qconfig get q", Outcome::List(list)), shown);
        let none = reply_to("qconfig get q", Fault::NoSuchQueue.into());
        assert_eq!(none, Reply::Error(error::NO_SUCH_QUEUE));
    }
}
