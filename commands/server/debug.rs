//! DEBUG: for tests of clients and servers.

use lockstep_core::Outcome;
use lockstep_core::keys::Op;

use crate::here::Debug;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error};

/// DEBUG.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "debug",
    usage: "DEBUG subcommand [argument [argument ...]]",
    summary: "Does what only tests need.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

/// What tests switch and what has no meaning here.
const WITHOUT_EFFECT: &[&str] = &[
    "SET-ACTIVE-EXPIRE",
    "SET-DISABLE-DENY-SCRIPTS",
    "QUICKLIST-PACKED-THRESHOLD",
    "REPLYBUFFER",
    "PAUSE-CRON",
    "STRINGMATCH-LEN",
    "CHANGE-REPL-ID",
    "DICT-RESIZING",
];

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let sub = args.word()?;
    let debug = match (sub.to_ascii_uppercase().as_slice(), args.len()) {
        (b"SLEEP", 1) => Debug::Sleep { micros: micros(args.word()?) },
        (b"DIGEST", 0) => Debug::Op(Op::Digest {}),
        (b"DIGEST-VALUE", _) => Debug::Op(Op::DigestValue { db: ctx.db, keys: args.collect() }),
        (b"ERROR", 1) => Debug::Answer(error::as_asked(args.word()?).into()),
        (b"LOG", 1) => Debug::Log(args.word()?),
        (b"PROTOCOL", 1) => Debug::Answer(example(args.word()?)?),
        (b"HELP", 0) => Debug::Answer(help()),
        (name, _) if WITHOUT_EFFECT.iter().any(|it| it.as_bytes() == name) => {
            Debug::Answer(Reply::Ok)
        }
        (b"SLEEP" | b"DIGEST" | b"ERROR" | b"LOG" | b"PROTOCOL" | b"HELP", _) => {
            return Err(error::wrong_subcommand(sub, "DEBUG"));
        }
        (
            b"JMAP" | b"RELOAD" | b"LOADAOF" | b"OBJECT" | b"POPULATE" | b"SEGFAULT" | b"PANIC"
            | b"RESTART" | b"CRASH-AND-RECOVER" | b"ASSERT" | b"OOM" | b"HTSTATS" | b"HTSTATS-KEY"
            | b"LISTPACK" | b"ZIPLIST" | b"QUICKLIST" | b"SDSLEN" | b"MALLCTL" | b"STRUCTSIZE"
            | b"LEAK" | b"REPLICATE" | b"CLIENT-EVICTION",
            _,
        ) => {
            return Err(error::debug_refused(sub));
        }
        _ => return Err(error::wrong_subcommand(sub, "DEBUG")),
    };
    Ok(Here::Debug(debug).into())
}

/// Digests are lines, not bulk strings.
fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match plain(spec, outcome) {
        Reply::Bulk(digest) => Reply::Line(String::from_utf8_lossy(&digest).into_owned()),
        Reply::Array(all) => {
            let line = |reply| match reply {
                Reply::Bulk(digest) => Reply::Line(String::from_utf8_lossy(&digest).into_owned()),
                other => other,
            };
            Reply::Array(all.into_iter().map(line).collect())
        }
        other => other,
    }
}

/// Sleeps longer than this, an hour, are this long.
const SLEEP_SECONDS_MAX: f64 = 3600.0;

/// Seconds with a fraction; what is no number is none.
fn micros(word: &[u8]) -> u64 {
    let seconds = std::str::from_utf8(word).ok().and_then(|word| word.parse::<f64>().ok());
    // Cannot overflow, and NaN becomes 0.
    (seconds.unwrap_or(0.0).clamp(0.0, SLEEP_SECONDS_MAX) * 1e6) as u64
}

/// A reply of the type that is asked for, to test clients with.
#[expect(clippy::approx_constant, reason = "the very number that Redis gives")]
fn example(kind: &[u8]) -> Result<Reply, BadArgs> {
    let numbers = || (0..3).map(Reply::Int).collect();
    Ok(match kind.to_ascii_lowercase().as_slice() {
        b"string" => Reply::bulk("Hello World"),
        b"integer" => Reply::Int(12345),
        b"double" => Reply::Double(3.141),
        b"null" => Reply::Nil,
        b"array" => Reply::Array(numbers()),
        b"set" => Reply::Set(numbers()),
        b"map" => Reply::Map((0..3).map(|at| (Reply::Int(at), Reply::Int(at % 2))).collect()),
        b"verbatim" => Reply::Verbatim("This is a verbatim\nstring".to_owned()),
        _ => return Err(error::debug_refused(b"PROTOCOL with this type")),
    })
}

fn help() -> Reply {
    let lines = [
        "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DIGEST",
        "    A signature of all keys and values.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    A signature of each value.",
        "ERROR <string>",
        "    Answers with an error of this text.",
        "LOG <message>",
        "    Writes a message to the log.",
        "PROTOCOL <type>",
        "    Answers with a value of this type.",
        "SLEEP <seconds>",
        "    Answers after a while.",
        "HELP",
        "    Lists the subcommands.",
    ];
    Reply::Array(lines.into_iter().map(Reply::Simple).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, refusal, reply_to, request};

    #[test]
    fn a_sleep_has_a_limit_and_no_words_make_it_none() {
        let sleep = |micros| Request::Here(Here::Debug(Debug::Sleep { micros }));
        assert_eq!(request("DEBUG SLEEP 0.5"), sleep(500_000));
        assert_eq!(request("DEBUG SLEEP -1"), sleep(0));
        assert_eq!(request("DEBUG SLEEP 1e300"), sleep(3_600_000_000));
        assert_eq!(request("DEBUG SLEEP nan"), sleep(0));
        assert_eq!(request("DEBUG SLEEP a"), sleep(0));
    }

    #[test]
    fn digests_are_asked_of_the_keys_and_shown_as_lines() {
        let op = Op::DigestValue { db: DB, keys: vec![b"a"] };
        assert_eq!(request("DEBUG digest-value a"), Here::Debug(Debug::Op(op)).into());
        let digest = Outcome::Bytes(b"00".to_vec());
        assert_eq!(reply_to("DEBUG DIGEST", digest.clone()), Reply::Line("00".to_owned()));
        assert_eq!(
            reply_to("DEBUG DIGEST-VALUE a", Outcome::List(vec![digest])),
            Reply::Array(vec![Reply::Line("00".to_owned())])
        );
    }

    #[test]
    fn what_has_no_meaning_here_is_refused() {
        assert_eq!(refusal("DEBUG JMAP"), "ERR DEBUG JMAP is not available on this server");
        assert_eq!(
            refusal("DEBUG foo"),
            "ERR unknown subcommand or wrong number of arguments for 'foo'. Try DEBUG HELP."
        );
        assert_eq!(
            refusal("DEBUG SLEEP"),
            "ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP."
        );
    }
}
