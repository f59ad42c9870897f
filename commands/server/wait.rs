//! WAIT and WAITAOF: until writes are elsewhere, or on disk.

use crate::args::parse_integer;
use crate::connection::client::pause::timeout_ms;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

/// WAIT.
pub const WAIT: Command =
    Command { spec: &WAIT_SPEC, parse: parse_wait, reply: plain, subcommands: &[] };
/// WAITAOF.
pub const WAITAOF: Command =
    Command { spec: &WAITAOF_SPEC, parse: parse_waitaof, reply: plain, subcommands: &[] };

static WAIT_SPEC: Spec = Spec {
    name: "wait",
    usage: "WAIT numreplicas timeout",
    summary: "Waits until other replicas have the writes of this connection.",
    since: "3.0.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 3,
    flags: &["noscript"],
    acl: &["@slow", "@connection"],
    tips: &["request_policy:all_shards", "response_policy:agg_min"],
    keys: &[],
    road: Road::Here,
};

static WAITAOF_SPEC: Spec = Spec {
    name: "waitaof",
    usage: "WAITAOF numlocal numreplicas timeout",
    summary: "Waits until the writes of this connection are on disk.",
    since: "7.2.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 4,
    flags: &["noscript"],
    acl: &["@slow", "@connection"],
    tips: &["request_policy:all_shards", "response_policy:agg_min"],
    keys: &[],
    road: Road::Here,
};

fn parse_wait<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let replicas = args.integer()?;
    let timeout_ms = timeout_ms(args.word()?)?;
    Ok(Here::Wait { replicas, timeout_ms }.into())
}

fn parse_waitaof<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let local = match args.integer()? {
        0 => false,
        1 => true,
        _ => return Err(error::WAITAOF_LOCAL),
    };
    let replicas = parse_integer(args.word()?).filter(|count| *count >= 0);
    let replicas = replicas.ok_or(error::NOT_POSITIVE)?;
    let timeout_ms = timeout_ms(args.word()?)?;
    Ok(Here::WaitAof { local, replicas, timeout_ms }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    #[test]
    fn wait_takes_any_count_but_no_negative_time() {
        let wait = |replicas, timeout_ms| Ok(Here::Wait { replicas, timeout_ms }.into());
        assert_eq!(parsed(&["WAIT", "-1", "0"]), wait(-1, 0));
        assert_eq!(parsed(&["WAIT", "2", "100"]), wait(2, 100));
        assert_eq!(parsed(&["WAIT", "a", "-1"]), Err(error::NOT_INTEGER));
        assert_eq!(parsed(&["WAIT", "0", "a"]), Err(error::TIMEOUT_NOT_INTEGER));
        assert_eq!(parsed(&["WAIT", "0", "-1"]), Err(error::TIMEOUT_NEGATIVE));
    }

    #[test]
    fn there_is_one_local_disk() {
        assert_eq!(
            parsed(&["WAITAOF", "1", "0", "5"]),
            Ok(Here::WaitAof { local: true, replicas: 0, timeout_ms: 5 }.into())
        );
        assert_eq!(parsed(&["WAITAOF", "2", "0", "5"]), Err(error::WAITAOF_LOCAL));
        assert_eq!(parsed(&["WAITAOF", "1", "-1", "5"]), Err(error::NOT_POSITIVE));
    }
}
