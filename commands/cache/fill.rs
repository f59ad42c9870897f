//! CACHE FILL, FILLSET, FILLABORT: of many who miss a key, one makes the value.

use lockstep_core::keys::fills::FILL_MS_MAX;
use lockstep_core::keys::waits::Want;
use lockstep_core::keys::{Expiry, Op};
use lockstep_core::{Outcome, Wait};

use crate::reply::plain;
use crate::waiting::milliseconds;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec, error};

/// CACHE FILL.
pub const FILL: Command =
    Command { spec: &FILL_SPEC, parse: parse_fill, reply: reply_fill, subcommands: &[] };

/// CACHE FILLABORT.
pub const FILLABORT: Command =
    Command { spec: &FILLABORT_SPEC, parse: parse_abort, reply: plain, subcommands: &[] };

/// CACHE FILLSET.
pub const FILLSET: Command =
    Command { spec: &FILLSET_SPEC, parse: parse_set, reply: plain, subcommands: &[] };

const ONE_KEY: &[KeySpec] = &[KeySpec::one(&["RW", "access", "update"], 2)];

static FILL_SPEC: Spec = Spec {
    name: "cache|fill",
    usage: "CACHE FILL key ttl-ms [WAIT milliseconds]",
    summary: "Returns VALUE and the string at a key, or, if it is not there, TOKEN and a number to one client, which is to make the value within ttl-ms and hand it in by CACHE FILLSET. All others wait for it at most so many milliseconds, 0 without end, or are told WAIT and how many milliseconds the token is still good, 0 if that is not known.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(log(N)) where N is the number of keys that are being filled",
    arity: -4,
    flags: &["write", "noscript", "blocking"],
    acl: &["@blocking", "@slow", "@write"],
    tips: &[],
    keys: ONE_KEY,
    road: Road::Log,
};

static FILLABORT_SPEC: Spec = Spec {
    name: "cache|fillabort",
    usage: "CACHE FILLABORT key token",
    summary: "Gives a token of CACHE FILL back: whoever waits is next. Returns 1, or 0 if it was good no more.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(log(N)) where N is the number of keys that are being filled",
    arity: 4,
    flags: &["write", "fast"],
    acl: &["@fast", "@write"],
    tips: &[],
    keys: ONE_KEY,
    road: Road::Log,
};

static FILLSET_SPEC: Spec = Spec {
    name: "cache|fillset",
    usage: "CACHE FILLSET key token value [PX milliseconds]",
    summary: "Gives a key its value, if the token of CACHE FILL is good: its time is not over, and nobody has written or deleted the key since. Returns OK, or nil if it was good no more and nothing was changed.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(log(N)) where N is the number of keys that are being filled",
    arity: -5,
    flags: &["write", "denyoom"],
    acl: &["@slow", "@write"],
    tips: &[],
    keys: ONE_KEY,
    road: Road::Log,
};

fn parse_fill<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let ttl_ms = args.integer_in(1, FILL_MS_MAX as i64)?.unsigned_abs();
    let block_ms = if args.token("WAIT") { Some(milliseconds(&mut args)?) } else { None };
    args.end()?;
    let wait =
        block_ms.map(|block_ms| Wait::For { origin: ctx.origin, request: ctx.request, block_ms });
    let (keys, want) = (vec![key], Want::Fill { ttl_ms });
    Ok(Op::PopOrWait { db: ctx.db, keys, want, wait, keep: false }.into())
}

fn parse_set<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, token, value) = (args.word()?, token(&mut args)?, args.word()?);
    let expiry = match args.token("PX") {
        true => Expiry::In { ms: args.integer_in(1, i64::MAX)? },
        false => Expiry::Never {},
    };
    args.end()?;
    Ok(Op::FillSet { db: ctx.db, key, token, value, expiry }.into())
}

fn parse_abort<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, token) = (args.word()?, token(&mut args)?);
    args.end()?;
    Ok(Op::FillAbort { db: ctx.db, key, token }.into())
}

fn token(args: &mut Args<'_>) -> Result<u64, BadArgs> {
    u64::try_from(args.integer()?).map_err(|_| error::NOT_INTEGER)
}

/// A word that says what it is, and that.
fn reply_fill(spec: &Spec, outcome: Outcome) -> Reply {
    let named = |word: &str, what: Reply| Reply::Array(vec![Reply::bulk(word), what]);
    match outcome {
        Outcome::Bytes(value) => named("VALUE", Reply::Bulk(value)),
        Outcome::List(mut key_and_token) => {
            named("TOKEN", key_and_token.pop().map_or(Reply::Nil, |token| plain(spec, token)))
        }
        Outcome::Int(left_ms) => named("WAIT", Reply::Int(left_ms)),
        Outcome::Nil => named("WAIT", Reply::Int(0)),
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal, reply_to};
    use crate::waiting::tests::asked;

    #[test]
    fn who_asks_says_how_long_it_needs_and_how_long_it_waits() {
        let want = Want::Fill { ttl_ms: 500 };
        assert_eq!(asked("cache fill k 500 WAIT 20"), (vec![&b"k"[..]], want.clone(), 20));
        let keys: Vec<&[u8]> = vec![b"k"];
        let op = Op::PopOrWait { db: DB, keys, want, wait: None, keep: false };
        assert_eq!(key_op("CACHE FILL k 500"), op);
        let bounds = "ERR value is out of range, value must between 1 and 86400000";
        for line in ["cache fill k 0", "cache fill k 86400001"] {
            assert_eq!(refusal(line), bounds);
        }
        assert_eq!(refusal("cache fill k x"), "ERR value is not an integer or out of range");
        assert_eq!(refusal("cache fill k 5 WAIT -1"), "ERR timeout is negative");
        assert_eq!(refusal("cache fill k 5 LATER"), "ERR syntax error");
    }

    #[test]
    fn a_value_comes_with_its_token() {
        let set = |expiry| Op::FillSet { db: DB, key: b"k", token: 7, value: b"v", expiry };
        assert_eq!(key_op("cache fillset k 7 v"), set(Expiry::Never {}));
        assert_eq!(key_op("cache fillset k 7 v px 90"), set(Expiry::In { ms: 90 }));
        assert_eq!(key_op("cache fillabort k 7"), Op::FillAbort { db: DB, key: b"k", token: 7 });
        assert_eq!(refusal("cache fillset k -7 v"), "ERR value is not an integer or out of range");
        assert_eq!(refusal("cache fillset k 7 v EX 1"), "ERR syntax error");
    }

    #[test]
    fn the_first_word_says_what_the_second_is() {
        let reply = |outcome| reply_to("cache fill k 5", outcome);
        let pair = |word: &str, what| Reply::Array(vec![Reply::bulk(word), what]);
        let key = Outcome::Bytes(b"k".to_vec());
        assert_eq!(reply(Outcome::Bytes(b"v".to_vec())), pair("VALUE", Reply::bulk("v")));
        assert_eq!(reply(Outcome::List(vec![key, Outcome::Int(9)])), pair("TOKEN", Reply::Int(9)));
        assert_eq!(reply(Outcome::Int(30)), pair("WAIT", Reply::Int(30)));
        assert_eq!(reply(Outcome::Nil), pair("WAIT", Reply::Int(0)));
    }
}
