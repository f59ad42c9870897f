//! SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE and their opposites: who listens to what.

use crate::here::{PubSub, Subscription};
use crate::reply::plain;
use crate::{
    Args, BadArgs, Begin, Command, Context, Find, Group, Here, KeySpec, Request, Road, Spec,
};

/// SUBSCRIBE.
pub const SUBSCRIBE: Command =
    Command { spec: &SUBSCRIBE_SPEC, parse: parse_subscribe, reply: plain, subcommands: &[] };
/// PSUBSCRIBE.
pub const PSUBSCRIBE: Command =
    Command { spec: &PSUBSCRIBE_SPEC, parse: parse_psubscribe, reply: plain, subcommands: &[] };
/// SSUBSCRIBE.
pub const SSUBSCRIBE: Command =
    Command { spec: &SSUBSCRIBE_SPEC, parse: parse_ssubscribe, reply: plain, subcommands: &[] };
/// UNSUBSCRIBE.
pub const UNSUBSCRIBE: Command =
    Command { spec: &UNSUBSCRIBE_SPEC, parse: parse_unsubscribe, reply: plain, subcommands: &[] };
/// PUNSUBSCRIBE.
pub const PUNSUBSCRIBE: Command =
    Command { spec: &PUNSUBSCRIBE_SPEC, parse: parse_punsubscribe, reply: plain, subcommands: &[] };
/// SUNSUBSCRIBE.
pub const SUNSUBSCRIBE: Command =
    Command { spec: &SUNSUBSCRIBE_SPEC, parse: parse_sunsubscribe, reply: plain, subcommands: &[] };

const FLAGS: &[&str] = &["pubsub", "noscript", "loading", "stale"];
const ACL: &[&str] = &["@pubsub", "@slow"];

/// Not keys, but in cluster mode they belong to a slot as keys do.
const CHANNELS: &[KeySpec] = &[KeySpec {
    flags: &["not_key"],
    begin: Begin::Index(1),
    find: Find::Range { last: -1, step: 1, limit: 0 },
    notes: "",
    hidden: false,
}];

static SUBSCRIBE_SPEC: Spec = Spec {
    name: "subscribe",
    usage: "SUBSCRIBE channel [channel ...]",
    summary: "Listens to channels, whichever node messages are published on. A connection that \
              speaks RESP2 and listens may only use the commands of this kind, PING, QUIT and \
              RESET.",
    since: "2.0.0",
    group: Group::PubSub,
    complexity: "O(N*log(M)) where N is the number of channels and M that of their listeners",
    arity: -2,
    flags: FLAGS,
    acl: ACL,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static PSUBSCRIBE_SPEC: Spec = Spec {
    name: "psubscribe",
    usage: "PSUBSCRIBE pattern [pattern ...]",
    summary: "Listens to all channels whose names fit glob patterns.",
    since: "2.0.0",
    group: Group::PubSub,
    complexity: "O(N*log(M)) where N is the number of patterns and M that of their listeners",
    arity: -2,
    flags: FLAGS,
    acl: ACL,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SSUBSCRIBE_SPEC: Spec = Spec {
    name: "ssubscribe",
    usage: "SSUBSCRIBE shardchannel [shardchannel ...]",
    summary: "Listens to shard channels. In cluster mode each belongs to a slot and all of one \
              call to the same one.",
    since: "7.0.0",
    group: Group::PubSub,
    complexity: "O(N*log(M)) where N is the number of channels and M that of their listeners",
    arity: -2,
    flags: FLAGS,
    acl: ACL,
    tips: &[],
    keys: CHANNELS,
    road: Road::Here,
};

static UNSUBSCRIBE_SPEC: Spec = Spec {
    name: "unsubscribe",
    usage: "UNSUBSCRIBE [channel [channel ...]]",
    summary: "Listens to these channels no longer, to none at all if none is named.",
    since: "2.0.0",
    group: Group::PubSub,
    complexity: "O(N*log(M)) where N is the number of channels and M that of their listeners",
    arity: -1,
    flags: FLAGS,
    acl: ACL,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static PUNSUBSCRIBE_SPEC: Spec = Spec {
    name: "punsubscribe",
    usage: "PUNSUBSCRIBE [pattern [pattern ...]]",
    summary: "Listens by these patterns no longer, by none at all if none is named.",
    since: "2.0.0",
    group: Group::PubSub,
    complexity: "O(N*log(M)) where N is the number of patterns and M that of their listeners",
    arity: -1,
    flags: FLAGS,
    acl: ACL,
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SUNSUBSCRIBE_SPEC: Spec = Spec {
    name: "sunsubscribe",
    usage: "SUNSUBSCRIBE [shardchannel [shardchannel ...]]",
    summary: "Listens to these shard channels no longer, to none at all if none is named.",
    since: "7.0.0",
    group: Group::PubSub,
    complexity: "O(N*log(M)) where N is the number of channels and M that of their listeners",
    arity: -1,
    flags: FLAGS,
    acl: ACL,
    tips: &[],
    keys: CHANNELS,
    road: Road::Here,
};

fn parse_subscribe<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(listen(Subscription::Channel, args))
}

fn parse_psubscribe<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(listen(Subscription::Pattern, args))
}

fn parse_ssubscribe<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(listen(Subscription::Shard, args))
}

fn listen<'a>(to: Subscription, mut args: Args<'a>) -> Request<'a> {
    Here::PubSub(PubSub::Subscribe(to, args.all().to_vec())).into()
}

fn parse_unsubscribe<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(leave(Subscription::Channel, args))
}

fn parse_punsubscribe<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(leave(Subscription::Pattern, args))
}

fn parse_sunsubscribe<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(leave(Subscription::Shard, args))
}

fn leave<'a>(from: Subscription, mut args: Args<'a>) -> Request<'a> {
    Here::PubSub(PubSub::Unsubscribe(from, args.all().to_vec())).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn each_command_has_its_kind() {
        let here = |pubsub| Request::from(Here::PubSub(pubsub));
        for (name, kind) in [
            ("subscribe", Subscription::Channel),
            ("psubscribe", Subscription::Pattern),
            ("ssubscribe", Subscription::Shard),
        ] {
            let listen: &'static str = format!("{name} a b").leak();
            let named = vec![&b"a"[..], b"b"];
            assert_eq!(request(listen), here(PubSub::Subscribe(kind, named.clone())));
            let leave: &'static str = listen.replace("subscribe", "unsubscribe").leak();
            assert_eq!(request(leave), here(PubSub::Unsubscribe(kind, named)));
            let all = leave.trim_end_matches(" a b");
            assert_eq!(request(all), here(PubSub::Unsubscribe(kind, vec![])));
            let text = format!("ERR wrong number of arguments for '{name}' command");
            assert_eq!(refusal(name), text);
        }
    }
}
