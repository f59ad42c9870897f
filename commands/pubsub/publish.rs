//! PUBLISH and SPUBLISH: a message for whoever listens.

use crate::here::PubSub;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, KeySpec, Request, Road, Spec};

/// PUBLISH.
pub const PUBLISH: Command =
    Command { spec: &PUBLISH_SPEC, parse: parse_publish, reply: plain, subcommands: &[] };
/// SPUBLISH.
pub const SPUBLISH: Command =
    Command { spec: &SPUBLISH_SPEC, parse: parse_spublish, reply: plain, subcommands: &[] };

static PUBLISH_SPEC: Spec = Spec {
    name: "publish",
    usage: "PUBLISH channel message",
    summary: "Sends a message to all who listen to a channel, on all nodes, and tells how many \
              got it: those of all nodes that answer within a second; in cluster mode, and inside \
              MULTI, those of this node. Messages are not kept.",
    since: "2.0.0",
    group: Group::PubSub,
    complexity: "O(N+M) where N is the number of those who listen and M that of all patterns",
    arity: 3,
    flags: &["pubsub", "loading", "stale", "fast"],
    acl: &["@pubsub", "@fast"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SPUBLISH_SPEC: Spec = Spec {
    name: "spublish",
    usage: "SPUBLISH shardchannel message",
    summary: "Sends a message to all who listen to a shard channel, and tells how many got it, as \
              PUBLISH does.",
    since: "7.0.0",
    group: Group::PubSub,
    complexity: "O(N) where N is the number of those who listen",
    arity: 3,
    flags: &["pubsub", "loading", "stale", "fast"],
    acl: &["@pubsub", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["not_key"], 1)],
    road: Road::Here,
};

fn parse_publish<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    publish(false, args)
}

fn parse_spublish<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    publish(true, args)
}

fn publish<'a>(shard: bool, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (channel, message) = (args.word()?, args.word()?);
    Ok(Here::PubSub(PubSub::Publish { shard, channel, message }).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn a_channel_and_a_message_are_named() {
        let publish = |shard| {
            Request::from(Here::PubSub(PubSub::Publish { shard, channel: b"c", message: b"m" }))
        };
        assert_eq!(request("publish c m"), publish(false));
        assert_eq!(request("SPUBLISH c m"), publish(true));
        assert_eq!(refusal("publish c"), "ERR wrong number of arguments for 'publish' command");
    }
}
