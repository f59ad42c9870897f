//! SORT, SORT_RO: the elements of a list, a set or a sorted set in another order.

use lockstep_core::keys::Op;
use lockstep_core::keys::sorting::Terms;

use crate::reply::plain;
use crate::spec::{Begin, Find};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// SORT.
pub const SORT: Command = Command { spec: &SORT_SPEC, parse, reply: plain, subcommands: &[] };

/// SORT_RO.
pub const SORT_RO: Command =
    Command { spec: &SORT_RO_SPEC, parse: parse_read, reply: plain, subcommands: &[] };

const OTHERS: KeySpec = KeySpec {
    flags: &["RO", "access"],
    begin: Begin::Unknown,
    find: Find::Unknown,
    notes: "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
    hidden: false,
};

const STORE: KeySpec = KeySpec {
    flags: &["OW", "update"],
    begin: Begin::LastOption { word: "STORE", others: &[("LIMIT", 2), ("GET", 1), ("BY", 1)] },
    find: Find::Unknown,
    notes: "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array",
    hidden: false,
};

const SORT_SPEC: Spec = Spec {
    name: "sort",
    usage: "SORT key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]",
    summary: "Returns the elements of the list, set or sorted set at a key as sorted numbers, with ALPHA as sorted bytes; with BY sorted by what is at the keys whose names a pattern makes of them, with GET what is at such keys instead of them; or stores them as a list.",
    since: "1.0.0",
    group: Group::Generic,
    complexity: "O(N+M*log(M)) where N is the number of elements and M how many are returned",
    arity: -2,
    flags: &["write", "denyoom", "movablekeys"],
    acl: &["@dangerous", "@list", "@set", "@slow", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1), OTHERS, STORE],
    road: Road::Log,
};

static SORT_RO_SPEC: Spec = Spec {
    name: "sort_ro",
    usage: "SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]",
    summary: "Does the same as SORT without STORE.",
    since: "7.0.0",
    flags: &["readonly", "movablekeys"],
    acl: &["@dangerous", "@list", "@read", "@set", "@slow", "@sortedset"],
    keys: &[KeySpec::one(&["RO", "access"], 1), OTHERS],
    road: Road::Cache,
    ..SORT_SPEC
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    sort(ctx, args, true)
}

fn parse_read<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    sort(ctx, args, false)
}

/// `may_store`: whether STORE is an option.
fn sort<'a>(ctx: &Context, mut args: Args<'a>, may_store: bool) -> Result<Request<'a>, BadArgs> {
    let (db, key) = (ctx.db, args.word()?);
    let (mut by, mut alpha, mut reverse, mut offset, mut limit) = (None, false, false, 0, -1);
    let (mut get, mut store) = (Vec::new(), None);
    while !args.is_empty() {
        let more = args.len() - 1;
        if args.token("ASC") {
            reverse = false;
        } else if args.token("DESC") {
            reverse = true;
        } else if args.token("ALPHA") {
            alpha = true;
        } else if more >= 2 && args.token("LIMIT") {
            (offset, limit) = (args.integer()?, args.integer()?);
        } else if may_store && more >= 1 && args.token("STORE") {
            store = Some(args.word()?);
        } else if more >= 1 && args.token("BY") {
            by = Some(args.word()?);
        } else if more >= 1 && args.token("GET") {
            get.push(args.word()?);
        } else {
            return Err(error::SYNTAX);
        }
    }
    let terms = Terms::Are { by, alpha, reverse, offset, limit };
    Ok(match store {
        None => Op::Sort { db, key, terms, get }.into(),
        Some(to) => Op::SortStore { db, to, key, terms, get }.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn options_stand_in_any_order() {
        let (db, key) = (DB, &b"k"[..]);
        let plain = Terms::Are { by: None, alpha: false, reverse: false, offset: 0, limit: -1 };
        assert_eq!(key_op("sort k"), Op::Sort { db, key, terms: plain, get: Vec::new() });
        assert_eq!(
            key_op("sort_ro k desc ASC"),
            Op::Sort { db, key, terms: plain, get: Vec::new() }
        );
        let by = Some(&b"w_*"[..]);
        let terms = Terms::Are { by, alpha: true, reverse: true, offset: 1, limit: 2 };
        let get = vec![&b"#"[..], b"h_*->f"];
        assert_eq!(
            key_op("sort k get # limit 1 2 by w_* desc get h_*->f alpha"),
            Op::Sort { db, key, terms, get }
        );
        let to = &b"b"[..];
        let store = Op::SortStore { db, to, key, terms: plain, get: Vec::new() };
        assert_eq!(key_op("sort k store a STORE b"), store);
    }

    #[test]
    fn what_is_no_option_is_refused() {
        for line in ["sort k foo", "sort k limit 1", "sort k by", "sort_ro k store a"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(refusal("sort k limit a 1"), "ERR value is not an integer or out of range");
    }
}
