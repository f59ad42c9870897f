//! XREADGROUP: what a group of consumers was not given yet, or what one of them has.

use lockstep_core::keys::Op;
use lockstep_core::keys::streams::{After, Id};
use lockstep_core::keys::waits::Want;

use super::reading::{self, Reading, reply};
use crate::spec::{Begin, Find};
use crate::waiting::pop;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// XREADGROUP.
pub const XREADGROUP: Command = Command { spec: &XREADGROUP_SPEC, parse, reply, subcommands: &[] };

static XREADGROUP_SPEC: Spec = Spec {
    name: "xreadgroup",
    usage: "XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]",
    summary: "Gives a consumer what its group was not given of the streams at keys yet, or once more what it has not acknowledged. With BLOCK it waits until there is something, at most so many milliseconds, 0 without end; who came first is served first.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(log N + M) for each stream, where N is the number of its entries and M how many are returned",
    arity: -7,
    flags: &["write", "blocking", "movablekeys"],
    acl: &["@blocking", "@slow", "@stream", "@write"],
    tips: &[],
    keys: &[KeySpec {
        flags: &["RO", "access"],
        begin: Begin::Keyword { word: "STREAMS", from: 4 },
        find: Find::Range { last: -1, step: 1, limit: 2 },
        notes: "",
        hidden: false,
    }],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let Reading { keys, mut after, count, group, no_ack, block_ms } = reading::parse(args, true)?;
    let [group, consumer] = group.ok_or(error::NO_GROUP_WORD)?;
    // The greatest id stands for `>`, as in Redis.
    let greatest = |one: &&mut After| **one == After::Id { id: Id::MAX };
    after.iter_mut().filter(greatest).for_each(|one| *one = After::Newest {});
    let db = ctx.db;
    Ok(match block_ms {
        None => Op::StreamReadGroup { db, group, consumer, keys, after, count, no_ack }.into(),
        Some(block_ms) => {
            let want = Want::GroupEntries { group, consumer, after, count, no_ack };
            pop(ctx, keys, want, block_ms)
        }
    })
}

#[cfg(test)]
mod tests {
    use lockstep_core::Outcome;

    use super::*;
    use crate::Reply;
    use crate::testing::{DB, key_op, refusal, reply_to};
    use crate::waiting::tests::asked;

    #[test]
    fn a_consumer_reads_in_a_group() {
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        let after = vec![After::Newest {}, After::Id { id: Id::MIN }];
        let (group, consumer): (&[u8], &[u8]) = (b"g", b"c");
        let read =
            Op::StreamReadGroup { db: DB, group, consumer, keys, after, count: 0, no_ack: true };
        assert_eq!(key_op("xreadgroup group g c noack streams a b > 0"), read);
        let after = vec![After::Newest {}];
        let want = Want::GroupEntries { group, consumer, after, count: 2, no_ack: false };
        let line = "xreadgroup group g c count 2 block 0 streams a >";
        assert_eq!(asked(line), (vec![&b"a"[..]], want, 0));
    }

    #[test]
    fn bad_words_are_refused() {
        let text = "ERR Missing GROUP option for XREADGROUP";
        assert_eq!(refusal("xreadgroup noack count 1 streams a >"), text);
        let text = "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the \
                    history of this consumer by specifying a proper ID, or use the > ID to get new \
                    messages. The $ ID would just return an empty result set.";
        assert_eq!(refusal("xreadgroup group g c streams a $"), text);
    }

    #[test]
    fn an_entry_that_is_gone_has_no_fields() {
        let gone = Outcome::List(vec![Outcome::Bytes(b"1-0".to_vec()), Outcome::Nil]);
        let found = vec![Outcome::Bytes(b"a".to_vec()), Outcome::List(vec![gone])];
        let shown = Reply::Array(vec![Reply::bulk("1-0"), Reply::NilArray]);
        let shown = vec![(Reply::bulk("a"), Reply::Array(vec![shown]))];
        let line = "xreadgroup group g c streams a 0";
        assert_eq!(reply_to(line, Outcome::List(found)), Reply::PairsOrMap(shown));
    }
}
