//! PUBSUB: which channels there are and how many listen.

use crate::here::PubSub;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error, help};

/// PUBSUB.
pub const COMMAND: Command = Command::container(&SPEC, SUBCOMMANDS);

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &CHANNELS, parse: parse_channels, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &NUMPAT, parse: parse_numpat, reply: plain, subcommands: &[] },
    Command { spec: &NUMSUB, parse: parse_numsub, reply: plain, subcommands: &[] },
    Command { spec: &SHARDCHANNELS, parse: parse_shardchannels, reply: plain, subcommands: &[] },
    Command { spec: &SHARDNUMSUB, parse: parse_shardnumsub, reply: plain, subcommands: &[] },
];

const FLAGS: &[&str] = &["pubsub", "loading", "stale"];
const ACL: &[&str] = &["@pubsub", "@slow"];

static SPEC: Spec = Spec {
    name: "pubsub",
    usage: "PUBSUB",
    summary: "Tells about channels and those who listen to them, on all nodes; in cluster mode on \
              this one.",
    since: "2.8.0",
    group: Group::PubSub,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "pubsub|help",
    usage: "PUBSUB HELP",
    summary: "Lists the subcommands.",
    since: "6.2.0",
    group: Group::PubSub,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static CHANNELS: Spec = Spec {
    name: "pubsub|channels",
    usage: "PUBSUB CHANNELS [pattern]",
    summary: "Lists the channels that somebody listens to by name, or those of them that fit a \
              glob pattern.",
    since: "2.8.0",
    group: Group::PubSub,
    complexity: "O(N) where N is the number of channels",
    arity: -2,
    flags: FLAGS,
    acl: ACL,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static NUMPAT: Spec = Spec {
    name: "pubsub|numpat",
    usage: "PUBSUB NUMPAT",
    summary: "Counts the patterns that somebody listens by.",
    since: "2.8.0",
    group: Group::PubSub,
    complexity: "O(1)",
    arity: 2,
    flags: FLAGS,
    acl: ACL,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static NUMSUB: Spec = Spec {
    name: "pubsub|numsub",
    usage: "PUBSUB NUMSUB [channel [channel ...]]",
    summary: "Counts those who listen to each of these channels by name.",
    since: "2.8.0",
    group: Group::PubSub,
    complexity: "O(N) where N is the number of channels",
    arity: -2,
    flags: FLAGS,
    acl: ACL,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SHARDCHANNELS: Spec = Spec {
    name: "pubsub|shardchannels",
    usage: "PUBSUB SHARDCHANNELS [pattern]",
    summary: "Lists the shard channels that somebody listens to, or those of them that fit a glob \
              pattern.",
    since: "7.0.0",
    group: Group::PubSub,
    complexity: "O(N) where N is the number of shard channels",
    arity: -2,
    flags: FLAGS,
    acl: ACL,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SHARDNUMSUB: Spec = Spec {
    name: "pubsub|shardnumsub",
    usage: "PUBSUB SHARDNUMSUB [shardchannel [shardchannel ...]]",
    summary: "Counts those who listen to each of these shard channels.",
    since: "7.0.0",
    group: Group::PubSub,
    complexity: "O(N) where N is the number of shard channels",
    arity: -2,
    flags: FLAGS,
    acl: ACL,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("PUBSUB", SUBCOMMANDS)).into())
}

fn parse_channels<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    channels(false, args)
}

fn parse_shardchannels<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    channels(true, args)
}

fn channels<'a>(shard: bool, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let called = args.called();
    let pattern = args.next();
    if !args.is_empty() {
        return Err(error::wrong_subcommand(called, "PUBSUB"));
    }
    Ok(Here::PubSub(PubSub::Channels { shard, pattern }).into())
}

fn parse_numsub<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::PubSub(PubSub::Count { shard: false, channels: args.all().to_vec() }).into())
}

fn parse_shardnumsub<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::PubSub(PubSub::Count { shard: true, channels: args.all().to_vec() }).into())
}

fn parse_numpat<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::PubSub(PubSub::CountPatterns).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn each_subcommand_asks_for_its_own() {
        let here = |pubsub| Request::from(Here::PubSub(pubsub));
        for (line, shard) in [("pubsub channels", false), ("PUBSUB SHARDCHANNELS", true)] {
            assert_eq!(request(line), here(PubSub::Channels { shard, pattern: None }));
            let some: &'static str = format!("{line} a*").leak();
            assert_eq!(request(some), here(PubSub::Channels { shard, pattern: Some(b"a*") }));
        }
        for (line, shard) in [("pubsub numsub", false), ("PUBSUB SHARDNUMSUB", true)] {
            assert_eq!(request(line), here(PubSub::Count { shard, channels: vec![] }));
            let some: &'static str = format!("{line} a b").leak();
            let channels = vec![&b"a"[..], b"b"];
            assert_eq!(request(some), here(PubSub::Count { shard, channels }));
        }
        assert_eq!(request("pubsub numpat"), here(PubSub::CountPatterns));
    }

    #[test]
    fn one_pattern_is_enough() {
        assert_eq!(
            refusal("pubsub channels a b"),
            "ERR unknown subcommand or wrong number of arguments for 'channels'. Try PUBSUB HELP."
        );
    }
}
