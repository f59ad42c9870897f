//! XREAD: what comes behind entries of streams.

use lockstep_core::keys::Op;
use lockstep_core::keys::waits::Want;

use super::reading::{self, Reading, reply};
use crate::spec::{Begin, Find};
use crate::waiting::pop;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// XREAD.
pub const XREAD: Command = Command { spec: &XREAD_SPEC, parse, reply, subcommands: &[] };

static XREAD_SPEC: Spec = Spec {
    name: "xread",
    usage: "XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
    summary: "Returns what comes behind entries of the streams at keys. With BLOCK it waits until there is something, at most so many milliseconds, 0 without end; $ stands for what comes from now on.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(log N + M) for each stream, where N is the number of its entries and M how many are returned",
    arity: -4,
    flags: &["readonly", "blocking", "movablekeys"],
    acl: &["@blocking", "@read", "@slow", "@stream"],
    tips: &[],
    keys: &[KeySpec {
        flags: &["RO", "access"],
        begin: Begin::Keyword { word: "STREAMS", from: 1 },
        find: Find::Range { last: -1, step: 1, limit: 2 },
        notes: "",
        hidden: false,
    }],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let Reading { keys, after, count, block_ms, .. } = reading::parse(args, false)?;
    Ok(match block_ms {
        None => Op::StreamRead { db: ctx.db, keys, after, count }.into(),
        Some(block_ms) => pop(ctx, keys, Want::Entries { after, count }, block_ms),
    })
}

#[cfg(test)]
mod tests {
    use lockstep_core::Outcome;
    use lockstep_core::keys::streams::{After, Id};

    use super::*;
    use crate::Reply;
    use crate::testing::{DB, key_op, refusal, reply_to};
    use crate::waiting::tests::asked;

    #[test]
    fn streams_are_named_with_where_to_go_on() {
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        let after = vec![After::Id { id: Id { ms: 5, seq: 1 } }, After::Newest {}];
        let (count, line) = (3, "xread BLOCK 20 count 3 streams a b 5-1 $");
        let want = Want::Entries { after: after.clone(), count };
        assert_eq!(asked(line), (keys.clone(), want, 20));
        assert_eq!(
            key_op("xread count 3 streams a b 5-1 $"),
            Op::StreamRead { db: DB, keys, after, count }
        );
        let text = "ERR timeout is not an integer or out of range";
        assert_eq!(refusal("xread block 0.5 streams a $"), text);
        assert_eq!(refusal("xread block -1 streams a $"), "ERR timeout is negative");
    }

    #[test]
    fn bad_words_are_refused() {
        for (line, text) in [
            ("xread count 3 a", "ERR syntax error"),
            ("xread block -1 streams a 1", "ERR timeout is negative"),
            ("xread block x streams a 1", "ERR timeout is not an integer or out of range"),
            ("xread count 3 streams", "ERR syntax error"),
            (
                "xread streams a b 1",
                "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
            ),
            (
                "xread streams a >",
                "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
            ),
            (
                "xread group g c streams a 1",
                "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.",
            ),
            (
                "xread noack streams a 1",
                "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.",
            ),
        ] {
            assert_eq!(refusal(line), text, "{line}");
        }
    }

    #[test]
    fn what_is_found_stands_beside_its_key() {
        let line = "xread streams a 1";
        assert_eq!(reply_to(line, Outcome::Nil), Reply::NilArray);
        let found = vec![Outcome::Bytes(b"a".to_vec()), Outcome::List(Vec::new())];
        let shown = vec![(Reply::bulk("a"), Reply::Array(Vec::new()))];
        assert_eq!(reply_to(line, Outcome::List(found)), Reply::PairsOrMap(shown));
    }
}
