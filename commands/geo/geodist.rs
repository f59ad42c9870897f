//! GEODIST: how far two members are from each other.

use lockstep_core::Outcome;
use lockstep_core::keys::Op;

use super::unit;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec, error};

/// GEODIST.
pub const GEODIST: Command = Command { spec: &GEODIST_SPEC, parse, reply, subcommands: &[] };

static GEODIST_SPEC: Spec = Spec {
    name: "geodist",
    usage: "GEODIST key member1 member2 [M | KM | FT | MI]",
    summary: "Returns how far two members of the sorted set at a key are from each other, in meters or another unit.",
    since: "3.2.0",
    group: Group::Geo,
    complexity: "O(1)",
    arity: -4,
    flags: &["readonly"],
    acl: &["@geo", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, from, to) = (args.word()?, args.word()?, args.word()?);
    if args.len() > 1 {
        return Err(error::SYNTAX);
    }
    let unit = if args.is_empty() { 1.0 } else { unit(&mut args)? };
    Ok(Op::Distance { db: ctx.db, key, from, to, unit }.into())
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Float(distance) => shown(distance),
        other => plain(spec, other),
    }
}

/// A distance with four digits behind the point.
pub(super) fn shown(distance: f64) -> Reply {
    Reply::Bulk(format!("{distance:.4}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal, reply_to};

    #[test]
    fn a_distance_has_a_unit() {
        let asked = |unit| Op::Distance { db: DB, key: b"k", from: b"a", to: b"b", unit };
        assert_eq!(key_op("geodist k a b"), asked(1.0));
        assert_eq!(key_op("geodist k a b Mi"), asked(1609.34));
        let text = "ERR unsupported unit provided. please use M, KM, FT, MI";
        assert_eq!(refusal("geodist k a b x"), text);
        assert_eq!(refusal("geodist k a b m m"), "ERR syntax error");
        assert_eq!(reply_to("geodist k a b", Outcome::Float(0.25)), Reply::bulk("0.2500"));
        assert_eq!(reply_to("geodist k a b", Outcome::Nil), Reply::Nil);
    }
}
