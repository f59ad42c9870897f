//! XCLAIM: a consumer takes over what others were given.

use lockstep_core::keys::streams::{Given, Id, Op};

use super::{id, on};
use crate::args::parse_integer;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// XCLAIM.
pub const XCLAIM: Command = Command { spec: &XCLAIM_SPEC, parse, reply: plain, subcommands: &[] };

static XCLAIM_SPEC: Spec = Spec {
    name: "xclaim",
    usage: "XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
    summary: "Gives a consumer entries that others of its group have had for some time, and returns them.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(log N) for each entry, where N is the number of pending ones",
    arity: -6,
    flags: &["write", "fast"],
    acl: &["@fast", "@stream", "@write"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, group, consumer) = (args.word()?, args.word()?, args.word()?);
    let idle_ms = number(&mut args, "min-idle-time argument")?.max(0);
    let mut ids = Vec::new();
    // The first word that is no id begins the options.
    while let Some(Ok(id)) = args.peek().map(id::exact) {
        args.next();
        ids.push(id);
    }
    let (mut given, mut retries, mut last_id) = (Given::Now {}, None, Id::MIN);
    let (mut force, mut just_id) = (false, false);
    while !args.is_empty() {
        let more = args.len() > 1;
        if args.token("FORCE") {
            force = true;
        } else if args.token("JUSTID") {
            just_id = true;
        } else if more && args.token("IDLE") {
            given = Given::Ago { ms: number(&mut args, "IDLE option argument")? };
        } else if more && args.token("TIME") {
            given = Given::At { ms: number(&mut args, "TIME option argument")? };
        } else if more && args.token("RETRYCOUNT") {
            let count = number(&mut args, "RETRYCOUNT option argument")?;
            retries = Some(count).filter(|count| *count >= 0);
        } else if more && args.token("LASTID") {
            last_id = id::exact(args.word()?)?;
        } else {
            return Err(error::unknown_claim_option(args.word()?));
        }
    }
    let op = Op::Claim { group, consumer, idle_ms, ids, given, retries, force, just_id, last_id };
    Ok(on(ctx, key, op))
}

fn number(args: &mut Args<'_>, what: &str) -> Result<i64, BadArgs> {
    parse_integer(args.word()?).ok_or_else(|| error::bad_claim_number(what, "XCLAIM"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::tests::op;
    use crate::testing::refusal;

    #[test]
    fn ids_come_before_options() {
        let claim = Op::Claim {
            group: b"g",
            consumer: b"c",
            idle_ms: 10,
            ids: vec![Id { ms: 1, seq: 0 }, Id { ms: 2, seq: 5 }],
            given: Given::Ago { ms: 7 },
            retries: Some(3),
            force: true,
            just_id: true,
            last_id: Id { ms: 9, seq: 0 },
        };
        let line = "xclaim k g c 10 1 2-5 IDLE 7 RETRYCOUNT 3 FORCE JUSTID LASTID 9";
        assert_eq!(op(line), claim);
        let plain = Op::Claim {
            group: b"g",
            consumer: b"c",
            idle_ms: 0,
            ids: vec![Id { ms: 1, seq: 0 }],
            given: Given::At { ms: 5 },
            retries: None,
            force: false,
            just_id: false,
            last_id: Id::MIN,
        };
        assert_eq!(op("xclaim k g c -3 1 RETRYCOUNT -1 TIME 5"), plain);
    }

    #[test]
    fn bad_words_are_refused() {
        for (line, text) in [
            ("xclaim k g c x 1", "ERR Invalid min-idle-time argument for XCLAIM"),
            ("xclaim k g c 1 1 IDLE x", "ERR Invalid IDLE option argument for XCLAIM"),
            ("xclaim k g c 1 1 TIME x", "ERR Invalid TIME option argument for XCLAIM"),
            ("xclaim k g c 1 1 RETRYCOUNT x", "ERR Invalid RETRYCOUNT option argument for XCLAIM"),
            ("xclaim k g c 1 1 foo", "ERR Unrecognized XCLAIM option 'foo'"),
            ("xclaim k g c 1 1 idle", "ERR Unrecognized XCLAIM option 'idle'"),
        ] {
            assert_eq!(refusal(line), text, "{line}");
        }
    }
}
