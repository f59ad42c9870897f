//! XADD: an entry at the end of a stream.

use lockstep_core::keys::streams::{Id, NewId, Op};

use super::trim::Words;
use super::{id, on};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// XADD.
pub const XADD: Command = Command { spec: &XADD_SPEC, parse, reply: plain, subcommands: &[] };

static XADD_SPEC: Spec = Spec {
    name: "xadd",
    usage: "XADD key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]",
    summary: "Adds an entry to the stream at a key and returns its id; it may take away the oldest ones.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(1), and O(N) for N entries that are taken away",
    arity: -5,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@stream", "@write"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RW", "update"], 1)
        .noted("UPDATE instead of INSERT because of the optional trimming feature")],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let (mut words, mut create) = (Words::default(), true);
    let new = loop {
        match args.peek() {
            None => return Err(error::wrong_arity(XADD_SPEC.name)),
            Some(b"*") => break args.word().and_then(id::new)?,
            _ if words.take(&mut args)? => {}
            _ if args.token("NOMKSTREAM") => create = false,
            _ => break args.word().and_then(id::new)?,
        }
    };
    let trim = words.trim(ctx)?;
    let (pairs, rest) = args.all().as_chunks();
    if pairs.is_empty() || !rest.is_empty() {
        return Err(error::wrong_arity(XADD_SPEC.name));
    }
    if new == (NewId::Is { id: Id::MIN }) {
        return Err(error::ID_ZERO);
    }
    let fields = pairs.iter().map(|[field, value]| (*field, *value)).collect();
    let (block_entries_max, block_bytes_max) =
        (ctx.streams.block_entries_max, ctx.streams.block_bytes_max);
    let id = new;
    Ok(on(ctx, key, Op::Add { id, fields, create, trim, block_entries_max, block_bytes_max }))
}

#[cfg(test)]
mod tests {
    use lockstep_core::keys::streams::Trim;

    use super::*;
    use crate::streams::tests::op;
    use crate::testing::refusal;

    fn add(id: NewId, create: bool, trim: Trim) -> Op<'static> {
        let fields: Vec<(&[u8], &[u8])> = vec![(b"f", b"v")];
        let (block_entries_max, block_bytes_max) = (100, 4096);
        Op::Add { id, fields, create, trim, block_entries_max, block_bytes_max }
    }

    #[test]
    fn an_entry_has_an_id_or_gets_one() {
        let never = Trim::Never {};
        assert_eq!(op("xadd k * f v"), add(NewId::Auto {}, true, never));
        assert_eq!(op("xadd k nomkstream 7-* f v"), add(NewId::Of { ms: 7 }, false, never));
        let id = Id { ms: 7, seq: 1 };
        assert_eq!(op("xadd k 7-1 f v"), add(NewId::Is { id }, true, never));
        assert_eq!(
            refusal("xadd k 0-0 f v"),
            "ERR The ID specified in XADD must be greater than 0-0"
        );
    }

    #[test]
    fn the_oldest_may_go() {
        let max = |count, blocks, limit| Trim::MaxLen { count, blocks, limit };
        let auto = NewId::Auto {};
        assert_eq!(op("xadd k maxlen 5 * f v"), add(auto, true, max(5, false, 0)));
        assert_eq!(op("xadd k MAXLEN = 5 * f v"), add(auto, true, max(5, false, 0)));
        assert_eq!(op("xadd k MAXLEN ~ 5 * f v"), add(auto, true, max(5, true, 10_000)));
        assert_eq!(op("xadd k MAXLEN ~ 5 LIMIT 7 * f v"), add(auto, true, max(5, true, 7)));
        let id = Id { ms: 7, seq: 0 };
        let min = Trim::MinId { id, blocks: true, limit: 0 };
        assert_eq!(op("xadd k minid ~ 7 limit 0 * f v"), add(auto, true, min));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for (line, text) in [
            ("xadd k * f", "ERR wrong number of arguments for 'xadd' command"),
            ("xadd k * f v g", "ERR wrong number of arguments for 'xadd' command"),
            ("xadd k maxlen 5 nomkstream", "ERR wrong number of arguments for 'xadd' command"),
            ("xadd k x f v", "ERR Invalid stream ID specified as stream command argument"),
            ("xadd k maxlen -1 * f v", "ERR The MAXLEN argument must be >= 0."),
            ("xadd k maxlen x * f v", "ERR value is not an integer or out of range"),
            ("xadd k maxlen ~ 5 limit -1 * f v", "ERR The LIMIT argument must be >= 0."),
            (
                "xadd k maxlen 5 minid 5 * f v",
                "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
            ),
            (
                "xadd k limit 5 * f v",
                "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
            ),
            (
                "xadd k maxlen = 5 limit 5 * f v",
                "ERR syntax error, LIMIT cannot be used without the special ~ option",
            ),
        ] {
            assert_eq!(refusal(line), text, "{line}");
        }
    }
}
