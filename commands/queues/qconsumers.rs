//! QCONSUMERS: who takes messages from a queue.

use lockstep_core::Outcome;
use lockstep_core::queues::{Op, WHOLE};

use super::words::name;
use crate::locks::words::each_named;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec};

/// QCONSUMERS.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "qconsumers",
    usage: "QCONSUMERS queue",
    summary: "Tells of the consumers and sessions that have messages of a queue in flight or wait \
              for one: their name or id, how many messages are in flight, for how many \
              milliseconds they did nothing, and how many requests wait. Who gave neither is not \
              told of.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(N) where N is the number of messages in flight and requests that wait",
    arity: 2,
    flags: &["readonly"],
    acl: &["@queue", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

/// What is told of a consumer, in order.
const CONSUMER: [&str; 4] = ["name", "inflight", "idle-ms", "waiting"];

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Consumers { queue: name(&mut args)?, part: WHOLE }.into())
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    each_named(spec, &CONSUMER, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{queue_op, reply_to};

    #[test]
    fn each_consumer_is_a_map() {
        assert_eq!(queue_op("qconsumers q"), Op::Consumers { queue: b"q", part: WHOLE });
        let numbers = [2, 70, 1].map(Outcome::Int);
        let row = [Outcome::Bytes(b"c".to_vec())].into_iter().chain(numbers).collect();
        let reply = reply_to("qconsumers q", Outcome::List(vec![Outcome::List(row)]));
        let Reply::Array(list) = reply else { panic!("no list") };
        let Reply::Map(pairs) = &list[0] else { panic!("no map") };
        assert_eq!(pairs[0], (Reply::bulk("name"), Reply::bulk("c")));
        assert_eq!(pairs[3], (Reply::bulk("waiting"), Reply::Int(1)));
    }
}
